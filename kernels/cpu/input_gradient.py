"""dL/dx by the same driver as y: a correlation of dy, with the kernel flipped.

For strides it falls into strides² such sums, one for every position of a pixel relative to the stride (a phase), since
pixels of one phase are reached by the same taps. Images of few channels have blocks of pixels for columns
(`few_channels`).
"""

from __future__ import annotations

from functools import lru_cache
from math import prod

import numpy as np

from minicnn.kernels.cpu import few_channels
from minicnn.kernels.cpu.correlation import Taps, launch, packed, plan_for
from minicnn.kernels.cpu.threads import exclusive, scratch
from minicnn.kernels.cpu.units import Pads, Pair
from minicnn.kernels.recording import performed


def conv2d_input_gradient(
    dy: np.ndarray, w: np.ndarray, dx: np.ndarray, strides: Pair, dilation: Pair, pads: Pads, groups: int
) -> None:
    """dy (N, OH, OW, K), w (R, S, C / groups, K) -> dx (N, H, W, C). All contiguous, one dtype.

    y[i] took x[i·stride + r·dilation - pad]; so x[h] went into y[(h + pad - r·dilation) / stride], where that is whole.
    """
    blocks = few_channels.blocks_for(
        w.shape, dx.shape[2], strides[1], dilation[1], pads[1][0], groups, dx.dtype.itemsize
    )
    if blocks is not None:
        _input_gradient_in_blocks(dy, w, dx, strides, dilation, pads, blocks)
        return
    phases = _phases(w.shape[:2], dx.shape[1:3], strides, dilation, (pads[0][0], pads[1][0]))
    if any(not taps_r or not taps_s for taps_r, taps_s, _ in phases):
        performed(np.copyto, dx, 0)  # strides larger than the kernel pass over pixels
    with exclusive:
        for taps_r, taps_s, taps in phases:
            if not taps_r or not taps_s:
                continue
            plan = plan_for(dy.shape, dx.shape, taps, groups, dy.dtype.char)
            rows = (np.array(taps_r)[:, None] * w.shape[1] + np.array(taps_s)) * w.shape[2]
            launch(plan, dy, packed(plan, w, rows.reshape(-1), transposed=True), None, dx)


def _input_gradient_in_blocks(
    dy: np.ndarray,
    w: np.ndarray,
    dx: np.ndarray,
    strides: Pair,
    dilation: Pair,
    pads: Pads,
    blocks: few_channels.Blocks,
) -> None:
    """The same, with blocks of several pixels as columns: phases are left for rows alone."""
    images, height, width, channels = dx.shape
    shape = images, height, -(-width // blocks.pixels), blocks.pixels * channels
    columns = tuple(range(blocks.first, blocks.first + blocks.reach))
    with exclusive:
        if width % blocks.pixels:
            result = scratch("blocks", prod(shape), dx.dtype).reshape(shape)
        else:
            result = dx.reshape(shape)
        numbers = scratch("numbers", w.size + 1, w.dtype)
        performed(np.copyto, numbers[:-1], w.reshape(-1))
        performed(np.copyto, numbers[-1:], 0)
        for rows, _, seen in _phases((len(w), 1), (height, 1), (strides[0], 1), (dilation[0], 1), (pads[0][0], 0)):
            if not rows:
                performed(np.copyto, result[:, seen.out_origin[0] :: strides[0]], 0)  # passed over
                continue
            taps = Taps(
                seen.rows,
                columns,
                (1, blocks.pixels // strides[1]),
                (seen.grid[0], shape[2]),
                (strides[0], 1),
                seen.out_origin,
            )
            plan = plan_for(dy.shape, shape, taps, 1, dy.dtype.char)
            panels = scratch("panels", prod(plan.panel_shape), w.dtype).reshape(plan.panel_shape)
            indices = few_channels.panel_indices(w.shape, rows, blocks, strides[1], pads[1][0], plan.panel_shape)
            performed(np.take, numbers, indices, None, panels, "clip")
            launch(plan, dy, panels, None, result)
        if width % blocks.pixels:
            filled = result.reshape(images, height, shape[2] * blocks.pixels, channels)
            performed(np.copyto, dx, filled[:, :, :width])


@lru_cache(maxsize=256)
def _phases(
    size: Pair, image: Pair, strides: Pair, dilation: Pair, pads: Pair
) -> list[tuple[tuple[int, ...], tuple[int, ...], Taps]]:
    """For every phase with pixels in it: the kernel's rows and columns that reach it, and from where in dy."""

    def axis(phase: int, a: int) -> list[tuple[int, int]]:
        reach = [(phase + pads[a] - t * dilation[a], t) for t in range(size[a])]
        return sorted((d // strides[a], t) for d, t in reach if d % strides[a] == 0)

    phases = []
    for a in range(min(strides[0], image[0])):
        for b in range(min(strides[1], image[1])):
            rows, columns = axis(a, 0), axis(b, 1)
            grid = -(-(image[0] - a) // strides[0]), -(-(image[1] - b) // strides[1])
            taps = Taps(tuple(d for d, _ in rows), tuple(d for d, _ in columns), (1, 1), grid, strides, (a, b))
            phases.append((tuple(t for _, t in rows), tuple(t for _, t in columns), taps))
    return phases
