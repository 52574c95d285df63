"""dL/dx by the same driver as y: a correlation of dy, with the kernel flipped.

For strides it falls into strides² such sums, one for every position of a pixel relative to the stride (a phase), since
pixels of one phase are reached by the same taps. Images of few channels go another way
(`few_channels`).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from minicnn.kernels.cpu import few_channels
from minicnn.kernels.cpu.correlation import Taps, launch, packed, plan_for
from minicnn.kernels.cpu.threads import exclusive
from minicnn.kernels.cpu.units import Pads, Pair
from minicnn.kernels.recording import performed


def conv2d_input_gradient(
    dy: np.ndarray, w: np.ndarray, dx: np.ndarray, strides: Pair, dilation: Pair, pads: Pads, groups: int
) -> None:
    """dy (N, OH, OW, K), w (R, S, C / groups, K) -> dx (N, H, W, C). All contiguous, one dtype.

    y[i] took x[i·stride + r·dilation - pad]; so x[h] went into y[(h + pad - r·dilation) / stride], where that is whole.
    """
    if few_channels.suits(dy.shape, w.shape, dx.shape, dilation, groups, dy.dtype.char):
        few_channels.conv2d_input_gradient(dy, w, dx, strides, dilation, pads)
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
