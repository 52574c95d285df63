"""The kernel ladder: convolution step by step, from the definition to what the machine likes.

`STEPS` is the table of contents: read the files in its order, each explains one idea and is correct by itself.
examples/8_kernel_ladder.py races them. `loops` holds the definitions of the other operators as well.
"""

from __future__ import annotations

import numpy as np

from minicnn.kernels.cpu import correlation
from minicnn.kernels.cpu.ladder import blocks, compiled, im2col, implicit, loops, threads, tile, winograd
from minicnn.kernels.cpu.ladder.step import Pair, Step

_NO_PADS = ((0, 0), (0, 0))


def _loops(x: np.ndarray, w: np.ndarray, y: np.ndarray, strides: Pair) -> None:
    y[:] = loops.conv2d(x, w, None, strides, _NO_PADS, (1, 1), 1)


def _microkernel(x: np.ndarray, w: np.ndarray, y: np.ndarray, strides: Pair) -> None:
    correlation.conv2d(x, w, None, y, strides, (1, 1), _NO_PADS, 1)


STEPS = (
    Step("loops", "the definition, in Python", "Dumoulin and Visin 2016", _loops),
    Step("compiled", "the same loops as machine code", "Lam, Pitrou and Seibert 2015", compiled.definition_order),
    Step("loop order", "filters innermost: vectors", "Allen and Kennedy 1984", compiled.filters_innermost),
    Step("im2col", "windows copied into a matrix, BLAS multiplies", "Chellapilla et al. 2006", im2col.conv2d),
    Step("implicit im2col", "the matrix as two tables, never built", "Chetlur et al. 2014", implicit.conv2d),
    Step("register tile", "MR x NR sums in registers", "Goto and van de Geijn 2008", tile.conv2d),
    Step(
        "panels and blocks",
        "weights packed, pieces that fit the caches",
        "Van Zee and van de Geijn 2015",
        blocks.conv2d,
    ),
    Step("threads", "blocks of pixels shared out", "Smith et al. 2014", threads.conv2d, threaded=True),
    Step(
        "micro-kernel",
        "minicnn's own: the tile written in LLVM IR",
        "Georganas et al. 2018",
        _microkernel,
        threaded=True,
    ),
    Step("Winograd", "F(2x2, 3x3): fewer multiplications", "Lavin and Gray 2016", winograd.conv2d, threaded=True),
)
"""The steps, first to last. Each adds one idea to the one before it, save the last two: they start from `threads`."""
