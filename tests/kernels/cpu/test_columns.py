"""The explicit column matrix, against the numpy backend, which does the same."""

from __future__ import annotations

import numpy as np
import pytest

from minicnn.backends import numba, numpy
from minicnn.geometry import Windows


@pytest.mark.parametrize("images", [0, 3])
@pytest.mark.parametrize("groups", [1, 2, 4])
def test_all_three_products(images: int, groups: int) -> None:
    rng = np.random.default_rng(0)
    windows = Windows.over((9, 7), (3, 2), (2, 1), ((1, 0), (2, 1)), (1, 2))
    x, w = rng.standard_normal((images, 9, 7, 4)), rng.standard_normal((3, 2, 4 // groups, 8))
    b, dy = rng.standard_normal(8), rng.standard_normal((images, *windows.outputs, 8))
    for name, arguments in {
        "conv2d": (x, w, b, windows, groups),
        "conv2d_input_gradient": (dy, w, windows, groups),
        "conv2d_weight_gradient": (x, dy, windows, groups),
    }.items():
        found = getattr(numba, name)(*arguments, "im2col")
        np.testing.assert_allclose(found, getattr(numpy, name)(*arguments), atol=1e-12, err_msg=name)


def test_what_is_pooled_is_the_same() -> None:
    rng = np.random.default_rng(0)
    windows = Windows.over((9, 7), 3)
    pooling = Windows.over(windows.outputs, 2, 2)
    x, w = rng.standard_normal((2, 9, 7, 4)), rng.standard_normal((3, 3, 4, 8))
    found, expected = (
        numba.conv2d_relu_pool(x, w, None, windows, 1, pooling, algorithm) for algorithm in ("im2col", "direct")
    )
    np.testing.assert_allclose(found[0], expected[0], atol=1e-12)
    np.testing.assert_array_equal(found[1], expected[1])
