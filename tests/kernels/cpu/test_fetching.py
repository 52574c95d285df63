"""What is fetched ahead: all that the next unit reads or writes, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from minicnn.kernels.cpu.fetching import LINE, MOST, Ahead, ahead, pixels_ahead, results_ahead
from minicnn.kernels.cpu.units import Strips, cut

TURNS = 7


@pytest.mark.parametrize(("size", "turns"), [(0, 1), (1, 3), (640, 1), (641, 5), (640, 64), (MOST, 9)])
def test_turns_share_everything(size: int, turns: int) -> None:
    part = ahead(1000, 1000 + size, turns)
    assert (part.begin, part.end) == (1000, 1000 + size)
    assert part.share % LINE == 0
    assert turns * part.share >= size > (turns - 1) * part.share - turns * LINE


def test_no_more_than_the_cache_can_hold() -> None:
    part = ahead(0, 10 * MOST, TURNS)
    assert part.end == MOST


def test_nothing_where_the_end_comes_first() -> None:
    assert ahead(5000, 4000, TURNS) == Ahead(5000, 5000, 0)


CUTS = {  # shape of x, grid, stride, first and last row of the first window
    "rows of one image, padded": ((3, 120, 120, 16), (120, 120), 1, (-1, 1)),
    "rows of one image, strided": ((3, 121, 121, 16), (60, 60), 2, (0, 2)),
    "several images": ((150, 16, 16, 16), (16, 16), 1, (-1, 1)),
}


@pytest.mark.parametrize("case", CUTS)
def test_all_that_a_unit_reads_and_writes(case: str) -> None:
    shape, grid, stride, window = CUTS[case]
    strips = cut(shape, grid, (stride, stride), window, window, 400)
    x, y = np.zeros(shape, np.float32), np.zeros((shape[0], *grid, 64), np.float32)
    read = [_rows(pixels_ahead(strips, x, unit, TURNS), x) for unit in range(strips.units)]
    written = [_rows(results_ahead(strips, y, 1, unit, TURNS), y) for unit in range(strips.units)]

    assert strips.units > 3
    assert read == [_rows_read(strips, window, unit) for unit in range(strips.units)]
    assert [row for unit in written for row in unit] == list(range(shape[0] * grid[0]))
    assert not _rows(pixels_ahead(strips, x, strips.units, TURNS), x)
    assert not _rows(results_ahead(strips, y, 1, strips.units, TURNS), y)


def test_rows_that_are_pooled() -> None:
    strips = cut((3, 60, 60, 16), (60, 60), (1, 1), (-1, 1), (-1, 1), 400, together=2)
    y = np.zeros((3, 30, 30, 200), np.float32)
    written = [_rows(results_ahead(strips, y, 2, unit, TURNS), y) for unit in range(strips.units)]
    assert [row for unit in written for row in unit] == list(range(90))


def test_what_lies_in_the_caches_is_not_asked_for() -> None:
    strips = cut((3, 60, 60, 1), (60, 60), (1, 1), (-1, 1), (-1, 1), 400)
    x = np.zeros((3, 60, 60, 1), np.float32)
    assert not _rows(pixels_ahead(strips, x, 0, TURNS), x)
    assert not _rows(results_ahead(strips, x, 1, 0, TURNS), x)


def test_rows_that_are_passed_over_are_not_asked_for() -> None:
    """A 1x1 kernel with a stride of 2 reads every second row."""
    strips = cut((3, 120, 120, 16), (60, 60), (2, 2), (0, 0), (0, 0), 400)
    x = np.zeros((3, 120, 120, 16), np.float32)
    assert not _rows(pixels_ahead(strips, x, 0, TURNS), x)


def _rows(part: Ahead, a: np.ndarray) -> list[int]:
    """The rows of a (N, H, W, C), counted through all images, that lie in this part of memory."""
    line = a[0, 0].nbytes
    (first, off), (end, beyond) = divmod(part.begin - a.ctypes.data, line), divmod(part.end - a.ctypes.data, line)
    if part.begin == part.end:
        return []
    assert off == beyond == 0
    return list(range(first, end))


def _rows_read(strips: Strips, window: tuple[int, int], unit: int) -> list[int]:
    """The same, from the definition of a unit."""
    image = unit // strips.row_blocks * strips.images_per_unit
    row = unit % strips.row_blocks * strips.rows_per_unit
    last_image = min(image + strips.images_per_unit, strips.images) - 1
    last_row = min(row + strips.rows_per_unit, strips.grid_height) - 1
    first = max(0, row * strips.stride + window[0])
    last = min(strips.height - 1, last_row * strips.stride + window[1])
    return list(range(image * strips.height + first, last_image * strips.height + last + 1))
