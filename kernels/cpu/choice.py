"""Which way a convolution is computed: a small model of what each would cost.

Costs are counted in multiply-adds: the time that the micro-kernel takes for one of them. For everything else the model
says how many multiply-adds would have been done in that time. Those few exchange rates were fitted to 42 layers, each
raced all ways on one core with vectors of 16 floats. For each of them the way chosen forwards was then the fastest, or
at most 8 % slower; of 38 weight gradients all but two were (one took the larger tile wrongly, and one, of images of
one pixel, the direct way).
The rest is counting, and depends on shapes alone: the same call always goes the same way, on any number of threads.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from minicnn.kernels.cpu.machine import Tile, tile_for

Pair = tuple[int, int]

# Multiply-adds in the time that it takes
CALL = 10.0  # ... to begin and end a tile of the micro-kernel, for each of its numbers
PACK = 120.0  # ... to pack one number of the kernel
MOVE = 4.0  # ... to load, transform and store one number of V or M
KERNEL = 20.0  # ... to transform and store one number of U
FETCH = 5.0  # ... to fetch one number of U again, for the next unit
UNIT = 72  # tiles that share it
# and in weight gradients:
ADD = 20.0  # ... to add a tile of the micro-kernel to what is there, for each of its numbers
MAKE = 8.0  # ... to load, transform and store one number of V or D
SUM = 36.0  # ... to add up and transform back one number of S
PIXELS = 700  # in a unit, done directly
TILES = 128  # in a unit of Winograd's

WIDEST = 4096  # outputs in a row: a unit of Winograd's holds all tiles of one, and each thread needs memory for it


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
def choose(algorithm: str, shape: Shape, weights: bool = False) -> Choice:
    """What "auto", "direct", "winograd" or "im2col" comes to. Where Winograd does not suit, the direct way is taken.

    weights: for the weight gradient of the convolution, not for the convolution itself.
    """
    if algorithm in ("direct", "im2col"):
        return Choice(algorithm)
    if not winograd_suits(shape) or (algorithm == "auto" and shape.outputs[1] > WIDEST):
        return Choice("direct")
    direct, winograd = (direct_weight_cost, winograd_weight_cost) if weights else (direct_cost, winograd_cost)
    costs = {Choice("winograd", m): winograd(shape, m) for m in (2, 4)}
    if algorithm == "auto":
        costs[Choice("direct")] = direct(shape)
    return min(costs, key=lambda choice: costs[choice])


def direct_cost(shape: Shape) -> float:
    """Every tap of every output."""
    (h, w), (r, s) = shape.outputs, shape.size
    tile, filters = _panels(shape)
    taps = r * s * shape.channels // shape.groups
    return (_up(shape.images * h * w, tile.rows) * (taps + CALL) + PACK * taps) * filters


def winograd_cost(shape: Shape, m: int) -> float:
    """(m + 2)² products of tiles, channels and filters, and the way there and back."""
    tile, filters = _panels(shape)
    tiles = shape.images * -(-shape.outputs[0] // m) * -(-shape.outputs[1] // m)
    units = max(1, round(tiles / UNIT))
    products = units * _up(-(-tiles // units), tile.rows) * (shape.channels + CALL) * filters
    moved = tiles * (shape.channels + shape.filters)
    kernel = shape.channels * filters
    return (m + 2) ** 2 * (products + MOVE * moved + (KERNEL + FETCH * units) * kernel)


def direct_weight_cost(shape: Shape) -> float:
    """Every pixel for every number of the kernel."""
    tile, filters = _panels(shape)
    (h, w), (r, s) = shape.outputs, shape.size
    pixels = shape.images * h * w
    taps = r * s * shape.channels // shape.groups
    return (_up(taps, tile.rows) * (pixels + ADD * -(-pixels // PIXELS)) + SUM * taps) * filters


def winograd_weight_cost(shape: Shape, m: int) -> float:
    """(m + 2)² products of channels, tiles and filters, and the way there and back."""
    tile, filters = _panels(shape)
    tiles = shape.images * -(-shape.outputs[0] // m) * -(-shape.outputs[1] // m)
    products = _up(shape.channels, tile.rows) * (tiles + ADD * -(-tiles // TILES)) * filters
    moved = tiles * (shape.channels + shape.filters)
    return (m + 2) ** 2 * (products + MAKE * moved + SUM * shape.channels * filters)


def _panels(shape: Shape) -> tuple[Tile, int]:
    """The micro-kernel's tile, and the number of filters, filled up to whole panels."""
    tile = tile_for(shape.filters // shape.groups, "float" if shape.dtype == "f" else "double")
    return tile, shape.groups * _up(shape.filters // shape.groups, tile.columns)


def _up(n: int, unit: int) -> int:
    """n, filled up to whole units."""
    return -(-n // unit) * unit
