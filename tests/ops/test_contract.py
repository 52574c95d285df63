"""What every operator promises beyond its values: dtypes, inputs left alone, the same bits again, any memory layout."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from minicnn import Tensor, ops
from minicnn.errors import ShapeError
from minicnn.gradient_check import CASES, Case
from minicnn.random import generator
from tests.conftest import Spy
from tests.ops.calls import run, upstream_for

DRAWS = 8
every_operator = pytest.mark.parametrize("name", CASES)


def drawn(name: str, dtype: Any = np.float64) -> Iterator[tuple[Case, np.ndarray]]:
    """Some cases of an operator, each with a random upstream gradient."""
    rng = generator(5)
    for _ in range(DRAWS):
        case = CASES[name](rng).astype(dtype)
        yield case, upstream_for(case, rng)


def bits(arrays: dict[str, Any]) -> dict[str, bytes]:
    return {name: a.tobytes() for name, a in arrays.items() if isinstance(a, np.ndarray)}


@every_operator
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtypes_and_shapes_are_kept(backend: Spy, name: str, dtype: Any) -> None:
    for case, upstream in drawn(name, dtype):
        y, gradients = run(case, upstream)
        assert y.dtype == dtype, case
        for argument, gradient in gradients.items():
            assert (gradient.dtype, gradient.shape) == (dtype, case.inputs[argument].shape), (case, argument)


@every_operator
def test_float32_agrees_with_float64(backend: Spy, name: str) -> None:
    for case, upstream in drawn(name):
        case, upstream = case.astype(np.float32), upstream.astype(np.float32)
        single = run(case, upstream)
        double = run(case.astype(np.float64), upstream.astype(np.float64))
        np.testing.assert_allclose(single.y, double.y, rtol=2e-4, atol=2e-5, err_msg=str(case))
        for argument, gradient in double.gradients.items():
            np.testing.assert_allclose(
                single.gradients[argument], gradient, rtol=2e-3, atol=1e-3, err_msg=f"{case}, {argument}"
            )


@every_operator
def test_inputs_and_upstream_gradients_are_left_alone(backend: Spy, name: str) -> None:
    for case, upstream in drawn(name):
        before = bits(case.inputs), bits(case.options), upstream.tobytes()
        run(case, upstream)
        assert (bits(case.inputs), bits(case.options), upstream.tobytes()) == before, case


@every_operator
def test_read_only_arrays_are_accepted(backend: Spy, name: str) -> None:
    for case, upstream in drawn(name):
        for a in (*case.inputs.values(), *case.options.values(), upstream):
            if isinstance(a, np.ndarray):
                a.setflags(write=False)
        run(case, upstream)


@every_operator
def test_the_pullback_may_be_called_twice(backend: Spy, name: str) -> None:
    for case, upstream in drawn(name):
        tensors = {argument: Tensor(a, requires_grad=True) for argument, a in case.inputs.items()}
        y = case(**tensors)
        passes = []
        for _ in range(2):
            y.backward(upstream, retain_graph=True)
            passes.append(bits({argument: t.grad for argument, t in tensors.items()}))
            for t in tensors.values():
                t.zero_grad()
        assert passes[0] == passes[1], case


@every_operator
def test_the_same_inputs_give_the_same_bits(backend: Spy, name: str) -> None:
    for case, upstream in drawn(name):
        first, second = run(case, upstream), run(case, upstream)
        assert first.y.tobytes() == second.y.tobytes(), case
        assert bits(first.gradients) == bits(second.gradients), case


@every_operator
def test_plain_arrays_give_the_same_as_tensors(backend: Spy, name: str) -> None:
    for case, upstream in drawn(name):
        plain = case(**case.inputs)
        assert not isinstance(plain, Tensor)
        assert np.asarray(plain).tobytes() == run(case, upstream).y.tobytes()


def strided(a: np.ndarray) -> np.ndarray:
    """Every other element along every axis of a larger array, the rest of which is NaN."""
    buffer = np.full([2 * n for n in a.shape], np.nan, a.dtype)
    view = buffer[(slice(None, None, 2),) * a.ndim] if a.ndim else buffer
    view[...] = a
    return view


def backwards(a: np.ndarray) -> np.ndarray:
    """The same elements, laid out from the end."""
    flip = (slice(None, None, -1),) * a.ndim
    return a[flip].copy()[flip]


def columns_first(a: np.ndarray) -> np.ndarray:
    """Fortran's order."""
    return a.copy(order="F")


@every_operator
@pytest.mark.parametrize("layout", [strided, backwards, columns_first])
def test_any_memory_layout_gives_the_same(backend: Spy, name: str, layout: Callable[[np.ndarray], np.ndarray]) -> None:
    for case, upstream in drawn(name):
        inputs = {argument: layout(a) for argument, a in case.inputs.items()}
        expected = run(case, upstream)
        found = run(Case(case.operator, inputs, case.options), layout(upstream))
        np.testing.assert_allclose(found.y, expected.y, rtol=1e-12, atol=1e-12, err_msg=str(case))
        for argument, gradient in expected.gradients.items():
            np.testing.assert_allclose(
                found.gradients[argument], gradient, rtol=1e-11, atol=1e-12, err_msg=f"{case}, {argument}"
            )


# Operators whose first axis may be a batch, and the options that have one entry an image.
BATCHED = [
    *("conv2d", "depthwise_conv2d", "conv2d_transpose", "dense", "zero_pad2d", "upsample2d", "batch_norm_inference"),
    *("conv2d_relu", "dense_relu"),
    *("max_pool2d", "average_pool2d", "global_max_pool2d", "global_average_pool2d"),
    *("relu", "relu6", "leaky_relu", "prelu", "sigmoid", "tanh", "softmax", "dropout"),
    *("elu", "selu", "gelu", "silu", "softplus", "log_softmax"),
    *("negative", "exp", "log", "sqrt", "absolute", "power"),
    *("softmax_cross_entropy", "cross_entropy", "binary_cross_entropy"),
]
PER_IMAGE = ("labels", "targets")


@pytest.mark.parametrize("name", BATCHED)
def test_a_batch_of_no_images_gives_no_images(backend: Spy, name: str) -> None:
    batches = [case for case, _ in drawn(name) if next(iter(case.inputs.values())).ndim > 1]
    assert batches
    for case in batches:
        first, *others = case.inputs
        inputs = {**case.inputs, first: case.inputs[first][:0]}
        options = {option: value[:0] if option in PER_IMAGE else value for option, value in case.options.items()}
        empty = Case(case.operator, inputs, options)
        y, gradients = run(empty, upstream_for(empty, generator(0)))
        assert y.shape == (0, *np.shape(case(**case.inputs))[1:]), case
        assert gradients[first].shape == inputs[first].shape
        for argument in others:
            assert gradients[argument].shape == inputs[argument].shape
            assert not gradients[argument].any()


def test_batch_norm_of_nothing_has_no_mean(backend: Spy) -> None:
    with pytest.raises(ShapeError, match=r"batch_norm: x .* has no elements"):
        ops.batch_norm(np.zeros((0, 3)), np.ones(3), np.ones(3))
