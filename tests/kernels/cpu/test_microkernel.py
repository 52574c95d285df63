"""The micro-kernel by itself, against the sum that it is documented to be."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit

from minicnn.kernels.cpu.calls import address_of, call_microkernel
from minicnn.kernels.cpu.llvm import assembly
from minicnn.kernels.cpu.machine import Tile, tile_for, vector_registers
from minicnn.kernels.cpu.microkernel import microkernel, source

DTYPES = {"float": (np.float32, 1e-5), "double": (np.float64, 1e-13)}


@njit
def call(function, a, row, b, c, out, run, length, step, bias, with_bias, accumulate, columns):
    call_microkernel(
        function,
        address_of(a),
        address_of(row),
        address_of(b),
        address_of(c),
        address_of(out),
        address_of(run),
        len(run),
        length,
        step,
        address_of(bias) if with_bias else 0,
        accumulate,
        columns,
    )


def tiles() -> list[Tile]:
    return [tile_for(columns, dtype) for dtype in DTYPES for columns in (1, 1000)]


@pytest.mark.parametrize("tile", tiles(), ids=str)
@pytest.mark.parametrize(("length", "known"), [(0, 0), (1, 0), (5, 0), (5, 5), (8, 0)])
@pytest.mark.parametrize("step", [1, 3])
@pytest.mark.parametrize(("accumulate", "with_bias"), [(False, False), (False, True), (True, False)])
def test_it_is_the_sum_over_runs(
    tile: Tile, length: int, known: int, step: int, accumulate: bool, with_bias: bool
) -> None:
    dtype, tolerance = DTYPES[tile.dtype]
    rng = np.random.default_rng(0)
    a, bias = rng.standard_normal(500).astype(dtype), rng.standard_normal(tile.columns).astype(dtype)
    row, run = rng.integers(0, 300, tile.rows), rng.integers(0, 100, 3)
    b = rng.standard_normal((3, length, tile.columns)).astype(dtype)
    for columns in (1, tile.columns - 1, tile.columns):
        c = rng.standard_normal((tile.rows + 1, tile.columns)).astype(dtype)
        before = c.copy()
        out = rng.permutation(tile.rows) * tile.columns
        arguments = a, row, b, c, out, run, length, step, bias, with_bias, int(accumulate), columns
        call(microkernel(tile, unit_step=step == 1, length=known), *arguments)

        expected = before.copy()
        for i, target in enumerate(out // tile.columns):
            window = a[row[i] + run[:, None] + step * np.arange(length)]  # (runs, length)
            total = np.einsum("ok,okj->j", window.astype(float), b)[:columns]
            expected[target, :columns] = total + accumulate * before[target, :columns] + with_bias * bias[:columns]
        np.testing.assert_allclose(c, expected, tolerance, 20 * tolerance)
        assert np.array_equal(c[:, columns:], before[:, columns:])  # nothing beside the columns, nothing below


@pytest.mark.parametrize("tile", tiles(), ids=str)
@pytest.mark.parametrize("more", [-1, 0, 7])
def test_b_may_be_rows_of_a_matrix_and_those_of_a_neighbours(tile: Tile, more: int) -> None:
    """Rows of B that end before the tile does are not read beyond: after the last one there is NaN."""
    dtype, tolerance = DTYPES[tile.dtype]
    rng = np.random.default_rng(0)
    line, length = tile.columns + more, 9
    columns = min(line, tile.columns)
    a, run = rng.standard_normal(100).astype(dtype), np.array([3, 40])
    b = np.full((2 * length + 1, line), np.nan, dtype)
    b[:-1] = rng.standard_normal((2 * length, line))
    row, out = 2 + np.arange(tile.rows), np.arange(tile.rows) * tile.columns
    c = np.zeros((tile.rows, tile.columns), dtype)
    call(microkernel(tile, False, line, neighbours=True), a, row, b, c, out, run, length, 2, a, False, 0, columns)

    window = a[(row + run[:, None, None] + 2 * np.arange(length)[:, None])]  # (runs, length, rows)
    expected = window.reshape(-1, tile.rows).T.astype(float) @ b[:-1, :columns]
    np.testing.assert_allclose(c[:, :columns], expected, tolerance, 20 * tolerance)
    assert not c[:, columns:].any()


def test_tiles_are_shared_evenly() -> None:
    tile = Tile(12, 2, 16, "float")
    assert [tile.shared_evenly(rows).rows for rows in (1, 9, 12, 13, 27, 288)] == [1, 9, 12, 7, 9, 12]


def test_a_row_that_fills_up_a_tile_is_added_to_once() -> None:
    tile = tile_for(1000, "float")
    a, b = np.ones(4, np.float32), np.ones((4, tile.columns), np.float32)
    c = np.full((1, tile.columns), 10, np.float32)
    zeros = np.zeros(tile.rows, np.int64)
    call(microkernel(tile, True), a, zeros, b, c, zeros, zeros[:1], 4, 1, a, False, 1, tile.columns)
    assert (c == 14).all()


@pytest.mark.parametrize("tile", tiles(), ids=str)
def test_accumulators_stay_in_registers(tile: Tile) -> None:
    """A tile too large for the register file would store and load accumulators in its innermost loop."""
    if vector_registers()[0] < 32:
        pytest.skip("without FMA a product needs a register more, and some are spilled around the loop")
    code = assembly(source("micro", tile, unit_step=True)).splitlines()
    products = [i for i, line in enumerate(code) if "fmadd" in line or "fmla" in line]
    assert len(products) >= tile.rows * tile.vectors
    stores = [line for line in code[products[0] : products[-1]] if "mov" in line and line.rstrip().endswith("(%rsp)")]
    assert not [line for line in stores if "mm" in line.split(",")[0]]
