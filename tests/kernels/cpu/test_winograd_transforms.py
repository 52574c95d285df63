"""The matrices against the identity that they are made for, and the emitted functions against the matrices."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from numba import njit

from minicnn.kernels.cpu.calls import address_of, call_address
from minicnn.kernels.cpu.winograd_transforms import PAIRS, kernel_in, matrices, outputs_from, pixels_in

SHARP = {"float": (np.float32, 1e-5), "double": (np.float64, 1e-13)}


@njit
def call(function, channels, source, target):
    """source (n, n, channels) -> target, whose rows and columns may be longer."""
    row, column = source.shape[1] * source.shape[2], source.shape[2]
    to_row, to_column = target.shape[1] * target.shape[2], target.shape[2]
    call_address(function, (channels, address_of(source), row, column, address_of(target), to_row, to_column))


@njit
def call_outputs(function, channels, source, target, bias, rows, columns):
    row, column = source.shape[1] * source.shape[2], source.shape[2]
    to_row, to_column = target.shape[1] * target.shape[2], target.shape[2]
    call_address(
        function,
        (
            channels,
            address_of(source),
            row,
            column,
            address_of(target),
            to_row,
            to_column,
            address_of(bias),
            rows,
            columns,
        ),
    )


@pytest.mark.parametrize("m", PAIRS)
def test_the_points_are_exact(m: int) -> None:
    """So are their powers, and so Bᵀ and Aᵀ: only G is rounded."""
    pixels, _, outputs = matrices(m)
    for matrix in (pixels, outputs):
        np.testing.assert_array_equal(matrix, matrix.astype(np.float32))
    assert all(Fraction(p).denominator <= 4 for p in PAIRS[m])


@pytest.mark.parametrize("m", PAIRS)
def test_one_dimension(m: int) -> None:
    """Aᵀ [(G g) ⊙ (Bᵀ d)] is the correlation of m + 2 pixels with 3 taps."""
    rng = np.random.default_rng(0)
    pixels, kernel, outputs = matrices(m)
    d, g = rng.standard_normal(m + 2), rng.standard_normal(3)
    np.testing.assert_allclose(outputs @ ((kernel @ g) * (pixels @ d)), np.correlate(d, g), rtol=1e-12)


@pytest.mark.parametrize("channels", [1, 16, 37])
@pytest.mark.parametrize("dtype", SHARP)
@pytest.mark.parametrize("m", PAIRS)
def test_the_functions_apply_the_matrices(m: int, dtype: str, channels: int) -> None:
    kind, tolerance = SHARP[dtype]
    rng = np.random.default_rng(0)
    for function, matrix in ((pixels_in, matrices(m).pixels), (kernel_in, matrices(m).kernel)):
        points, n = matrix.shape
        x = rng.standard_normal((n, n, channels + 3)).astype(kind)
        values = np.zeros((points, points, channels + 1), kind)
        call(function(m, dtype), channels, x, values)
        expected = np.einsum("pi,qj,ijc->pqc", matrix, matrix, x[..., :channels].astype(float))
        np.testing.assert_allclose(values[..., :channels], expected, atol=tolerance * np.abs(expected).max())
        assert not values[..., channels:].any()


@pytest.mark.parametrize("channels", [1, 16, 37])
@pytest.mark.parametrize("dtype", SHARP)
@pytest.mark.parametrize("m", PAIRS)
def test_outputs_past_the_rim_are_not_written(m: int, dtype: str, channels: int) -> None:
    kind, tolerance = SHARP[dtype]
    rng = np.random.default_rng(0)
    matrix, bias = matrices(m).outputs, rng.standard_normal(channels).astype(kind)
    values = rng.standard_normal((m + 2, m + 2, channels)).astype(kind)
    expected = np.einsum("ip,jq,pqc->ijc", matrix, matrix, values.astype(float)) + bias
    for rows in range(1, m + 2):
        for columns in range(1, m + 2):
            y = np.zeros((m + 1, m + 1, channels + 1), kind)
            call_outputs(outputs_from(m, dtype), channels, values, y, bias, rows, columns)
            inside = y[: min(rows, m), : min(columns, m), :channels]
            np.testing.assert_allclose(
                inside, expected[:rows, :columns], atol=tolerance * np.abs(expected).max(), rtol=tolerance
            )
            inside[...] = 0
            assert not y.any()
