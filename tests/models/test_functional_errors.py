"""Graphs, inputs and targets that make no sense: each is refused in words that name the layer or the argument."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from minicnn import Input, Model, layers
from minicnn.errors import ArgumentError, ShapeError, StateError
from minicnn.graph import Graph
from minicnn.tensor import Tensor
from tests.models.graphs import KIND, ROW, SIZE, X, compiled, two_by_two


def disconnected() -> Model:
    a, b = Input((3,), name="a"), Input((3,), name="b")
    return Model(a, layers.Add()([a, b]))


def cycle() -> Graph:
    a = Input((3,))
    y = layers.Dense(3)(x := layers.Dense(3)(a))
    x.call.inputs = y
    return Graph(a, y)


def mismatched() -> Model:
    model = two_by_two()
    model.compile("sgd", ["mse", "mse"])
    return model


BAD: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "disconnected": (
        disconnected,
        ArgumentError,
        "disconnected: .* depends on <Symbolic 'b' .* is not among the inputs",
    ),
    "an input twice": (
        lambda: Model([a := Input((3,)), a], layers.Dense(2)(a)),
        ArgumentError,
        "an input is given twice",
    ),
    "a cycle": (cycle, ArgumentError, "the graph has a cycle"),
    "arrays": (lambda: Model(X, X), ArgumentError, "inputs must be symbolic tensors, from Input"),
    "layers": (lambda: Model(Input((3,)), layers.Dense(3)), ArgumentError, "outputs must be symbolic .* got <Dense"),
    "nothing": (lambda: Model([], []), ArgumentError, "inputs must be symbolic tensors, .* got none"),
    "half": (lambda: Model(Input((3,))), ArgumentError, "inputs and outputs go together"),
    "names": (
        lambda: Model(a := Input((3,)), layers.Dense(2, name="x")(layers.Dense(2, name="x")(a))),
        ArgumentError,
        "there are two layers named 'x'",
    ),
    "data of a symbolic tensor": (lambda: Input((3,)).data, StateError, "has none: make a model of it"),
    "if of a symbolic tensor": (lambda: bool(Input((3,))), StateError, "stands for numbers to come"),
    "symbolic and numbers": (
        lambda: layers.Add()([Input((3,)), ROW]),
        ArgumentError,
        "on symbolic tensors and on numbers",
    ),
    "a variable in an expression": (
        lambda: Input((3,)) * Tensor(np.ones(3), requires_grad=True),
        ArgumentError,
        "write a layer that holds the variable",
    ),
    "the batch summed away": (lambda: Input((3,)).sum(), ShapeError, "must have a row for each example"),
    "shapes": (lambda: Input((3,)) + Input((4,)), ShapeError, r"layer 'add' \(Operation\): add: shapes"),
    "one array for two inputs": (lambda: two_by_two().predict(X), ArgumentError, "x must be a list of 2, or a dict"),
    "names of inputs": (
        lambda: two_by_two().predict({"image": X, "line": ROW}),
        ArgumentError,
        "a dict with their names: image, row; got a dict with 'image', 'line'",
    ),
    "a dict for one input": (
        lambda: Model(a := Input((3,), name="a"), layers.Dense(1)(a)).predict({"b": ROW}),
        ArgumentError,
        "x must be for 'a'; got a dict with 'b'",
    ),
    "lengths": (lambda: two_by_two().predict([X, ROW[:3]]), ShapeError, "'image' has 6, 'row' has 3"),
    "shape of an input": (
        lambda: two_by_two().predict([X, ROW[:, :2]]),
        ShapeError,
        r"x of 'row' has shape \(6, 2\), the model takes \(None, 3\)",
    ),
    "called on the wrong shape": (lambda: two_by_two()([X, ROW[:, :2]]), ShapeError, "was built for inputs of shape"),
    "one target": (lambda: compiled().fit([X, ROW], KIND), ArgumentError, "y must be a list of 2, or a dict"),
    "no targets": (lambda: compiled().fit([X, ROW]), ArgumentError, "y is missing"),
    "targets' length": (
        lambda: mismatched().fit([X, ROW], [ROW[:, :2], SIZE[:3]]),
        ShapeError,
        "y of 'size' must have",
    ),
    "class weights": (
        lambda: compiled().fit([X, ROW], [KIND, SIZE], class_weight={0: 1.0}),
        ArgumentError,
        "class_weight is for models with one output",
    ),
    "losses": (
        lambda: two_by_two().compile("sgd", ["mse"]),
        ArgumentError,
        "loss must have an entry for each of the 2",
    ),
    "a loss's name": (
        lambda: two_by_two().compile("sgd", {"kind": "mse", "cost": "mse"}),
        ArgumentError,
        "loss names 'cost', which is no output; outputs: kind, size",
    ),
    "no loss at all": (lambda: two_by_two().compile("sgd", [None, None]), ArgumentError, "at least one output needs a"),
    "loss weights": (
        lambda: two_by_two().compile("sgd", "mse", loss_weights=[1.0]),
        ArgumentError,
        "loss_weights must have an entry for each",
    ),
    "a loss weight": (
        lambda: two_by_two().compile("sgd", "mse", loss_weights=[1.0, "2"]),
        ArgumentError,
        "loss_weights must be numbers, got .*did you mean metrics",
    ),
    "metrics": (
        lambda: two_by_two().compile("sgd", "mse", metrics=["mae"]),
        ArgumentError,
        "metrics must have an entry",
    ),
}


@pytest.mark.parametrize(("call", "error", "message"), BAD.values(), ids=BAD)
def test_what_makes_no_sense(call: Callable[[], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()
