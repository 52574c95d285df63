"""Random numbers and geometry to check gradients at: valid by construction, and away from kinks.

A draw that may be invalid and is thrown away until it fits hides which cases are never met; these always fit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np

from minicnn.geometry import Windows

# Draws a whole number from low to high, both included. Tests hand in one that can shrink what it drew.
Whole: TypeAlias = Callable[[int, int], int]
Shape: TypeAlias = Sequence[int] | np.ndarray

MARGIN = 0.1  # how far values stay from a kink: ten thousand steps of the gradient check
GAP = 0.1  # and from one another where the largest counts


def whole_from(rng: np.random.Generator) -> Whole:
    """The generator's whole numbers."""
    return lambda low, high: int(rng.integers(low, high + 1))


def shape_from(rng: np.random.Generator, ranks: tuple[int, int] = (1, 3), sides: tuple[int, int] = (1, 4)) -> list[int]:
    """A shape with as many axes, and as many elements along each, as the (lowest, highest) numbers say."""
    whole = whole_from(rng)
    return [whole(*sides) for _ in range(whole(*ranks))]


def distinct(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    """No two values closer than 0.8 · GAP and none near 0, in random order: for maxima, whose kinks are ties."""
    n = int(np.prod(shape))
    values = (rng.permutation(n) - n // 2 + 0.5 + rng.uniform(-0.1, 0.1, n)) * GAP
    return values.reshape(shape)


def between(rng: np.random.Generator, shape: Shape, kinks: Sequence[float]) -> np.ndarray:
    """Values from all the pieces into which `kinks` (ascending) cut the line, none closer than MARGIN to a kink."""
    edges = np.array([kinks[0] - 3, *kinks, kinks[-1] + 3])
    piece = rng.integers(len(edges) - 1, size=tuple(shape))
    return rng.uniform(edges[piece] + MARGIN, edges[piece + 1] - MARGIN)


def windows(whole: Whole, *, pooling: bool = False) -> Windows:
    """A kernel over an image, built backwards from the number of outputs.

    One pixel, one output, strides that skip pixels, dilation, a remainder that no window reaches and padding that
    differs on all four sides are all among them; for pooling no dilation, and padding smaller than the window.
    """
    height, r, sh, dh, rows = _axis(whole, pooling)
    width, s, sw, dw, columns = _axis(whole, pooling)
    return Windows((height, width), (r, s), (sh, sw), (dh, dw), (rows, columns))


def _axis(whole: Whole, pooling: bool) -> tuple[int, int, int, int, tuple[int, int]]:
    """image, size, stride, dilation and (before, after) pads along one axis."""
    size, stride, dilation = whole(1, 3), whole(1, 4), 1 if pooling else whole(1, 2)
    reach = (size - 1) * dilation + 1
    covered = (whole(1, 3) - 1) * stride + reach + whole(0, min(stride - 1, 1))
    most = size - 1 if pooling else 2
    before = whole(0, min(most, covered - 1))
    after = whole(0, min(most, covered - 1 - before))
    return covered - before - after, size, stride, dilation, (before, after)


def transposed_pads(whole: Whole, inputs: int, size: int, stride: int, dilation: int) -> tuple[int, int, int]:
    """(before, after, extra) along one axis: pixels taken off and added that leave a transposed convolution a pixel."""
    extra = whole(0, stride - 1)
    covered = (inputs - 1) * stride + (size - 1) * dilation + 1 + extra
    before = whole(0, min(2, covered - 1))
    return before, whole(0, min(2, covered - 1 - before)), extra
