"""A twin is a kernel and the grid that it runs on.

In CUDA C's backend the host says for each launch what the grid is. Here each kernel says it, from its arguments.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Shape = tuple[tuple[int, ...], tuple[int, ...]]
"""Grid and block."""

BLOCK = 256
CHANNELS_OF_BLOCK, ROWS_AT_ONCE = 32, 8
ROWS_OF_BLOCK = 4


@dataclass(frozen=True)
class Twin:
    """kernel: what cuda.jit made of a function; shape: its launch, from the kernel's arguments by name."""

    kernel: Any
    shape: Callable[..., Shape]

    @property
    def name(self) -> str:
        """As its sibling is called."""
        return self.kernel.py_func.__name__

    @property
    def parameters(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(inspect.signature(self.kernel.py_func).parameters)

    def launch_shape(self, arguments: tuple[Any, ...]) -> Shape:
        """For these arguments. Raises TypeError if there are too many or too few."""
        if len(arguments) != len(self.parameters):
            takes = f"{len(self.parameters)} arguments ({', '.join(self.parameters)})"
            raise TypeError(f"the Numba twin of {self.name} takes {takes}, got {len(arguments)}")
        return self.shape(**dict(zip(self.parameters, arguments, strict=True)))


def launched(shape: Callable[..., Shape]) -> Callable[[Any], Twin]:
    """Makes a twin of a kernel: `@launched(each)` above `@cuda.jit`."""
    return lambda kernel: Twin(kernel, shape)


def each(n: int, **_: Any) -> Shape:
    """One thread for each of n numbers."""
    return (-(-int(n) // BLOCK),), (BLOCK,)


def each_four(n: int, **_: Any) -> Shape:
    """One thread for four numbers."""
    return (-(-int(n) // (4 * BLOCK)),), (BLOCK,)


def each_channel(channels: int, **_: Any) -> Shape:
    """One thread a channel."""
    return (-(-int(channels) // BLOCK),), (BLOCK,)


def warp_a_row(rows: int, **_: Any) -> Shape:
    """A warp for each row, four rows a block: (lane, row of the block)."""
    return (-(-int(rows) // ROWS_OF_BLOCK),), (32, ROWS_OF_BLOCK)


def chunks_of_rows(rows: int, channels: int, rows_of_chunk: int, **_: Any) -> Shape:
    """(chunks of rows, tiles of 32 channels) blocks of (32 channels, 8 rows); never none."""
    chunks = max(1, -(-int(rows) // int(rows_of_chunk)))
    return (chunks, -(-int(channels) // CHANNELS_OF_BLOCK)), (CHANNELS_OF_BLOCK, ROWS_AT_ONCE)


def block_a_piece(pieces: Any, **_: Any) -> Shape:
    """A block for each row of the table of pieces."""
    return (pieces.shape[0],), (BLOCK,)
