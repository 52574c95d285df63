"""The CUDA kernel ladder: a convolution in five steps, a sum in four, each a short file that is correct by itself.

`CONVOLUTION` and `SUM` are the tables of contents. examples/9_cuda_ladder.py runs them on the software GPU, counts what
each would cost a GPU's memory, and times them where there is a GPU.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent
Dims = tuple[int, ...]


@dataclass(frozen=True)
class Step:
    """A kernel and how it is launched.

    name: that of its file, too. idea: what is new. kernel: what it is called in the file. block: threads of a block.
    grid: blocks, from the arguments' sizes. registers: of a thread, as NVRTC 13.0 counts them for sm_80.
    """

    name: str
    idea: str
    kernel: str
    block: Dims
    grid: Callable[..., Dims]
    registers: int

    @property
    def file(self) -> Path:
        """The source."""
        return FOLDER / f"{self.name.lower().replace(' ', '_')}.cu"


def _parts(n: int, size: int) -> int:
    return -(-n // size)


def _a_thread_each(images: int, rows: int, columns: int, filters: int) -> Dims:
    return (_parts(images * rows * columns * filters, 256),)


def _strips(images: int, rows: int, columns: int, filters: int) -> Dims:
    return _parts(columns, 8), images * rows, _parts(filters, 32)


def _patches(images: int, rows: int, columns: int, filters: int) -> Dims:
    return _parts(columns, 16), images * _parts(rows, 4), _parts(filters, 32)


def _tiles(images: int, rows: int, columns: int, filters: int) -> Dims:
    return _parts(images * rows * columns, 64), _parts(filters, 32)


CONVOLUTION = (
    Step("naive", "a thread a result, a warp along the pixels", "conv2d", (256,), _a_thread_each, 32),
    Step("coalesced", "a warp along the filters: neighbours load neighbours", "conv2d", (256,), _a_thread_each, 32),
    Step("shared tile", "a block fetches what it shares, once", "conv2d", (32, 8), _strips, 56),
    Step("register tile", "4 x 4 sums a thread: each load serves four", "conv2d", (128,), _patches, 72),
    Step("implicit GEMM", "a matrix product over patches, loads of 16 bytes", "conv2d", (128,), _tiles, 62),
)
"""x (images, height, width, channels), w (3, 3, channels, filters) -> y, without padding.

Arguments: x, w, y, then images, height, width, channels, filters. grid(images, rows, columns, filters) of y.
"""

NUMBERS = 2048
"""So many numbers a block adds."""


def _blocks(n: int) -> Dims:
    return (_parts(n, NUMBERS),)


SUM = (
    Step("sum runs", "a run of neighbours a thread, one adds up", "block_sums", (256,), _blocks, 22),
    Step("sum strided", "coalesced loads, a tree in shared memory", "block_sums", (256,), _blocks, 24),
    Step("sum halves", "the tree folded in halves: no bank twice", "block_sums", (256,), _blocks, 19),
    Step("sum shuffles", "lanes exchange registers, one barrier", "block_sums", (256,), _blocks, 24),
)
"""x (n,) -> the sum of each 2048 numbers. Arguments: x, sums, n. grid(n)."""
