"""ReLU and max-pooling in one pass over memory, forwards and backwards.

Backwards needs one fact about each pooled pixel: which tap of its window won, or that ReLU let nothing through. A byte
holds it: the tap's number r·S + s, or R·S if no pixel of the window was positive. The windows tile the image (they do
not overlap, and there is no padding), so every pixel belongs to one window at most, and its gradient is written once.
A window of one pixel is ReLU alone; its byte is the mask.

All works on rows of windows that lie flat in memory, so that a convolution can pool what it has just computed, while
it still lies in the L2 cache.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from minicnn.kernels.cpu.jit import kernel, parallel_kernel
from minicnn.kernels.cpu.sums import ROWS


@kernel
def relu_pool_row(source, start, line, pixel, first, last, size, y, winners, at, width):
    """One row of `width` windows, channels first..last of each pixel.

    source, y, winners: flat. Tap (r, s) of window j lies at source[start + r·line + (j·S + s)·pixel], and its result
    at y[at + j·pixel]; line, pixel: numbers between neighbouring rows and pixels.
    """
    if size[0] == 2 and size[1] == 2:
        for j in range(width):
            p, q = start + 2 * j * pixel, at + j * pixel
            _four_taps(
                source[p + first : p + last],
                source[p + pixel + first : p + pixel + last],
                source[p + line + first : p + line + last],
                source[p + line + pixel + first : p + line + pixel + last],
                y[q + first : q + last],
                winners[q + first : q + last],
            )
        return
    for j in range(width):
        q = at + j * pixel
        best, winner = y[q + first : q + last], winners[q + first : q + last]
        for r in range(size[0]):
            for s in range(size[1]):
                p = start + r * line + (j * size[1] + s) * pixel
                _next_tap(source[p + first : p + last], np.uint8(r * size[1] + s), best, winner)
        _clip(best, winner, np.uint8(size[0] * size[1]))


@kernel
def _four_taps(a, b, c, d, y, winner):
    """The window that nearly everybody uses, without a detour over memory between its taps."""
    zero = y.dtype.type(0)
    for k in range(len(y)):
        best, tap = a[k], np.uint8(0)
        # a NaN wins over every number, so that it stays visible
        better = b[k] > best or b[k] != b[k]
        best, tap = (b[k], np.uint8(1)) if better else (best, tap)
        better = c[k] > best or c[k] != c[k]
        best, tap = (c[k], np.uint8(2)) if better else (best, tap)
        better = d[k] > best or d[k] != d[k]
        best, tap = (d[k], np.uint8(3)) if better else (best, tap)
        dead = best <= zero
        y[k] = zero if dead else best
        winner[k] = np.uint8(4) if dead else tap


@kernel
def _next_tap(pixel, tap, best, winner):
    if tap == 0:
        for k in range(len(best)):
            best[k] = pixel[k]
            winner[k] = tap
        return
    for k in range(len(best)):
        better = pixel[k] > best[k] or pixel[k] != pixel[k]
        best[k] = pixel[k] if better else best[k]
        winner[k] = tap if better else winner[k]


@kernel
def _clip(best, winner, none):
    zero = best.dtype.type(0)
    for k in range(len(best)):
        dead = best[k] <= zero
        best[k] = zero if dead else best[k]
        winner[k] = none if dead else winner[k]


@kernel
def gradient_row(dy, winners, at, width, size, pixel, dx, start, line):
    """One row of windows backwards: every pixel of them is written, dy where it won, else 0. All flat, as forwards."""
    for j in range(width):
        q = at + j * pixel
        upstream, winner = dy[q : q + pixel], winners[q : q + pixel]
        for r in range(size[0]):
            for s in range(size[1]):
                p = start + r * line + (j * size[1] + s) * pixel
                _to_tap(upstream, winner, np.uint8(r * size[1] + s), dx[p : p + pixel])


@kernel
def _to_tap(dy, winner, tap, dx):
    zero = dx.dtype.type(0)
    for k in range(len(dx)):
        dx[k] = dy[k] if winner[k] == tap else zero


@kernel
def gradient_strip(dy, winners, image, strip, size, dx):
    """dL/dx of the rows that row `strip` of the windows covers; and of those that none covers, after the last.

    dy, winners (N, PH, PW, C) -> dx (rows, W, C), contiguous: what of the image the strip holds.
    """
    _, height, width, channels = dy.shape
    if strip >= height:
        dx[:] = 0
        return
    row = dx.shape[1] * channels
    at = (image * height + strip) * width * channels
    gradient_row(dy.reshape(-1), winners.reshape(-1), at, width, size, channels, dx.reshape(-1), 0, row)
    dx[:, width * size[1] :] = 0


@parallel_kernel
def gradient(dy, winners, size, dx, partial):
    """dy, winners (N, PH, PW, C) -> dx (N, H, W, C), and partial (blocks, C): the sums of dx in so many parts.

    Block b holds the sums of strips b·n // blocks up to (b + 1)·n // blocks, of n in all, each taken in order.
    """
    for block in prange(len(partial)):
        _gradient_block(np.int64(block), dy, winners, size, dx, partial)


@kernel
def _gradient_block(block, dy, winners, size, dx, partial):
    strips = strips_of(dx.shape[1], size[0])
    total = partial[block]
    total[:] = 0
    width = dy.shape[2]
    for item in range(block * len(dx) * strips // len(partial), (block + 1) * len(dx) * strips // len(partial)):
        image, strip = item // strips, item % strips
        top = strip * size[0]
        gradient_strip(dy, winners, image, strip, size, dx[image, top : min(top + size[0], dx.shape[1])])
        if strip < dy.shape[1]:
            for j in range(width):
                _add_living(dy[image, strip, j], winners[image, strip, j], np.uint8(size[0] * size[1]), total)


@kernel
def _add_living(dy, winner, none, total):
    zero = total.dtype.type(0)
    for k in range(len(total)):
        total[k] += zero if winner[k] == none else dy[k]


@kernel
def strips_of(height, size):
    """Rows of windows, and one more for what they leave over at the bottom."""
    return -(-height // size)


def blocks_of(images: int, height: int, width: int, size: int) -> int:
    """In how many blocks (each some `sums.ROWS` pixels) the strips of all images are summed; never none."""
    strips = -(-height // size)
    return max(1, images * strips // max(1, ROWS // (size * width)))
