"""Which way a convolution is computed: a small model of what each would cost.

Costs are counted in multiply-adds: the time that the micro-kernel takes for one of them. For everything else the model
says how many multiply-adds would have been done in the time. Those few exchange rates were measured (`MOVE`, ...); the
rest is counting, and depends on shapes alone, so the same call always goes the same way, on any number of threads.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from minicnn.kernels.cpu.machine import tile_for

Pair = tuple[int, int]

# Multiply-adds in the time that it takes ..., in float32 with vectors of 16; measured on one core of an EPYC (Zen 5).
MOVE = 12.0  # to load, transform and store one number of V, or of M
KERNEL = 10.0  # to transform and store one number of U
FETCH = 10.0  # to fetch one number of U again from beyond the L2 cache
CALL = 10.0  # steps of the sum, to begin and end a tile of the micro-kernel
UNIT = 60  # tiles that share a fetched U, roughly


class Shape(NamedTuple):
    """A convolution, forwards or as an input gradient, by what its cost depends on."""

    images: int
    outputs: Pair  # height and width of the result
    channels: int  # of the source
    filters: int  # channels of the result
    size: Pair
    strides: Pair
    dilation: Pair
    groups: int
    dtype: str  # "f" or "d"


def winograd_suits(shape: Shape) -> bool:
    """Whether Winograd's F(m x m, 3x3) computes this at all."""
    return (shape.size, shape.strides, shape.dilation, shape.groups) == ((3, 3), (1, 1), (1, 1), 1)


class Choice(NamedTuple):
    """An algorithm, and for Winograd's how many outputs a tile has on each axis."""

    algorithm: str  # "direct", "winograd" or "im2col"
    tile: int = 0


@lru_cache(maxsize=1024)
def choose(algorithm: str, shape: Shape) -> Choice:
    """What "auto", "direct", "winograd" or "im2col" comes to. Where Winograd does not suit, the direct way is taken."""
    if algorithm in ("direct", "im2col"):
        return Choice(algorithm)
    if not winograd_suits(shape):
        return Choice("direct")
    costs = {Choice("winograd", m): winograd_cost(shape, m) for m in (2, 4)}
    if algorithm == "auto":
        costs[Choice("direct")] = direct_cost(shape)
    return min(costs, key=lambda choice: costs[choice])


def direct_cost(shape: Shape) -> float:
    """Every tap of every output, in vectors that may be partly idle."""
    (h, w), (r, s) = shape.outputs, shape.size
    return shape.images * h * w * _steps(r * s * shape.channels) * _padded(shape)


def winograd_cost(shape: Shape, m: int) -> float:
    """(m + 2)² products of tiles, channels and filters, and the way there and back."""
    tiles = shape.images * -(-shape.outputs[0] // m) * -(-shape.outputs[1] // m)
    kernel = shape.channels * _padded(shape)
    products = tiles * _steps(shape.channels) * _padded(shape)
    moved = tiles * (shape.channels + shape.filters)
    fetched = -(-tiles // UNIT) * kernel
    return (m + 2) ** 2 * (products + MOVE * moved + KERNEL * kernel + FETCH * fetched)


def _steps(length: int) -> float:
    """Steps of the micro-kernel for a sum of so many numbers."""
    return length + CALL


def _padded(shape: Shape) -> int:
    """Filters, filled up to whole panels."""
    columns = tile_for(shape.filters // shape.groups, "float" if shape.dtype == "f" else "double").columns
    return -(-shape.filters // columns) * columns
