"""Blocks of pixels as columns: which ones are chosen, what their panels hold, and that dx is the same."""

from __future__ import annotations

import numpy as np
import pytest

from minicnn.backends import numba
from minicnn.backends import numpy as textbook
from minicnn.geometry import Windows
from minicnn.kernels.cpu import few_channels
from minicnn.kernels.cpu.few_channels import Blocks, blocks_for, panel_indices


@pytest.fixture
def wide_vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if this were a CPU whose vectors hold 16 numbers of float32."""
    blocks_for.cache_clear()
    monkeypatch.setattr(few_channels, "vector_registers", lambda: (64, 32))
    yield
    blocks_for.cache_clear()


@pytest.mark.usefixtures("wide_vectors")
def test_blocks_fill_the_lanes() -> None:
    colour = blocks_for((3, 3, 3, 32), 150, 1, 1, 0, 1, 4)
    assert colour == Blocks(pixels=5, first=-2, reach=7)
    assert blocks_for((3, 3, 1, 32), 28, 1, 1, 1, 1, 4) == Blocks(pixels=14, first=-1, reach=16)
    strided = blocks_for((7, 7, 3, 64), 224, 2, 1, 3, 1, 4)
    assert strided is not None
    assert strided.pixels % 2 == 0


@pytest.mark.usefixtures("wide_vectors")
def test_no_blocks_where_they_gain_nothing() -> None:
    assert blocks_for((3, 3, 16, 32), 30, 1, 1, 0, 1, 4) is None  # channels fill the lanes
    assert blocks_for((1, 1, 3, 32), 30, 1, 1, 0, 1, 4) is None  # each pixel of dy reaches one of dx
    assert blocks_for((3, 3, 3, 32), 30, 1, 2, 0, 1, 4) is None  # gaps
    assert blocks_for((3, 3, 3, 32), 30, 1, 1, 0, 2, 4) is None  # groups


def test_panels_hold_every_weight_once_for_each_pixel() -> None:
    size, blocks = (3, 2, 3, 5), Blocks(pixels=4, first=-1, reach=5)
    indices = panel_indices(size, (0, 2), blocks, 1, 0, (1, 1, 2 * 5 * 5, 16))
    counts = np.bincount(indices.reshape(-1), minlength=90 + 1)
    weights = np.arange(90).reshape(size)
    assert (counts[weights[[0, 2]]] == 4).all()
    assert (counts[weights[1]] == 0).all()
    assert counts.sum() == indices.size


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("strides", "padding"), [(1, "same"), (2, "valid"), ((5, 1), ((0, 3), (2, 0)))])
@pytest.mark.parametrize("width", [3, 20, 31])
def test_dx_is_that_of_the_textbook(dtype: type, strides: object, padding: object, width: int) -> None:
    windows = Windows.over((9, width), 3, strides, padding)
    rng = np.random.default_rng(0)
    dy = rng.standard_normal((3, *windows.outputs, 20)).astype(dtype)
    w = rng.standard_normal((3, 3, 2, 20)).astype(dtype)
    found = numba.conv2d_input_gradient(dy, w, windows, 1)
    tolerance = 1e-5 if dtype == np.float32 else 1e-13
    np.testing.assert_allclose(found, textbook.conv2d_input_gradient(dy, w, windows, 1), tolerance, 20 * tolerance)
