"""How a convolution is cut into units of work, and the strip of the padded image that a unit reads.

A unit is some hundred output pixels: a few rows of one image, or several small images. That is enough for the
micro-kernel to reuse a weight panel many times, and little enough for the unit's pixels to stay in the L2 cache.
How the work is cut never depends on the number of threads.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from minicnn.kernels.cpu.calls import address_of, clear_bytes, copy_bytes
from minicnn.kernels.cpu.jit import kernel

Pair = tuple[int, int]
Pads = tuple[Pair, Pair]


class Strips(NamedTuple):
    """The strip of rows that each unit reads: out of x (N, H, W, C) itself, or out of a padded copy of a few rows."""

    height: int
    width: int
    channels: int
    images: int
    images_per_unit: int
    rows_per_unit: int  # of the output grid
    row_blocks: int  # units that share an image
    grid_height: int
    grid_width: int
    stride: int  # rows of x between rows of the grid
    reach: int  # rows of x that one row of the grid reads
    top: int  # row of x that the first window starts at; negative where there is padding
    left: int
    strip_rows: int  # of one image in a full unit
    strip_width: int
    in_place: bool

    @property
    def units(self) -> int:
        """How many there are."""
        return -(-self.images // self.images_per_unit) * self.row_blocks

    @property
    def scratch_size(self) -> int:
        """Numbers in the padded copy that a unit needs."""
        return 0 if self.in_place else self.images_per_unit * self.strip_rows * self.strip_width * self.channels


def cut(
    shape: tuple[int, ...],
    grid: Pair,
    strides: Pair,
    rows: Pair,
    columns: Pair,
    pixels: int,
    together: int = 1,
    least: int = 8,
) -> Strips:
    """Units of about `pixels` outputs for windows over x of `shape` (N, H, W, C).

    grid: outputs (height, width); strides: pixels of x between them; rows, columns: (first, last) row and column of x
    that window 0 touches; negative, or past the end for later windows, means padding; together: grid rows that must
    not be parted, a divisor of the grid's height; least: units that several images are divided into, if there are as
    many images.
    """
    n, height, width, channels = shape
    (grid_h, grid_w), (down, across) = grid, strides
    reach_h, reach_w = rows[1] - rows[0] + 1, columns[1] - columns[0] + 1
    if grid_h * grid_w >= 2 * pixels:
        images_per_unit, rows_per_unit = 1, min(grid_h, max(1, round(pixels / grid_w / together)) * together)
    else:
        images_per_unit, rows_per_unit = max(1, min(-(-pixels // (grid_h * grid_w)), -(-n // least))), grid_h
    in_place = (
        rows[0] >= 0
        and columns[0] >= 0
        and (grid_h - 1) * down + rows[1] < height
        and (grid_w - 1) * across + columns[1] < width
    )
    return Strips(
        height,
        width,
        channels,
        n,
        images_per_unit,
        rows_per_unit,
        -(-grid_h // rows_per_unit),
        grid_h,
        grid_w,
        down,
        reach_h,
        rows[0],
        columns[0],
        height if in_place else (rows_per_unit - 1) * down + reach_h,
        width if in_place else (grid_w - 1) * across + reach_w,
        in_place,
    )


@kernel
def unit_extent(strips, unit):
    """(first image, images, first grid row, grid rows) of a unit; the last ones may be smaller."""
    image = unit // strips.row_blocks * strips.images_per_unit
    row = unit % strips.row_blocks * strips.rows_per_unit
    images = min(strips.images_per_unit, strips.images - image)
    return image, images, row, min(strips.rows_per_unit, strips.grid_height - row)


@kernel
def strip_address(strips, x, memory, image, images, row, rows):
    """Where the unit's strip starts: in x itself, or in `memory`, after its pixels and their padding were put there."""
    size = x.itemsize
    first = row * strips.stride + strips.top
    pixel = strips.channels * size
    if strips.in_place:
        return address_of(x) + ((image * strips.height + first) * strips.width + strips.left) * pixel
    line = strips.strip_width * pixel
    begin = min(max(0, -strips.left), strips.strip_width)
    end = max(begin, min(strips.strip_width, strips.width - strips.left))
    for n in range(images):
        for q in range((rows - 1) * strips.stride + strips.reach):
            target = address_of(memory) + (n * strips.strip_rows + q) * line
            h = first + q
            if h < 0 or h >= strips.height or begin == end:
                clear_bytes(target, line)
                continue
            source = address_of(x) + (((image + n) * strips.height + h) * strips.width + strips.left + begin) * pixel
            clear_bytes(target, begin * pixel)
            copy_bytes(target + begin * pixel, source, (end - begin) * pixel)
            clear_bytes(target + end * pixel, (strips.strip_width - end) * pixel)
    return address_of(memory)


def filled_up(offsets: np.ndarray, rows: int) -> np.ndarray:
    """`offsets` with its last one repeated until whole tiles of `rows` are full: those rows are computed again."""
    flat = offsets.reshape(-1).astype(np.int64)
    return np.pad(flat, (0, -len(flat) % rows), mode="edge")
