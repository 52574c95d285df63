"""Batches made by a thread of their own while the model computes on the one before: kernels and NumPy release the GIL.

The thread makes them one after another in their order, so that nothing depends on how fast it is.
"""

from __future__ import annotations

import contextvars
import queue
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

T = TypeVar("T")

WAITING = 2  # batches that are ready at most, besides the one in use and the one being made
_END = object()


@contextmanager
def made_ahead(items: Iterator[T]) -> Iterator[Iterator[T]]:
    """`with made_ahead(batches.epoch()) as epoch:` gives the same items in the same order.

    What goes wrong while an item is made is raised where that item would have come. Leaving the block, by whatever
    way, ends the thread as soon as it has made the item that it is at.
    """
    ready: queue.Queue[tuple[Any, BaseException | None]] = queue.Queue(WAITING)
    stopped = threading.Event()

    def put(item: Any, error: BaseException | None = None) -> None:
        while not stopped.is_set():
            try:
                ready.put((item, error), timeout=0.1)  # looks up now and then: nobody may be waiting any more
                return
            except queue.Full:
                continue

    def make() -> None:
        try:
            for item in items:
                put(item)
                if stopped.is_set():
                    return
            put(_END)
        except BaseException as error:  # it belongs to whoever waits for the item
            put(None, error)
        finally:
            if isinstance(items, Generator):
                items.close()  # it may have threads of its own

    def taken() -> Iterator[T]:
        while True:
            item, error = ready.get()
            if error is not None:
                raise error
            if item is _END:
                return
            yield item

    # The backend that was chosen, and NumPy's error state, hold in the thread as they do here.
    thread = threading.Thread(target=contextvars.copy_context().run, args=(make,), name="minicnn data", daemon=True)
    thread.start()
    try:
        yield taken()
    finally:
        stopped.set()
        thread.join()
