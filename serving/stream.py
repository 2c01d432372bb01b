"""Work that goes on ahead of who wants its results. Imports nothing of ours."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Iterable, Iterator

STOPPED_SECONDS = 0.1  # after which a thread whose results nobody takes any more has seen so


def ahead(items: Iterator, most: int) -> Iterator:
    """The same items, taken from their iterator in a thread, and so made while others are used.

    Args:
        items: a generator, or another iterator; it is closed when no more of its items are wanted.
        most: how many may wait to be used.

    Raises:
        Exception: what the iterator raises, after the items before.
    """
    line, stopped = queue.Queue(most), threading.Event()

    def offer(one):
        while not stopped.is_set():
            with contextlib.suppress(queue.Full):
                return line.put(one, timeout=STOPPED_SECONDS)

    def run():
        end = None
        try:
            for one in items:
                offer([one])
                if stopped.is_set():
                    break
        except BaseException as error:  # it is raised where the item would have been used
            end = error
        finally:
            getattr(items, "close", lambda: None)()
        offer(end)

    threading.Thread(target=run, name="colorgan-ahead", daemon=True).start()
    try:
        while isinstance(one := line.get(), list):
            yield one[0]
        if one is not None:
            raise one
    finally:
        stopped.set()


def alike(items: Iterable, kind: Callable, most: int) -> Iterator[list]:
    """-> the items in lists: of those that follow each other and are of one `kind`, at most `most`.

    What `items` raises comes after the items before it.
    """
    some, error = [], None
    try:
        for one in items:
            if some and (len(some) == most or kind(one) != kind(some[0])):
                yield some
                some = []
            some.append(one)
    except Exception as raised:
        error = raised
    if some:
        yield some
    if error is not None:
        raise error
