"""Infinities and NaN: every backend gives what the textbook gives, and that is what PyTorch gives.

A network that diverges is debugged by where the first NaN stands, so none may be lost, moved or made.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minicnn import ops, use_backend
from minicnn.backends import beside
from minicnn.gradient_check import Case
from minicnn.random import generator
from tests.conftest import Spy
from tests.ops.calls import Result, run

INF, NAN = np.inf, np.nan
NUMBERS = [-INF, -5.0, -1.0, 0.0, 0.5, 1.0, 2.0, 5.0, INF, NAN]  # none so far apart that float32 rounds it away


def through_ones(x: Any, **options: Any) -> Any:
    """conv2d_relu by a kernel that changes nothing."""
    return ops.conv2d_relu(x[..., :1], beside(np.ones((1, 1, 1, 1), x.dtype), x.data), **options)


OPERATORS: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "relu": (ops.relu, {}),
    "relu with all options": (ops.relu, {"negative_slope": 0.1, "max_value": 6.0, "threshold": 1.0}),
    "relu6": (ops.relu6, {}),
    "leaky_relu": (ops.leaky_relu, {}),
    "elu": (ops.elu, {}),
    "selu": (ops.selu, {}),
    "gelu": (ops.gelu, {}),
    "gelu, approximately": (ops.gelu, {"approximate": True}),
    "silu": (ops.silu, {}),
    "softplus": (ops.softplus, {}),
    "sigmoid": (ops.sigmoid, {}),
    "tanh": (ops.tanh, {}),
    "softmax": (ops.softmax, {}),
    "log_softmax": (ops.log_softmax, {}),
    "max_pool2d": (ops.max_pool2d, {"pool_size": 3, "strides": 2, "padding": 1}),
    "average_pool2d": (ops.average_pool2d, {"pool_size": 3, "strides": 2, "padding": 1}),
    "global_max_pool2d": (ops.global_max_pool2d, {}),
    "conv2d_relu": (through_ones, {}),
    "conv2d_relu, pooled": (through_ones, {"pool_size": 2}),
}


def result(name: str, x: np.ndarray, dy: np.ndarray) -> Result:
    """The operator forwards and backwards; dy is cut to the shape of what comes out."""
    operator, options = OPERATORS[name]
    with np.errstate(all="ignore"):
        y = operator(x, **options)
        return run(Case(operator, {"x": x}, options), np.resize(dy, y.shape).astype(y.dtype))


@pytest.mark.parametrize("name", OPERATORS)
@settings(max_examples=5)
@given(seed=st.integers(0, 2**32), ends=st.floats(0.0, 1.0))
def test_every_backend_gives_in_float32_what_the_textbook_gives_in_float64(
    backend: Spy, name: str, seed: int, ends: float
) -> None:
    rng = generator(seed)
    many = 0.05 + 0.45 * ends  # so many are infinite or NaN
    chances = [many / 3 if not np.isfinite(n) else (1 - many) / 7 for n in NUMBERS]
    x, dy = rng.choice(NUMBERS, (2, 3, 7, 6, 3), p=chances)
    found = result(name, x.astype(np.float32), dy.astype(np.float32))
    with use_backend("numpy"):
        expected = result(name, x, dy)
    np.testing.assert_allclose(found.y, expected.y, 1e-5, 1e-5)
    np.testing.assert_allclose(found.gradients["x"], expected.gradients["x"], 1e-5, 1e-4)


# x: -infinity, -1, 1, infinity, NaN. What PyTorch 2.13 gives for y and, with a gradient of ones, for dx; but gelu of
# infinity, where it has NaN and the limit is infinity, and the slopes of leaky_relu and elu at NaN: 0.2 and 1.
BY_PYTORCH: dict[str, tuple[list[float], list[float]]] = {
    "relu": ([0, 0, 1, INF, NAN], [0, 0, 1, 1, 1]),
    "relu6": ([0, 0, 1, 6, NAN], [0, 0, 1, 0, 1]),
    "leaky_relu": ([-INF, -0.2, 1, INF, NAN], [0.2, 0.2, 1, 1, 1]),
    "elu": ([-1, np.exp(-1) - 1, 1, INF, NAN], [0, np.exp(-1), 1, 1, NAN]),
    "sigmoid": ([0, 1 / (1 + np.e), 1 / (1 + 1 / np.e), 1, NAN], [0, 0.19661193, 0.19661193, 0, NAN]),
    "tanh": ([-1, -np.tanh(1), np.tanh(1), 1, NAN], [0, 0.41997434, 0.41997434, 0, NAN]),
    "silu": ([NAN, -0.26894142, 0.73105858, INF, NAN], [NAN, 0.07232949, 0.92767051, NAN, NAN]),
    "gelu": ([NAN, -0.15865525, 0.84134475, INF, NAN], [NAN, -0.08331547, 1.08331547, NAN, NAN]),
    "softplus": ([0, 0.31326169, 1.31326169, INF, NAN], [0, 0.26894142, 0.73105858, 1, NAN]),
}


@pytest.mark.parametrize("name", BY_PYTORCH)
def test_activations_where_numbers_end(backend: Spy, name: str) -> None:
    found = result(name, np.array([-INF, -1, 1, INF, NAN]), np.ones(5))
    y, dx = BY_PYTORCH[name]
    np.testing.assert_allclose(found.y, y, atol=1e-7)
    np.testing.assert_allclose(found.gradients["x"], dx, atol=1e-7)


def test_a_gradient_that_is_no_number_stops_at_a_relu_that_is_shut(backend: Spy) -> None:
    for name in ("relu", "relu6"):
        found = result(name, np.array([-1.0, 0.0, 7.0, 1.0]), np.array([NAN, INF, NAN, NAN]))
        np.testing.assert_array_equal(found.gradients["x"], [0, 0, NAN if name == "relu" else 0, NAN])
