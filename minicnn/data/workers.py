"""Work done by several threads, handed out in order: decoding pictures and NumPy release the GIL.

Threads, not processes: nothing is copied or pickled between them, and a training needs no `if __name__ == "__main__"`.
"""

from __future__ import annotations

import contextvars
import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

MOST = 4  # workers, unless told otherwise


def default_workers() -> int:
    """As many as there are processors for this process, up to MOST."""
    return min(MOST, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def in_order(make: Callable[[int], T], numbers: range, workers: int, ahead: int) -> Iterator[T]:
    """make(i) for each i of `numbers`, in their order; `workers` threads work at most `ahead` of them in advance.

    What make(i) raises is raised where its result would have come. Ending the iterator, by whatever way, ends the
    threads when they have made what they are at. workers: 0 makes each when it is asked for.
    """
    if workers == 0:
        yield from map(make, numbers)
        return
    waiting: deque[Future[T]] = deque()
    rest = iter(numbers)
    # Each worker's task sees the backend that was chosen, and NumPy's error state, as they are here.
    context = contextvars.copy_context()
    pool = ThreadPoolExecutor(workers, thread_name_prefix="minicnn data")
    try:
        while True:
            while len(waiting) < max(ahead, workers) and (number := next(rest, None)) is not None:
                waiting.append(pool.submit(context.copy().run, make, number))
            if not waiting:
                return
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
