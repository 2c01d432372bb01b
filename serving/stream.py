"""Work ahead: items are made in a thread before they are used. Imports nothing of ours."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Iterable, Iterator

STOPPED_SECONDS = 0.1  # seconds after which the thread notices that nobody takes its items


def ahead(items: Iterator, most: int) -> Iterator:
    """Iterates over the same items, taken from their iterator in a thread, so items are made while others are used.

    Args:
        items: a generator or another iterator; it is closed when no more items are needed.
        most: most items waiting to be used.

    Raises:
        Exception: the iterator's exception, after the items before it.
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
        except BaseException as error:  # raised in place of the item
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
    """-> the items in lists of at most `most` consecutive items of one `kind`.

    An exception of `items` comes after the items before it.
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
