"""How many are in hand at once, and who waits behind whom."""

import asyncio
import re
import time

import pytest
from starlette.exceptions import HTTPException

from colorgan.serving import lanes
from colorgan.serving.lanes import Lanes


@pytest.mark.parametrize(("sizes", "fine"), [([1, 1], True), ([1, 1, 1], False), ([60, 40], True), ([60, 41], False)])
def test_so_many_requests_and_bytes_and_no_more(sizes, fine):
    taken = Lanes(most=2, most_bytes=100)
    *before, last = [taken.place(size) for size in sizes]
    for place in before:
        place.__enter__()
    if fine:
        last.__enter__()
    else:
        with pytest.raises(HTTPException, match="Try again in [0-9]+ second") as refused:
            last.__enter__()
        assert refused.value.status_code == 503
        seconds = int(refused.value.headers["Retry-After"])
        assert 1 <= seconds <= 60 and f"in {seconds} second" in refused.value.detail
    before[0].__exit__(None, None, None)
    with taken.place(1):
        assert taken.count == len(before) + fine  # the place is free again


def test_one_may_be_larger_than_all_may_be():
    with Lanes(most=2, most_bytes=100).place(1000):
        pass


def test_small_ones_do_not_wait_behind_large_ones():
    async def visit():
        own, done, leave = Lanes(most=100, most_bytes=100), [], asyncio.Event()

        async def one(name, large):
            async with own.lane(large=large) as run:
                if large:
                    await leave.wait()
                done.append(await run(lambda: name))

        large = [asyncio.create_task(one(f"large {i}", True)) for i in range(3)]
        await asyncio.sleep(0)
        await asyncio.gather(*(one("small", False) for _ in range(20)))
        assert done == ["small"] * 20
        large[1].cancel()  # it went away while it waited
        await asyncio.sleep(0)
        leave.set()
        await asyncio.gather(large[0], large[2])
        assert done[20:] == ["large 0", "large 2"]

    asyncio.run(visit())


def test_nobody_waits_for_ever(monkeypatch):
    monkeypatch.setattr(lanes, "PATIENCE", 0.01)

    async def visit():
        own = Lanes(most=100, most_bytes=100)
        async with own.lane(large=True):
            with pytest.raises(HTTPException, match="has waited") as refused:
                async with own.lane(large=True):
                    pass
        assert refused.value.status_code == 503 and re.fullmatch("[0-9]+", refused.value.headers["Retry-After"])
        async with own.lane(large=True):
            pass

    asyncio.run(visit())


def test_a_step_that_does_not_end_is_seen(monkeypatch):
    monkeypatch.setattr(lanes, "STUCK", 0.01)

    async def visit():
        own = Lanes(most=100, most_bytes=100)

        def look():
            time.sleep(0.02)
            return own.is_stuck

        async with own.lane(large=False) as run:
            assert not own.is_stuck and await run(look) and not own.is_stuck

    asyncio.run(visit())
