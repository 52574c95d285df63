"""In which order the threads of a block, and the blocks of a grid, run. Any order is a lawful one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

ORDERS = ("forward", "reverse", "random", "stalled")  # as in `enum Order` of runtime/runtime.h

_chosen = ContextVar("_chosen", default=("forward", 0))


@contextmanager
def order(name: str, seed: int = 0) -> Iterator[None]:
    """Launches inside run their threads in this order between barriers.

    "forward": by number; "reverse": blocks and threads from the last to the first; "random": drawn anew after each
    barrier; "stalled": half of the warps stand still while the others run ahead as far as barriers let them.
    seed: of the last two. Raises ValueError for another name.
    """
    if name not in ORDERS:
        raise ValueError(f"order must be one of {', '.join(ORDERS)}, got {name!r:.80}")
    token = _chosen.set((name, seed))
    try:
        yield
    finally:
        _chosen.reset(token)


def chosen() -> tuple[int, int]:
    """The number of the order in use, and the seed."""
    name, seed = _chosen.get()
    return ORDERS.index(name), seed
