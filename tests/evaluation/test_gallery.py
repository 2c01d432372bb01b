"""The best, median and worst pictures of a stream: which they are, and how much is kept."""

import numpy as np

from colorgan.evaluation import gallery


def passed(values, batch=7, size=4, metrics=("mae_ab",), seed=0):
    """A gallery after images whose value is given and whose pixels say which they are."""
    shown = gallery.Gallery(["m"], metrics=metrics, seed=seed)
    for start in range(0, len(values), batch):
        index = np.arange(start, min(start + batch, len(values)))
        rgb = np.broadcast_to((index % 256).astype(np.uint8)[:, None, None, None], (len(index), size, size, 3))
        columns = {"m": dict.fromkeys(metrics, values[index])}
        shown.add(columns, rgb, {"m": 255 - rgb}, index, [f"c{i}" for i in index])
    return shown, shown.pictures({"m": dict.fromkeys(metrics, values)})["m"]


def test_the_ends_are_exact():
    values = np.random.default_rng(1).permutation(100).astype(float)
    _, found = passed(values)
    order = np.argsort(values)
    assert [one["index"] for one in found["mae_ab"]["best"]] == list(order[:3])
    assert [one["index"] for one in found["mae_ab"]["worst"]] == list(order[::-1][:3])
    best = found["mae_ab"]["best"][0]
    assert (best["value"], best["rank"], best["class"]) == (0, 0, f"c{order[0]}")
    assert found["mae_ab"]["worst"][0]["rank"] == 0.99
    assert (best["truth"] == order[0]).all() and (best["result"] == 255 - order[0]).all()
    assert best["gray"].shape == (4, 4, 3)


def test_the_best_of_a_metric_that_should_be_high():
    values = np.arange(20.0)
    _, found = passed(values, metrics=("psnr",))
    assert [one["index"] for one in found["psnr"]["best"]] == [19, 18, 17]
    assert found["psnr"]["worst"][0]["rank"] == 0.95


def test_the_median_is_exact_while_all_fit_and_near_it_later():
    _, found = passed(np.arange(31.0))
    assert found["mae_ab"]["median"][0]["index"] == 15
    values = np.random.default_rng(2).permutation(3000).astype(float)
    shown, found = passed(values, batch=64)
    assert len(shown._pool) == gallery.POOL
    # 32 random ranks: the one next to the median is farther than 0.1 from it with probability 0.8^32 < 0.001
    assert abs(found["mae_ab"]["median"][0]["rank"] - 0.5) < 0.1
    # a fair sample of all, not of the beginning: the mean place of 32 has a standard error of 153 about 1500
    assert abs(np.mean([one["index"] for one in shown._pool]) - 1500) < 3 * 153


def test_the_same_seed_chooses_the_same():
    values = np.random.default_rng(3).normal(size=500)
    assert str(passed(values)[1]) == str(passed(values)[1])


def test_what_is_kept_is_limited_in_number_and_size():
    shown, found = passed(np.arange(50.0), size=330)
    assert found["mae_ab"]["best"][0]["truth"].shape == (320, 320, 3)
    entries = [*shown._pool, *(one for kept in shown._ends.values() for _, one in kept)]
    assert len(entries) == gallery.POOL + 6
    for entry in entries:
        for picture in (entry["truth"], *entry["results"].values()):
            base = picture if picture.base is None else picture.base
            assert getattr(base, "nbytes", len(base) if isinstance(base, bytes) else 0) <= 320 * 320 * 3


def test_less_than_three_images():
    _, found = passed(np.array([2.0, 1.0]))
    assert [one["index"] for one in found["mae_ab"]["best"]] == [1, 0]
    assert [one["index"] for one in found["mae_ab"]["median"]] in ([0, 1], [1, 0])
