"""ReLU and max-pooling in one pass over memory, forwards and backwards.

Backwards needs one fact about each pooled pixel: which tap of its window won, or that ReLU let nothing through. A byte
holds it: the tap's number r·S + s, or R·S if no pixel of the window was positive. The windows tile the image (they do
not overlap, and there is no padding), so every pixel belongs to one window at most, and its gradient is written once.
A window of one pixel is ReLU alone; its byte is the mask.

An image is taken in strips, the rows that one row of windows covers; what the windows leave over at the bottom is a
strip of its own. `pool_rows` treats a strip.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numba import prange

from minicnn.kernels.cpu import pool_rows
from minicnn.kernels.cpu.calls import address_of, call_address
from minicnn.kernels.cpu.jit import kernel, parallel_kernel
from minicnn.kernels.cpu.sums import ROWS, sum_in_order
from minicnn.kernels.cpu.threads import exclusive, scratch
from minicnn.kernels.cpu.units import Pair

NUMBERS = 8192  # in a row, at most, where rows are put together


def relu_pool(x: np.ndarray, size: Pair, y: np.ndarray, winners: np.ndarray) -> None:
    """x (N, H, W, C) -> y, winners (N, PH, PW, C). All contiguous."""
    x, y, winners = long_rows(size, x, y, winners)
    function = pool_rows.forward(size, kind_of(x))
    with exclusive:
        _relu_pool(function, x, size, y, winners)


def relu_pool_gradient(dy: np.ndarray, winners: np.ndarray, size: Pair, dx: np.ndarray, sums: np.ndarray) -> None:
    """dy, winners (N, PH, PW, C) -> dx (N, H, W, C), and its sums (C,). All contiguous."""
    dy, winners, dx = long_rows(size, dy, winners, dx)
    blocks = blocks_of(dx.shape, size)
    function = pool_rows.backward(size, kind_of(dx))
    with exclusive:
        partial = scratch("sums", blocks * len(sums), dy.dtype).reshape(blocks, len(sums))
        _gradient(function, dy, winners, size, dx, partial)
        sum_in_order(partial, sums)


def long_rows(size: Pair, *images: np.ndarray) -> Iterator[np.ndarray]:
    """The images (N, H, W, C) as they are treated: where nothing is pooled, rows are put together to longer ones.

    It does not matter then how the pixels lie, and every row costs a call.
    """
    n, height, width, channels = images[0].shape
    together = 1
    if size == (1, 1) and images[0].size:
        together = next(k for k in range(max(1, NUMBERS // (width * channels)), 0, -1) if n * height % k == 0)
    for a in images:
        yield a if together == 1 else a.reshape(n * height // together, 1, together * width, channels)


def blocks_of(image: tuple[int, ...], size: Pair) -> int:
    """In how many blocks (each some `sums.ROWS` pixels) the strips of images (N, H, W, C) are summed; never none."""
    strips = image[0] * -(-image[1] // size[0])
    return max(1, strips // max(1, ROWS // max(1, size[0] * image[2])))


def kind_of(a: np.ndarray) -> str:
    """LLVM's word for the dtype."""
    return "float" if a.dtype == np.float32 else "double"


@kernel
def strips_of(height, size):
    """Rows of windows, and one more for what they leave over at the bottom."""
    return -(-height // size)


@parallel_kernel
def _relu_pool(function, x, size, y, winners):
    for item in prange(y.shape[0] * y.shape[1]):
        _relu_pool_strip(np.int64(item), function, x, size, y, winners)


@kernel
def _relu_pool_strip(item, function, x, size, y, winners):
    _, height, width, channels = y.shape
    image, strip = item // height, item % height
    call_address(
        function,
        (
            width,
            channels,
            x.shape[2] * channels,
            channels,
            address_of(x[image, strip * size[0]]),
            address_of(y[image, strip]),
            address_of(winners[image, strip]),
        ),
    )


@parallel_kernel
def _gradient(function, dy, winners, size, dx, partial):
    """Block b of `partial` sums the strips from b·n // blocks up to (b + 1)·n // blocks, of n in all, in order."""
    for block in prange(len(partial)):
        _gradient_block(np.int64(block), function, dy, winners, size, dx, partial)


@kernel
def _gradient_block(block, function, dy, winners, size, dx, partial):
    _, height, width, channels = dy.shape
    strips = strips_of(dx.shape[1], size[0])
    total = partial[block]
    total[:] = 0
    for item in range(block * len(dx) * strips // len(partial), (block + 1) * len(dx) * strips // len(partial)):
        image, strip = item // strips, item % strips
        top = strip * size[0]
        if strip == height:
            dx[image, top:] = 0
            continue
        dx[image, top : top + size[0], width * size[1] :] = 0
        call_address(
            function,
            (
                width,
                channels,
                dx.shape[2] * channels,
                channels,
                address_of(dy[image, strip]),
                address_of(winners[image, strip]),
                address_of(dx[image, top]),
                address_of(total),
            ),
        )
