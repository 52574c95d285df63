"""Keras's other ops: what they give is NumPy's, and gradients pass through those that are made of operators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from minicnn import Input, Model, Tensor, gradcheck, ops
from minicnn.errors import ArgumentError, DTypeError, ShapeError

RNG = np.random.default_rng(0)
X = RNG.permutation(24).reshape(2, 3, 4) / 8 - 1.3  # no two alike, none near a kink
Y = RNG.permutation(12).reshape(3, 4) / 4 - 1.1

COMPOSED: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "square": (ops.square, np.square),
    "abs": (ops.abs, np.abs),
    "clip": (lambda x: ops.clip(x, -0.5, 0.7), lambda x: np.clip(x, -0.5, 0.7)),
    "min": (lambda x: ops.min(x, 1), lambda x: x.min(1)),
    "min of all": (ops.min, np.min),
    "var": (lambda x: ops.var(x, (0, 2), keepdims=True), lambda x: x.var((0, 2), keepdims=True)),
    "std": (lambda x: ops.std(x, -1), lambda x: x.std(-1)),
    "dot": (lambda x: ops.dot(x[0], ops.transpose(x[1])), lambda x: x[0] @ x[1].T),
    "expand_dims": (lambda x: ops.expand_dims(x, 1), lambda x: x[:, None]),
    "expand_dims at the end": (lambda x: ops.expand_dims(x, -1), lambda x: x[..., None]),
    "squeeze": (lambda x: ops.squeeze(x[:, :1, :1]), lambda x: x[:, 0, 0]),
    "squeeze one": (lambda x: ops.squeeze(x[:, :1, :1], -1), lambda x: x[:, :1, 0]),
    "stack": (lambda x: ops.stack([x, 2 * x], 1), lambda x: np.stack([x, 2 * x], 1)),
    "where": (lambda x: ops.where(X > 0, x, x * 3), lambda x: np.where(X > 0, x, x * 3)),
    "where a number": (lambda x: ops.where(X > 0, x, -1.0), lambda x: np.where(X > 0, x, -1.0)),
    "where, broadcasting": (lambda x: ops.where(Y > 0, x, x[:, :1]), lambda x: np.where(Y > 0, x, x[:, :1])),
}


@pytest.mark.parametrize("name", COMPOSED)
def test_composed_gives_numpys_values_and_the_gradient_of_that(name: str) -> None:
    ours, numpys = COMPOSED[name]
    np.testing.assert_allclose(ops.convert_to_numpy(ours(Tensor(X))), numpys(X), rtol=1e-12, atol=1e-12)
    gradcheck(lambda x: ops.multiply(ours(x), np.asarray(numpys(X) + 2)), [X])


def test_where_is_not_led_astray_by_what_it_does_not_pick() -> None:
    x = Tensor(np.array([-1.0, 4.0]), requires_grad=True)
    y = ops.where(x > 0, x, np.array([np.inf, np.nan]))
    assert y.numpy().tolist() == [np.inf, 4.0]
    y.backward(np.ones(2))
    assert x.grad.tolist() == [0.0, 1.0]


def test_in_a_graph_they_are_operators_like_any() -> None:
    x = Input((3, 4))
    model = Model(x, ops.squeeze(ops.expand_dims(ops.square(x), 1), 1))
    np.testing.assert_allclose(model.predict(X.astype("float32"), verbose=0), np.square(X), rtol=1e-6)


DECIDING: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "equal": (lambda x: ops.equal(x, x), X == X),
    "not_equal": (lambda x: ops.not_equal(x, X[0]), X[0] != X),
    "greater": (lambda x: ops.greater(x, Y), X > Y),
    "greater_equal": (lambda x: x >= 0.2, X >= 0.2),
    "less": (lambda x: x < Y, X < Y),
    "less_equal": (lambda x: ops.less_equal(x, 0.0), X <= 0),
    "logical": (
        lambda x: ops.logical_and(x > 0, ops.logical_not(ops.logical_or(x > 1, x < 0.5))),
        (X >= 0.5) & (X <= 1),
    ),
    "isnan": (lambda x: ops.isnan(x), np.zeros_like(X, bool)),
    "argmax": (lambda x: ops.argmax(x, 1), X.argmax(1)),
    "argmin": (lambda x: ops.argmin(x, -1, keepdims=True), X.argmin(-1, keepdims=True)),
    "one_hot": (lambda x: ops.one_hot(ops.argmax(x, -1), 4), np.eye(4, dtype="float32")[X.argmax(-1)]),
    "cast": (lambda x: ops.cast(x > 0, "float32"), (X > 0).astype("float32")),
    "zeros_like": (ops.zeros_like, np.zeros_like(X)),
    "ones_like": (lambda x: ops.ones_like(x, "float32"), np.ones_like(X, "float32")),
    "stop_gradient": (ops.stop_gradient, X),
}


@pytest.mark.parametrize("name", DECIDING)
def test_deciding_gives_numpys_values_for_tensors_and_arrays(name: str) -> None:
    ours, expected = DECIDING[name]
    of_tensor = ours(Tensor(X, requires_grad=True))
    assert isinstance(of_tensor, Tensor)
    assert not of_tensor.requires_grad
    for found in (of_tensor.numpy(), ours(X)):
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)


def test_conversions() -> None:
    assert ops.zeros((2, 3)).dtype == ops.ones(3).dtype == np.float32
    assert ops.convert_to_tensor([1, 2], "float64").dtype == np.float64
    assert ops.convert_to_numpy(ops.convert_to_tensor([1, 2])).tolist() == [1.0, 2.0]
    assert ops.shape(Tensor(X)) == ops.shape(X.tolist()) == (2, 3, 4)
    assert ops.shape(Input((3,))) == (None, 3)
    assert ops.size(Tensor(X)) == ops.size(X) == 24
    x = Tensor(X, requires_grad=True)
    assert ops.cast(x, "float64") is x


BAD: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "cast on the way of a gradient": (
        lambda: ops.cast(Tensor(X, requires_grad=True), "float32"),
        DTypeError,
        "no gradient passes from float32 to float64",
    ),
    "squeeze what is longer": (lambda: ops.squeeze(Tensor(X), 1), ShapeError, r"axes \(1,\) of shape \(2, 3, 4\)"),
    "expand_dims too far": (lambda: ops.expand_dims(Tensor(X), 4), ArgumentError, r"axis must be in -4\.\.3, got 4"),
    "stack nothing": (lambda: ops.stack([]), ArgumentError, "xs must be a list of arrays"),
    "whole numbers": (lambda: ops.square(np.arange(3)), DTypeError, "must be float32 or float64, got int64"),
}


@pytest.mark.parametrize(("call", "error", "message"), BAD.values(), ids=BAD)
def test_what_makes_no_sense(call: Callable[[], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()
