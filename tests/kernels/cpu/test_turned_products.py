from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicnn.backends import get_num_threads, set_num_threads
from minicnn.kernels.cpu import turned_products

SIZES = st.integers(1, 70)


def operands(rows: int, depth: int, columns: int, transposed: bool, dtype: str) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(rows + 100 * depth + 10_000 * columns)
    shape = (columns, depth) if transposed else (depth, columns)
    a, b, bias = (rng.standard_normal(s).astype(dtype) for s in ((rows, depth), shape, (columns,)))
    return a, b, bias


@given(rows=SIZES, depth=SIZES, columns=SIZES, transposed=st.booleans(), relu=st.booleans(), with_bias=st.booleans())
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_it_is_the_product(
    dtype: str, rows: int, depth: int, columns: int, transposed: bool, relu: bool, with_bias: bool
) -> None:
    a, b, bias = operands(rows, depth, columns, transposed, dtype)
    c = np.full((rows, columns), np.nan, dtype)
    turned_products.product(a, b, transposed, bias if with_bias else None, c, relu)
    expected = a.astype(float) @ (b.T if transposed else b) + (bias if with_bias else 0)
    expected = np.maximum(expected, 0) if relu else expected
    np.testing.assert_allclose(c, expected, atol=1e-4 if dtype == "float32" else 1e-12)


@pytest.mark.parametrize("transposed", [False, True])
def test_long_sums_are_taken_in_parts_with_the_same_bits_on_any_number_of_threads(transposed: bool) -> None:
    a, b, bias = operands(5, 2 * turned_products.DEPTH + 7, 300, transposed, "float32")
    results = []
    before = get_num_threads()
    try:
        for count in range(1, before + 1):
            set_num_threads(count)
            results.append(np.empty((5, 300), np.float32))
            turned_products.product(a, b, transposed, bias, results[-1], False)
    finally:
        set_num_threads(before)
    np.testing.assert_allclose(results[0], a @ (b.T if transposed else b) + bias, atol=2e-3)
    assert all(np.array_equal(results[0], r) for r in results)


def test_nan_stays_nan_through_relu() -> None:
    a, b, _ = operands(2, 3, 40, False, "float32")
    a[0, 0] = np.nan
    c = np.empty((2, 40), np.float32)
    turned_products.product(a, b, False, None, c, True)
    assert np.isnan(c[0]).all()
    assert not np.isnan(c[1]).any()


def test_few_rows_are_turned_and_many_are_not() -> None:
    assert turned_products.suits(rows=20, columns=512, depth=6272, transposed=False, packings=1)
    assert turned_products.suits(rows=32, columns=1024, depth=500, transposed=True, packings=1)
    assert not turned_products.suits(rows=128, columns=3136, depth=10, transposed=True, packings=1)
    assert not turned_products.suits(rows=4096, columns=512, depth=512, transposed=False, packings=1)
