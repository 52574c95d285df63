from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from minicnn import Input, layers, ops
from minicnn.errors import ArgumentError, ShapeError
from minicnn.layers import Operation, deserialize, serialize
from minicnn.registry import knowing
from minicnn.tensor import Tensor

X = np.random.default_rng(0).random((3, 4), dtype=np.float32)


def scaled(x: Any, by: float = 2.0) -> Any:
    return x * by


def test_a_function_as_a_layer() -> None:
    layer = layers.Lambda(scaled, arguments={"by": 3.0})
    np.testing.assert_array_equal(layer(X).data, 3 * X)
    assert layers.Lambda(lambda x: x[:, :2])(Input((4,))).shape == (None, 2)
    assert layers.Lambda(lambda x: x.reshape((-1, 2, 2)), output_shape=(2, 2))(Input((4,))).shape == (None, 2, 2)
    x = Tensor(X, requires_grad=True)
    layers.Lambda(ops.exp)(x).backward(np.ones_like(X))
    np.testing.assert_allclose(x.grad, np.exp(X), rtol=1e-6)


def test_its_config_names_the_function_and_needs_it_passed_in() -> None:
    written = json.loads(json.dumps(serialize(layers.Lambda(scaled, arguments={"by": 3.0}, name="thrice"))))
    assert written["config"]["function"] == "scaled"
    with pytest.raises(ArgumentError, match="got 'scaled'; when loading a model, pass it in with custom_objects"):
        deserialize(written)
    with knowing({"scaled": scaled}):
        again = deserialize(written)
    np.testing.assert_array_equal(again(X).data, 3 * X)
    assert again.name == "thrice"


def test_what_makes_no_sense() -> None:
    with pytest.raises(ArgumentError, match="function must be a function, got 3"):
        layers.Lambda(3)
    with pytest.raises(ArgumentError, match="without a name"):
        serialize(layers.Lambda(lambda x: x))
    with pytest.raises(ShapeError, match=r"layer 'lambda' .* must have a row for each example"):
        layers.Lambda(lambda x: x.sum())(X)


def test_operators_keep_every_kind_of_argument() -> None:
    x = Input((4, 2))
    for y, expected in (
        (x[:, 1:3, ..., None], lambda a: a[:, 1:3, ..., None]),
        (ops.transpose(x, (0, 2, 1)), lambda a: a.transpose(0, 2, 1)),
        (ops.max(x, axis=1, keepdims=True), lambda a: a.max(axis=1, keepdims=True)),
        (ops.concatenate([x, 2.0 * x, x], axis=-1), lambda a: np.concatenate([a, 2 * a, a], -1)),
        (np.arange(8, dtype=np.float32).reshape(4, 2) - x, lambda a: np.arange(8).reshape(4, 2) - a),
        (ops.leaky_relu(-x, negative_slope=0.5), lambda a: -a / 2),
    ):
        layer = y.call.layer
        assert isinstance(layer, Operation)
        again = deserialize(json.loads(json.dumps(serialize(layer))))
        given = np.random.default_rng(1).random((3, 4, 2), dtype=np.float32)
        tensors = [Tensor(2 * given) if t.name == "multiply" else Tensor(given) for t in y.call.inputs]
        if y.call.inputs[0].name == "negative":
            tensors = [Tensor(-given)]
        np.testing.assert_allclose(again(tensors).data, expected(given), rtol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("system", [], {}), "there is no operator 'system'"),
        (("relu", 5, {}), "arguments must be a list and options a dict"),
        (("relu", [{"tensor": -1}], {}), "an argument cannot be {'tensor': -1}"),
        (("relu", [{"array": [[1], [2, 3]], "dtype": "float32"}], {}), "is no array of float32"),
        (("relu", [{"array": [1], "dtype": "object"}], {}), "an argument cannot be"),
        (("relu", [{"slice": [1]}], {}), "an argument cannot be"),
    ],
)
def test_operations_that_are_none(arguments: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        Operation(*arguments)


def test_what_an_operator_on_symbolic_tensors_does_not_take() -> None:
    with pytest.raises(ArgumentError, match="takes numbers, words and arrays besides; got <object"):
        ops.add(Input((3,)), object())
