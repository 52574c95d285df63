"""The input gradient of a convolution over images of few channels, where columns that are channels idle most lanes.

P neighbouring pixels of dx are P·C contiguous numbers. Let those be the columns: then one row of a panel holds what
one number of dy adds to all of them, zero for the pixels that it never saw. A block of P pixels is reached by fewer
than S + P pixels in each row of dy, where P single pixels are reached by S · P. So for C = 3 and S = 3, blocks of five
take 7 steps of 15 lanes where single pixels take 15 steps of three.

That is again a correlation, of dy with filters that are mostly w; strides across are in the filters already.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from minicnn.kernels.cpu.machine import vector_registers

WORTH = 0.8  # of the steps at most, for it is no gain without some loss
UNEVEN = 1.15  # what it costs if the last block sticks out of the image and must be cut off


class Blocks(NamedTuple):
    """Pixels as blocks."""

    pixels: int
    first: int  # column of dy, relative to the block's own, that is the first to reach it
    reach: int  # columns of dy that reach it, from there


@lru_cache(maxsize=1024)
def blocks_for(
    size: tuple[int, ...], width: int, stride: int, dilation: int, padding: int, groups: int, itemsize: int
) -> Blocks | None:
    """The best blocks for filters of `size` (R, S, C, K) and rows of dx of `width` pixels; None: none are worth it."""
    _, s, channels, _ = size
    lanes = vector_registers()[0] // itemsize
    if groups > 1 or dilation > 1 or 2 * channels > lanes or stride > s or width == 0:
        return None

    def steps(blocks: Blocks) -> float:
        """Of one vector each, for a row of dx and a number of dy's depth."""
        vectors = -(-blocks.pixels * channels // lanes)
        return -(-width // blocks.pixels) * blocks.reach * vectors * (UNEVEN if width % blocks.pixels else 1)

    several = range(stride, max(stride, min(width, 2 * lanes // channels)) + 1, stride)
    best = min((_reached(pixels, s, stride, padding) for pixels in several), key=steps)
    return best if steps(best) <= WORTH * width * s / stride else None


def _reached(pixels: int, taps: int, stride: int, padding: int) -> Blocks:
    ups = [q + padding - s for q in range(pixels) for s in range(taps)]
    columns = [up // stride for up in ups if up % stride == 0]
    return Blocks(pixels, min(columns), max(columns) - min(columns) + 1)


@lru_cache(maxsize=256)
def panel_indices(
    size: tuple[int, ...], rows: tuple[int, ...], blocks: Blocks, stride: int, padding: int, shape: tuple[int, ...]
) -> np.ndarray:
    """For each number of the panels of `shape`, which one of w (R, S, C, K) it is; R·S·C·K stands for zero.

    rows: those of the filter that reach the rows of dx in question.
    """
    _, s, channels, filters = size
    _, panels, _, width = shape
    numbers = np.arange(np.prod(size)).reshape(size)
    indices = np.full((len(rows), blocks.reach, filters, panels * width), numbers.size)
    for q in range(blocks.pixels):
        for u in range(blocks.reach):
            tap = q + padding - stride * (u + blocks.first)
            if 0 <= tap < s:
                here = slice(q * channels, (q + 1) * channels)
                indices[:, u, :, here] = numbers[list(rows), tap].transpose(0, 2, 1)
    return np.ascontiguousarray(indices.reshape(-1, panels, width).transpose(1, 0, 2)).reshape(shape)
