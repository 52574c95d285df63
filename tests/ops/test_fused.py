"""Fused groups against what they are made of, over drawn geometry."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicnn import ops
from minicnn.gradient_check import CASES, Case
from minicnn.random import generator
from tests.conftest import Spy
from tests.ops.calls import run, upstream_for

RELATIVE = {"float32": 1e-6, "float64": 1e-12}


def _pooled(z: Any, pool_size: Any) -> Any:
    return z if pool_size == (1, 1) else ops.max_pool2d(z, pool_size)


def conv2d_relu(x: Any, w: Any, b: Any = None, *, pool_size: Any = (1, 1), **options: Any) -> Any:
    return _pooled(ops.relu(ops.conv2d(x, w, b, **options)), pool_size)


def batch_norm_relu(x: Any, gamma: Any, beta: Any, *, pool_size: Any = (1, 1), **options: Any) -> Any:
    return _pooled(ops.relu(ops.batch_norm(x, gamma, beta, **options)), pool_size)


def dense_relu(x: Any, w: Any, b: Any = None) -> Any:
    return ops.relu(ops.dense(x, w, b))


def add_relu(x: Any, y: Any) -> Any:
    return ops.relu(ops.add(x, y))


def batch_norm_add(x: Any, gamma: Any, beta: Any, shortcut: Any, *, relu: str | None, **options: Any) -> Any:
    z = ops.batch_norm(x, gamma, beta, **options)
    if relu == "before":
        return ops.relu(z) + shortcut
    return ops.relu(z + shortcut) if relu else z + shortcut


UNFUSED = {f.__name__: f for f in (conv2d_relu, batch_norm_relu, dense_relu, add_relu, batch_norm_add)}


@pytest.mark.parametrize("dtype", RELATIVE)
@pytest.mark.parametrize("name", UNFUSED)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_same_numbers_as_one_operator_after_another(backend: Spy, name: str, dtype: str, seed: int) -> None:
    rng = generator(seed)
    case = CASES[name](rng).astype(dtype)
    upstream = upstream_for(case, rng)
    fused = run(case, upstream)
    unfused = run(Case(UNFUSED[name], case.inputs, case.options), upstream)
    assert fused.y.tobytes() == unfused.y.tobytes(), "the same sums in the same order"
    for argument, expected in unfused.gradients.items():
        # dx of batch-norm is a difference of sums that nearly cancel: it is judged by how large they are
        scale = max(1.0, float(np.abs(expected).max()), float(np.abs(upstream).sum() if "batch_norm" in name else 0))
        found = fused.gradients[argument]
        np.testing.assert_allclose(
            found, expected, rtol=0, atol=4 * RELATIVE[dtype] * scale, err_msg=f"{case}, {argument}"
        )


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (3, 2), (2, 4), (4, 4)])
@pytest.mark.parametrize("channels", [1, 6, 16, 17, 40])
def test_every_window_and_any_number_of_channels(backend: Spy, size: tuple[int, int], channels: int) -> None:
    """Whole vectors of channels and what is left of them, ties, and pixels that no window holds."""
    rng = generator(channels)
    x = rng.integers(-2, 3, (2, 9, 11, 3)).astype(np.float32)
    w = rng.integers(-1, 2, (2, 2, 3, channels)).astype(np.float32)
    b = rng.integers(-3, 2, channels).astype(np.float32)
    case = Case(ops.conv2d_relu, {"x": x, "w": w, "b": b}, {"pool_size": size, "padding": "same"})
    upstream = rng.integers(-4, 5, case(**case.inputs).shape).astype(np.float32)
    fused, unfused = run(case, upstream), run(Case(conv2d_relu, case.inputs, case.options), upstream)
    np.testing.assert_array_equal(fused.y, unfused.y)
    for argument, expected in unfused.gradients.items():  # whole numbers: every order of a sum gives the same
        np.testing.assert_array_equal(fused.gradients[argument], expected, err_msg=argument)


@pytest.mark.parametrize("relu", ["after", "before", None])
@pytest.mark.parametrize("shape", [(2, 9, 11, 17), (3, 300, 6), (700, 40), (1, 5, 5, 16), (3, 5000)])
def test_sums_of_every_length_and_any_number_of_channels(
    backend: Spy, shape: tuple[int, ...], relu: str | None
) -> None:
    """Several blocks of rows, several vectors of channels, and what is left of both."""
    rng = generator(1)
    inputs = {
        "x": rng.standard_normal(shape).astype(np.float32),
        "gamma": np.full(shape[-1], 0.5, np.float32),
        "beta": np.zeros(shape[-1], np.float32),
        "shortcut": rng.standard_normal(shape).astype(np.float32),
    }
    case = Case(ops.batch_norm_add, inputs, {"relu": relu})
    upstream = rng.integers(-4, 5, shape).astype(np.float32)
    fused, unfused = run(case, upstream), run(Case(batch_norm_add, inputs, {"relu": relu}), upstream)
    np.testing.assert_array_equal(fused.y, unfused.y)
    for argument, expected in unfused.gradients.items():
        atol = 1e-5 * np.abs(upstream).sum(axis=tuple(range(len(shape) - 1))).max()
        np.testing.assert_allclose(fused.gradients[argument], expected, rtol=0, atol=atol, err_msg=argument)


@pytest.mark.parametrize("tap", range(4))
def test_a_nan_stays_visible(backend: Spy, tap: int) -> None:
    x = np.array([[1.0, 2], [4, 3]], np.float32)
    x.reshape(-1)[tap] = np.nan
    y = ops.conv2d_relu(x[None, :, :, None], np.ones((1, 1, 1, 1), np.float32), pool_size=2)
    assert np.isnan(y).all()


@pytest.mark.parametrize("relu", ["after", "before"])
def test_a_nan_of_a_shortcut_stays_visible(backend: Spy, relu: str) -> None:
    x, shortcut = generator(0).standard_normal((2, 3, 4))
    shortcut[1, 2] = np.nan
    y = ops.batch_norm_add(x, np.ones(4), np.zeros(4), shortcut, relu=relu)
    assert np.argwhere(np.isnan(y)).tolist() == [[1, 2]]
    assert np.argwhere(np.isnan(ops.add_relu(x, shortcut))).tolist() == [[1, 2]]


def test_batch_norm_tells_its_moments(backend: Spy) -> None:
    x = generator(0).normal(3, 2, (4, 6, 6, 5))
    told: list[np.ndarray] = []
    ops.batch_norm_relu(x, np.ones(5), np.zeros(5), pool_size=2, observe=lambda *moments: told.extend(moments))
    np.testing.assert_allclose(told[0], x.mean(axis=(0, 1, 2)), rtol=1e-13)
    np.testing.assert_allclose(told[1], x.var(axis=(0, 1, 2)), rtol=1e-13)
    summed: list[np.ndarray] = []
    ops.batch_norm_add(x, np.ones(5), np.zeros(5), x, observe=lambda *moments: summed.extend(moments))
    np.testing.assert_array_equal(summed, told)
