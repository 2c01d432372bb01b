import threading

import pytest

from colorgan.serving.stream import STOPPED_SECONDS, ahead, alike


def test_items_are_made_while_others_are_used():
    made = []

    def items():
        for i in range(20):
            made.append(i)
            yield i

    taken = ahead(items(), 3)
    assert next(taken) == 0
    full = threading.Event()
    for _ in range(200):
        if len(made) == 5:  # one is used, three wait, and one is offered
            break
        full.wait(0.01)
    assert made == [0, 1, 2, 3, 4]
    assert list(taken) == list(range(1, 20))


def test_who_takes_no_more_ends_it():
    closed = threading.Event()

    def items():
        try:
            while True:
                yield 1
        finally:
            closed.set()

    taken = ahead(items(), 2)
    next(taken)
    taken.close()
    assert closed.wait(50 * STOPPED_SECONDS)


def test_an_error_comes_after_the_items_before_it():
    def items():
        yield 1
        yield 1
        raise OSError("the disk is gone")

    taken = ahead(alike(items(), type, 8), 2)
    assert next(taken) == [1, 1]
    with pytest.raises(OSError, match="the disk is gone"):
        next(taken)


def test_neighbours_of_a_kind_stand_together():
    assert list(alike([1, 2, 3, "a", 4, 5], type, 2)) == [[1, 2], [3], ["a"], [4, 5]]
    assert list(alike([], type, 2)) == []
