from __future__ import annotations

import numpy as np
import pytest

from minicnn.backends import get_num_threads, set_num_threads
from minicnn.kernels.cpu import products, streamed_products


def operands(rows: int, depth: int, columns: int, dtype: str = "float32") -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(rows + 100 * depth + 10_000 * columns)
    a, b, bias = (rng.standard_normal(s).astype(dtype) for s in ((rows, depth), (depth, columns), (columns,)))
    return a, b, bias, np.full((rows, columns), np.nan, dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("relu", [False, True])
@pytest.mark.parametrize(("rows", "depth", "columns"), [(1, 1, 1), (1, 7, 5), (3, 16, 33), (8, 130, 70), (2, 65, 1)])
def test_it_is_the_product(rows: int, depth: int, columns: int, relu: bool, dtype: str) -> None:
    a, b, bias, c = operands(rows, depth, columns, dtype)
    for given in (bias, None):
        streamed_products.product(a, b, given, c, relu)
        expected = a.astype(float) @ b + (0 if given is None else bias)
        tolerance = 1e-4 if dtype == "float32" else 1e-12
        np.testing.assert_allclose(c, np.maximum(expected, 0) if relu else expected, atol=tolerance)


def test_the_bits_are_the_same_on_any_number_of_threads() -> None:
    a, b, bias, c = operands(4, 1000, 50)
    before, results = get_num_threads(), []
    try:
        for count in range(1, before + 1):
            set_num_threads(count)
            streamed_products.product(a, b, bias, c, False)
            results.append(c.copy())
    finally:
        set_num_threads(before)
    assert all(np.array_equal(results[0], r) for r in results)


def test_a_dense_layer_takes_it_for_few_rows_of_a_large_matrix(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []
    written = streamed_products.product
    monkeypatch.setattr(streamed_products, "product", lambda a, *more: taken.append(len(a)) or written(a, *more))
    for rows in (1, streamed_products.ROWS, streamed_products.ROWS + 1):
        a, b, bias, c = operands(rows, 1024, 1024)
        products.dense(a, b, bias, c)
        np.testing.assert_allclose(c, a @ b + bias, atol=1e-3)
    assert taken == [1, streamed_products.ROWS]


def test_nan_stays_nan_through_relu() -> None:
    a, b, _, c = operands(2, 3, 40)
    a[0, 0] = np.nan
    streamed_products.product(a, b, None, c, True)
    assert np.isnan(c[0]).all()
    assert not np.isnan(c[1]).any()
