"""The best, median and worst pictures of a stream: which they are, and how much is kept."""

import numpy as np

from colorgan.evaluation import gallery


def passed(values, batch=7, size=4, metrics=("mae_ab",), seed=0):
    """A gallery after images whose value is given and whose pixels say which they are."""
    shown = gallery.Gallery(["m"], metrics=metrics, first=2, seed=seed)
    for start in range(0, len(values), batch):
        index = np.arange(start, min(start + batch, len(values)))
        rgb = np.broadcast_to((index % 256).astype(np.uint8)[:, None, None, None], (len(index), size, size, 3))
        columns = {"m": dict.fromkeys(metrics, values[index])}
        shown.add(columns, rgb, {"m": 255 - rgb}, index, [f"c{i}" for i in index])
    return shown, shown.pictures({"m": dict.fromkeys(metrics, values)})


def of(cards, part, metric="mae_ab"):
    """-> the indices of the cards of a part, in their order."""
    return [card["index"] for card in cards if (part, "m", metric) in card["shown"]]


def test_the_ends_are_exact():
    values = np.random.default_rng(1).permutation(100).astype(float)
    _, cards = passed(values)
    order = np.argsort(values)
    assert sorted(of(cards, "best")) == sorted(order[:3])
    assert sorted(of(cards, "worst")) == sorted(order[::-1][:6])
    best = next(card for card in cards if card["index"] == order[0])
    assert (best["values"], best["class"]) == ({"m": {"mae_ab": 0.0}}, f"c{order[0]}")
    assert (best["truth"] == order[0]).all() and (best["results"]["m"] == 255 - order[0]).all()
    assert best["gray"].shape == (4, 4, 3)


def test_each_photograph_is_there_once_and_the_first_come_first():
    _, cards = passed(np.arange(20.0), metrics=("mae_ab", "psnr"))
    indices = [card["index"] for card in cards]
    assert len(set(indices)) == len(indices) and indices[:2] == [0, 1]
    assert cards[0]["shown"][0] == ("first", "", "")
    assert {("best", "m", "mae_ab"), ("worst", "m", "psnr")} < set(cards[0]["shown"])
    assert sorted(of(cards, "best", "psnr")) == [17, 18, 19]


def test_the_median_is_exact_while_all_fit_and_near_it_later():
    _, cards = passed(np.arange(31.0))
    assert sorted(of(cards, "median")) == [14, 15, 16]
    values = np.random.default_rng(2).permutation(3000).astype(float)
    shown, cards = passed(values, batch=64)
    assert len(shown._pool) == gallery.POOL
    # 32 random ranks: the one next to the median is farther than 0.1 from it with probability 0.8^32 < 0.001
    assert min(abs(values[i] / 3000 - 0.5) for i in of(cards, "median")) < 0.1
    # a fair sample of all, not of the beginning: the mean place of 32 has a standard error of 153 about 1500
    assert abs(np.mean([one["index"] for one in shown._pool]) - 1500) < 3 * 153


def test_the_same_seed_chooses_the_same():
    values = np.random.default_rng(3).normal(size=500)
    assert str(passed(values)[1]) == str(passed(values)[1])


def test_what_is_kept_is_limited_in_number_and_size():
    side = gallery.LONGEST + 10
    shown, cards = passed(np.arange(50.0), size=side)
    assert cards[0]["truth"].shape == (gallery.LONGEST, gallery.LONGEST, 3)
    entries = [*shown._pool, *shown._first, *(one for kept in shown._ends.values() for _, one in kept)]
    assert len(entries) == gallery.POOL + 2 + gallery.SHOWN + gallery.WORST
    for entry in entries:
        for picture in (entry["truth"], *entry["results"].values()):
            base = picture if picture.base is None else picture.base
            assert getattr(base, "nbytes", len(base) if isinstance(base, bytes) else 0) <= gallery.LONGEST**2 * 3


def test_less_than_three_images():
    _, cards = passed(np.array([2.0, 1.0]))
    assert [card["index"] for card in cards] == [0, 1]
    assert all({("best", "m", "mae_ab"), ("worst", "m", "mae_ab")} <= set(card["shown"]) for card in cards)
