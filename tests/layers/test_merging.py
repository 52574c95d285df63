"""Layers that make one tensor of several."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from minicnn import Input, layers
from minicnn.errors import ArgumentError, ShapeError
from minicnn.layers import Layer, deserialize, serialize
from minicnn.tensor import Tensor

RNG = np.random.default_rng(0)
X = [RNG.standard_normal((3, 4, 2)) for _ in range(3)]
ROWS = [RNG.standard_normal((3, 5)) for _ in range(2)]


def unit(x: np.ndarray) -> np.ndarray:
    return x / np.sqrt((x * x).sum(axis=-1, keepdims=True))


# What the layer gives, said by NumPy alone.
MERGING: dict[str, tuple[Callable[[], Layer], list[np.ndarray], np.ndarray]] = {
    "add": (lambda: layers.Add(), X, X[0] + X[1] + X[2]),
    "add a row to each": (lambda: layers.Add(), [X[0], X[1][:, :1]], X[0] + X[1][:, :1]),
    "subtract": (lambda: layers.Subtract(), X[:2], X[0] - X[1]),
    "multiply": (lambda: layers.Multiply(), X, X[0] * X[1] * X[2]),
    "average": (lambda: layers.Average(), X, (X[0] + X[1] + X[2]) / 3),
    "maximum": (lambda: layers.Maximum(), X, np.stack(X).max(axis=0)),
    "minimum": (lambda: layers.Minimum(), X, np.stack(X).min(axis=0)),
    "concatenate": (lambda: layers.Concatenate(), [X[0], X[1][..., :1]], np.concatenate([X[0], X[1][..., :1]], -1)),
    "concatenate rows": (lambda: layers.Concatenate(axis=1), [X[0], X[1][:, :3]], np.hstack([X[0], X[1][:, :3]])),
    "dot": (lambda: layers.Dot(axes=1), ROWS, (ROWS[0] * ROWS[1]).sum(axis=1, keepdims=True)),
    "dot of rows": (lambda: layers.Dot(axes=(2, 2)), X[:2], np.einsum("nad,nbd->nab", X[0], X[1])),
    "dot along steps": (lambda: layers.Dot(axes=1), X[:2], np.einsum("nda,ndb->nab", X[0], X[1])),
    "cosine": (lambda: layers.Dot(axes=-1, normalize=True), ROWS, (unit(ROWS[0]) * unit(ROWS[1])).sum(-1)[:, None]),
}
each = pytest.mark.parametrize(("make", "x", "expected"), MERGING.values(), ids=MERGING)


@each
def test_what_it_gives(make: Callable[[], Layer], x: list[np.ndarray], expected: np.ndarray) -> None:
    layer = make()
    y = layer([a.astype("float32") for a in x])
    assert y.dtype == np.float32
    np.testing.assert_allclose(y.data, expected, rtol=1e-5, atol=1e-6)
    assert layer.output_shape == (None, *expected.shape[1:])
    assert make()([Input(a.shape[1:]) for a in x]).shape == (None, *expected.shape[1:])


@each
def test_gradients_reach_every_input(make: Callable[[], Layer], x: list[np.ndarray], expected: np.ndarray) -> None:
    upstream = np.random.default_rng(1).standard_normal(expected.shape)
    tensors = [Tensor(a, requires_grad=True) for a in x]
    layer = deserialize({**(entry := serialize(make())), "config": {**entry["config"], "dtype": "float64"}})
    layer(tensors).backward(upstream)
    for i, t in enumerate(tensors):
        step = np.random.default_rng(2).standard_normal(t.shape) * 1e-6
        moved = [(np.add if j == i else lambda a, _: a)(a, step) for j, a in enumerate(x)]
        back = [(np.subtract if j == i else lambda a, _: a)(a, step) for j, a in enumerate(x)]
        change = ((layer(moved).data - layer(back).data) / 2 * upstream).sum()
        np.testing.assert_allclose((t.grad * step).sum(), change, rtol=1e-5, atol=1e-12)


@each
def test_config_round_trip(make: Callable[[], Layer], x: list[np.ndarray], expected: np.ndarray) -> None:
    again = deserialize(json.loads(json.dumps(serialize(make()))))
    np.testing.assert_allclose(again(x).data, expected, rtol=1e-5, atol=1e-6)


BAD: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "one tensor": (lambda: layers.Add()(X[0]), ArgumentError, r"layer 'add' \(Add\): needs a list of at least two"),
    "a list of one": (lambda: layers.Add()(X[:1]), ArgumentError, "needs a list of at least two tensors"),
    "three to subtract": (lambda: layers.Subtract()(X), ArgumentError, "needs a list of two tensors"),
    "shapes": (
        lambda: layers.Multiply()([X[0], ROWS[0]]),
        ShapeError,
        r"shapes \[\(None, 4, 2\), \(None, 5\)\] do not",
    ),
    "joined shapes": (lambda: layers.Concatenate()([X[0], X[1][:, :3]]), ShapeError, "must be equal but for axis 2"),
    "the batch": (lambda: layers.Concatenate(axis=0), ArgumentError, "not that of the batch"),
    "no axis": (lambda: layers.Concatenate(axis=3)(X), ArgumentError, "axis 3 is not one of those"),
    "half an axis": (lambda: layers.Concatenate(axis=1.5), ArgumentError, "axis must be a whole number"),
    "dot axes": (lambda: layers.Dot(axes=(1, 2, 3)), ArgumentError, "Dot: axes must be an axis, or two"),
    "dot sizes": (lambda: layers.Dot(axes=(1, 2))(X[:2]), ShapeError, "4 and 2 numbers along axes"),
    "dot of images": (lambda: layers.Dot(axes=1)([np.ones((1, 2, 2, 2))] * 2), ShapeError, "2 or 3 axes"),
    "other shapes later": (
        lambda: [(add := layers.Add())(X), add(X[:2])],
        ShapeError,
        r"was built for inputs of shape \[\(None, 4, 2\), .* it got \[\(3, 4, 2\), \(3, 4, 2\)\]",
    ),
}


@pytest.mark.parametrize(("call", "error", "message"), BAD.values(), ids=BAD)
def test_what_makes_no_sense(call: Callable[[], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()
