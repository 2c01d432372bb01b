import unicodedata

import numpy as np
import pytest

from colorgan.datasets import classes

PLACES = ("f/forest/broadleaf", "f/forest/needleleaf", "f/forest_path", "m/mountain", "m/mountain_snowy")


def chosen(*words, categories=PLACES, labels=(0, 1, 2, 3, 4, 3, -1)):
    places, numbers, names = classes.select(words, categories, np.array(labels), where="here")
    return places.tolist(), numbers.tolist(), names


@pytest.mark.parametrize(
    "word, places",
    [
        ("forest", [0, 1]),
        ("f/forest", [0, 1]),
        ("forest/broadleaf", [0]),
        ("/f/forest/broadleaf", [0]),  # as the official list of categories spells it
        ("broadleaf", [0]),
        ("f", [0, 1, 2]),
        ("mountain", [3, 5]),
        ("mountain_snowy", [4]),
    ],
)
def test_a_word_is_a_run_of_a_path(word, places):
    assert chosen(word) == (places, [0] * len(places), (word.strip("/"),))


def test_labels_follow_the_order_of_the_words():
    assert chosen("mountain", "forest", "mountain") == ([0, 1, 3, 5], [1, 1, 0, 0], ("mountain", "forest"))


def test_the_longest_run_has_a_category():
    assert chosen("f", "needleleaf", "f/forest") == ([0, 1, 2], [2, 2, 0], ("f", "needleleaf", "f/forest"))
    assert chosen("forest", "broadleaf")[1] == [0, 0]  # equally long: the first
    assert chosen("broadleaf", "forest")[1] == [0, 1]


def test_no_words_choose_all():
    assert chosen() == (list(range(7)), [0, 1, 2, 3, 4, 3, -1], PLACES)


@pytest.mark.parametrize(
    "words, complaint",
    [
        (("forrest",), r'`--classes`: here has no "forrest". Did you mean "forest".* It has: "f/forest/broadleaf", '),
        (("Mountain", "forest"), r'has no "Mountain". Did you mean "mountain"'),
        (("forest/path",), 'has no "forest/path"'),
        (("broadleaf/forest",), 'has no "broadleaf/forest"'),
        (("sea", "m"), r'has no "sea"\. It has: [^;]*$'),
        (("",), 'has no ""'),
    ],
)
def test_unknown_words_raise(words, complaint):
    with pytest.raises(ValueError, match=complaint):
        chosen(*words)


def test_twenty_are_named():
    names = tuple(f"c{i:02}" for i in range(31))
    with pytest.raises(ValueError, match=r'It has: "c00", .*, "c19" and 11 more$'):
        chosen("zebra", categories=names, labels=(0,))
    with pytest.raises(ValueError, match='here has no categories. Received: "zebra". Leave'):
        chosen("zebra", categories=(), labels=(-1,))
    assert classes.in_words(names).endswith(", c19 and 11 more") and classes.in_words(()) == ""


def test_names_are_the_same_in_both_unicode_forms():
    composed, decomposed = (unicodedata.normalize(form, "Caf\u00e9") for form in ("NFC", "NFD"))
    assert composed != decomposed
    for word, category in ((composed, decomposed), (decomposed, composed)):
        assert chosen(word, categories=(category, "other"), labels=(1, 0)) == ([1], [0], (composed,))


def test_a_name_with_a_comma_is_shown_as_it_is_asked_for():
    categories = ("forest", "old cars, 1950")
    with pytest.raises(ValueError, match=r"""It has: "forest", "old cars, 1950"; .*: --classes 'a,"b, c"'$"""):
        chosen("old cars", "1950", categories=categories, labels=(0, 1))
    assert chosen("old cars, 1950", categories=categories, labels=(0, 1, 1))[0] == [1, 2]
    assert classes.in_words(categories) == ', classes forest, "old cars, 1950"'
