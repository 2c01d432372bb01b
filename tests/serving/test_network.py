"""In what order the network does what is asked of it, and what shares a forward pass. No network is needed."""

import asyncio
import threading

import numpy as np
import pytest

from colorgan.serving import network
from colorgan.serving.network import Network


class Predict:
    """Adds 1 to pictures, notes the sizes of passes, and waits for its leave."""

    def __init__(self, most=8):
        self.passes, self.leave, self.most = [], threading.Event(), most

    def __call__(self, pictures):
        assert self.leave.wait(20)
        self.passes.append(pictures.shape)
        if len(pictures) > self.most:
            raise MemoryError("too many")
        return pictures + 1


def _picture(value, width=4):
    return np.full((4, width, 3), value, np.uint8)


async def _all(predict, *waiting):
    """What waits is put in line while the first is in work; then that goes on."""
    tasks = [asyncio.ensure_future(one) for one in waiting]
    await asyncio.sleep(0.1)
    predict.leave.set()
    return await asyncio.gather(*tasks, return_exceptions=True)


def test_pictures_of_one_shape_share_a_pass(monkeypatch):
    predict, passed = Predict(), []
    line = Network(predict, lambda count, seconds: passed.append(count))
    monkeypatch.setattr(network, "PASS", 1e6)
    widths = [4, 4, 8, 4, *[4] * 8]
    found = asyncio.run(_all(predict, *(line.colors(_picture(i, width)) for i, width in enumerate(widths))))
    assert [one.shape[1] for one in found] == widths and [one[0, 0, 0] for one in found] == list(range(1, 13))
    # The first alone, since nobody else was there; eight at most; the broad one in its turn.
    assert [shape[:3] for shape in predict.passes] == [(1, 4, 4), (8, 4, 4), (1, 4, 8), (2, 4, 4)]
    assert passed == [1, 8, 1, 2]


def test_a_slow_network_takes_few_at_once():
    predict = Predict()
    line = Network(predict)
    line._pace[0] = 0.25  # seconds alone; the first pass waits 0.1 s for its leave: a mean of 0.21
    asyncio.run(_all(predict, *(line.colors(_picture(i)) for i in range(5))))
    assert [shape[0] for shape in predict.passes[:2]] == [1, 2]


def test_pictures_share_a_pass_only_where_that_is_quicker():
    """And every sixteenth time the other way is tried: another load may be on the machine by then."""
    line = Network(None)
    line._pace = [0.125, 0.25]
    assert [line._most() for _ in range(16)] == [1] * 15 + [4]
    line._learn(2, 0.05)
    line._learn(2, 0.05)
    assert line._pace[1] == pytest.approx(0.25 * 0.75**2 + 0.025 * (0.25 * 0.75 + 0.25))
    line._pace[1] = 0.1
    assert [line._most() for _ in range(16)] == [4] * 15 + [1]


def test_one_that_fails_takes_no_other_along(monkeypatch):
    predict = Predict(most=1)
    line = Network(predict)
    monkeypatch.setattr(network, "PASS", 1e6)
    found = asyncio.run(_all(predict, *(line.colors(_picture(i)) for i in range(3))))
    assert [one[0, 0, 0] for one in found] == [1, 2, 3]
    assert [shape[0] for shape in predict.passes] == [1, 2, 1, 1]
    with pytest.raises(ZeroDivisionError):
        asyncio.run(line.do(lambda: 1 / 0))


def test_what_somebody_looks_at_goes_first_but_not_always():
    predict, done = Predict(), []
    line = Network(predict)
    asks = [line.colors(_picture(0)), *(line.do(lambda i=i: done.append(i), urgent=i > 2) for i in range(6))]
    asyncio.run(_all(predict, *asks))
    assert done == [3, 0, 4, 1, 5, 2]


def test_who_goes_away_is_left_out(monkeypatch):
    predict, done = Predict(), []
    line = Network(predict)

    async def visit():
        first = asyncio.ensure_future(line.colors(_picture(0)))
        second = asyncio.ensure_future(line.do(lambda: done.append("second")))
        third = asyncio.ensure_future(line.do(lambda: done.append("third")))
        await asyncio.sleep(0.1)
        assert not line.is_stuck
        monkeypatch.setattr(network, "STUCK", 0.01)
        assert line.is_stuck
        second.cancel()
        await asyncio.sleep(0)
        predict.leave.set()
        await asyncio.gather(first, third)

    asyncio.run(visit())
    assert done == ["third"] and not line.is_stuck
