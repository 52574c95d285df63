"""What the next unit reads, and what this one writes, asked for while there is something to compute.

A core that asks for memory when it needs it waits for it; on layers of few channels that took as long as the sums.
So between two calls of the micro-kernel a few cache lines are asked for: their way takes none of the core's time.
Lines to be written are fetched as well, as a cache does anyway before it takes a store. A request changes no number:
what is asked for in vain, or by the wrong thread, costs a little time and nothing else.

Which unit a thread computes next is not settled yet. As a rule it is the one after those that all other threads have
taken meanwhile, `threads` further on.
"""

from __future__ import annotations

from typing import NamedTuple

from minicnn.kernels.cpu.calls import address_of, fetch_to_read, fetch_to_write
from minicnn.kernels.cpu.jit import kernel
from minicnn.kernels.cpu.units import unit_extent

LINE = 64  # bytes
NEAR = 2 * 1024 * 1024  # bytes; arrays that are smaller lie in the caches of a core, or close to them
MOST = 256 * 1024  # bytes at a time: more would push out of the L2 cache what is being computed with


class Ahead(NamedTuple):
    """Memory from address `begin` to address `end`, of which each turn asks for `share` bytes."""

    begin: int
    end: int
    share: int


@kernel
def ahead(begin, end, turns):
    """What lies between two addresses, shared out evenly to so many turns."""
    size = min(max(0, end - begin), MOST)
    share = -(-size // (LINE * max(1, turns))) * LINE
    return Ahead(begin, begin + size, share)


@kernel
def pixels_ahead(strips, x, unit, turns):
    """The rows of x that a unit reads, if there is such a unit; nothing where it passes over whole rows."""
    units = -(-strips.images // strips.images_per_unit) * strips.row_blocks
    if unit >= units or strips.stride > strips.reach or x.size * x.itemsize < NEAR:
        return ahead(0, 0, turns)
    image, images, row, rows = unit_extent(strips, unit)
    first = row * strips.stride + strips.top
    last = min(strips.height, first + (rows - 1) * strips.stride + strips.reach)
    line = strips.width * strips.channels * x.itemsize
    image_at = address_of(x) + image * strips.height * line
    return ahead(image_at + max(0, first) * line, image_at + ((images - 1) * strips.height + last) * line, turns)


@kernel
def results_ahead(strips, y, rows_each, unit, turns):
    """The rows of y (N, H, W, C) that a unit writes, if there is such a unit; each for `rows_each` of its grid."""
    if y.size * y.itemsize < NEAR:
        return ahead(0, 0, turns)
    image, images, row, rows = unit_extent(strips, unit)
    line = y.shape[2] * y.shape[3] * y.itemsize
    image_at = address_of(y) + image * y.shape[1] * line
    last = (max(0, images) - 1) * y.shape[1] + min(y.shape[1], (row + rows) // rows_each)
    return ahead(image_at + row // rows_each * line, image_at + last * line, turns)


@kernel
def fetch(parts, turn):
    """A turn's share of what will be read soon."""
    for part in parts:
        begin = part.begin + turn * part.share
        for line in range(begin, min(begin + part.share, part.end), LINE):
            fetch_to_read(line)


@kernel
def claim(part, turn):
    """A turn's share of what will be written soon."""
    begin = part.begin + turn * part.share
    for line in range(begin, min(begin + part.share, part.end), LINE):
        fetch_to_write(line)
