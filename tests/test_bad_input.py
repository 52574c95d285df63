"""What people hand in by mistake: a specific error that names the argument and the fix.

Never an error from inside NumPy, never a half-written file. What each operator and each door refuses is tested beside
it as well; here they stand together, as a user meets them.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minicnn
from minicnn import Input, Sequential, layers, losses, ops, optimizers
from minicnn.data import augment, sources
from minicnn.errors import (
    ArgumentError,
    BackendError,
    CheckpointError,
    DataError,
    DTypeError,
    MinicnnError,
    NonFiniteError,
    OutputError,
    ShapeError,
    StateError,
)
from minicnn.gradient_check import gradcheck
from minicnn.optimizers.schedules import CosineDecay
from minicnn.tensor import Tensor

RNG = np.random.default_rng(0)
X = RNG.random((8, 6, 6, 3), dtype=np.float32)
Y = np.arange(8) % 4
W = RNG.random((3, 3, 3, 4), dtype=np.float32)


def model(**compiling: Any) -> Sequential:
    made = Sequential([Input((6, 6, 3)), layers.Conv2D(4, 3), layers.Flatten(), layers.Dense(4, activation="softmax")])
    made.compile(**{"optimizer": "sgd", "loss": "sparse_categorical_crossentropy", **compiling})
    return made


def linear(optimizer: Any) -> Sequential:
    made = Sequential([Input((6, 6, 3)), layers.Flatten(), layers.Dense(4)])
    made.compile(optimizer, "mse")
    return made


def fit(x: Any = X, y: Any = Y, **options: Any) -> Any:
    return model().fit(x, y, **{"verbose": 0, **options})


def refitted() -> None:
    """A layer is exchanged for another after the optimizer has begun to keep its momentum."""
    net = model(optimizer=optimizers.SGD(momentum=0.9))
    net.fit(X, Y, verbose=0)
    net.pop()
    net.add(layers.Dense(4, activation="softmax"))
    net.fit(X, Y, verbose=0)


def backward_twice() -> None:
    loss = Tensor(np.ones(2), requires_grad=True).sum()
    loss.backward()
    loss.backward()


Case = tuple[Callable[[], Any], type[MinicnnError], str]

OPERATORS: dict[str, Case] = {
    "an image without its batch": (lambda: ops.conv2d(X[0], W), ShapeError, r"conv2d: x must .*x\[None\]"),
    "images without channels": (lambda: ops.conv2d(X[..., 0], W), ShapeError, r"conv2d: x must .*x\[\.\.\., None\]"),
    "a kernel for other channels": (
        lambda: ops.conv2d(X, W[:, :, :2]),
        ShapeError,
        r"conv2d: .* 3 channels.* w must be",
    ),
    "groups that do not divide": (
        lambda: ops.conv2d(X, W, groups=2),
        ArgumentError,
        "conv2d: groups must divide the 3",
    ),
    "a window larger than the image": (
        lambda: ops.conv2d(X[:, :2], W),
        ShapeError,
        "conv2d: a 3x3 window .* use padding",
    ),
    "a pool larger than the image": (
        lambda: ops.max_pool2d(X, 7),
        ShapeError,
        "max_pool2d: a 7x7 window .* does not fit",
    ),
    "a stride of 0": (
        lambda: ops.conv2d(X, W, strides=0),
        ArgumentError,
        "conv2d: strides must be .* at least 1.*got 0",
    ),
    "a stride in words": (lambda: ops.conv2d(X, W, strides="2"), ArgumentError, "conv2d: strides must be"),
    "an unknown padding": (
        lambda: ops.conv2d(X, W, padding="full"),
        ArgumentError,
        "padding must be 'valid', 'same' or",
    ),
    "integers": (lambda: ops.relu(np.arange(3)), DTypeError, r"relu: x must be float32 or float64, got int64.*astype"),
    "two dtypes": (lambda: ops.dense(X[0, 0], np.ones((3, 2))), DTypeError, "dense: all arrays must have one dtype"),
    "no array": (lambda: ops.relu(None), DTypeError, "relu: x must be an array or a Tensor, got NoneType"),
    "shapes that do not broadcast": (lambda: Tensor(X) + W, ShapeError, "add: shapes .* do not broadcast"),
    "a rate of 2": (lambda: ops.dropout(X, 2, seed=0), ArgumentError, "dropout: rate must be at least 0 and below 1"),
    "labels out of range": (
        lambda: ops.softmax_cross_entropy(X[0, 0], Y[:6] + 3),
        DataError,
        "softmax_cross_entropy: labels must be from 0 to 2 for 3 classes; they run from 3 to 6",
    ),
    "backward without a gradient": (
        lambda: (Tensor(X, requires_grad=True) * 2.0).backward(),
        ShapeError,
        r"backward\(\) on a tensor of shape \(8, 6, 6, 3\) needs the upstream gradient",
    ),
    "backward twice": (backward_twice, StateError, r"backward\(\) has already passed here .*retain_graph=True"),
    "gradcheck in float32": (lambda: gradcheck(ops.relu, [X]), DTypeError, "must be a float64 array, got float32"),
}

LAYERS: dict[str, Case] = {
    "no filters": (lambda: layers.Conv2D(0, 3), ArgumentError, "Conv2D: filters must be a whole number of at least 1"),
    "a negative kernel": (lambda: layers.Conv2D(4, -3), ArgumentError, "Conv2D: kernel_size must be .* got -3"),
    "True filters": (lambda: layers.Conv2D(True, 3), ArgumentError, "Conv2D: filters must be a whole number"),
    "units in words": (lambda: layers.Dense("10"), ArgumentError, "Dense: units must be .* got '10'"),
    "no units": (lambda: layers.Dense(None), ArgumentError, "Dense: units must be .* got None"),
    "an unknown activation": (
        lambda: layers.Dense(3, activation="rleu"),
        ArgumentError,
        "there is no activation 'rleu'; did you mean 'relu'",
    ),
    "an unknown initializer": (
        lambda: layers.Dense(3, kernel_initializer="glorot"),
        ArgumentError,
        "there is no initializer 'glorot'; did you mean .* Known: .*he_normal",
    ),
    "a dropout of 30": (lambda: layers.Dropout(30), ArgumentError, "Dropout: rate must be at least 0 and below 1"),
    "a momentum of 2": (lambda: layers.BatchNormalization(momentum=2), ArgumentError, "BatchNormalization: momentum"),
    "an input that is a number": (lambda: Input(28), ArgumentError, r"Input: shape must be .*e\.g\. \(28, 28, 1\)"),
    "a layer that does not fit": (
        lambda: Sequential([Input((6, 6, 3)), layers.MaxPooling2D(9)]),
        ShapeError,
        r"layer 'max_pooling2d' \(MaxPooling2D\): a 9x9 window",
    ),
    "a dense layer on nothing": (lambda: layers.Dense(3)(5.0), ShapeError, r"layer 'dense' \(Dense\) needs a batch"),
    "a layer out of the blue": (lambda: Sequential([print]), ArgumentError, "a model is made of layers, got <built-in"),
    "no list of layers": (
        lambda: Sequential(layers.Dense(3)),
        ArgumentError,
        "layers must be a list of layers, got <De",
    ),
    "sizes beyond reason": (lambda: layers.Dense(10**12)(X), ArgumentError, "would hold .* choose smaller sizes"),
}

MODELS: dict[str, Case] = {
    "fit before compile": (
        lambda: Sequential([Input((6, 6, 3)), layers.Flatten()]).fit(X, Y),
        StateError,
        r"has not been compiled: call compile\(optimizer=\.\.\., loss=\.\.\.\) first",
    ),
    "no loss": (lambda: model(loss=None).evaluate(X, Y), StateError, "was compiled without a loss"),
    "summary before the shape is known": (
        lambda: Sequential([layers.Dense(3)]).summary(),
        StateError,
        "begin it with Inp",
    ),
    "an unknown optimizer": (lambda: model(optimizer="adm"), ArgumentError, "no optimizer 'adm'; did you mean 'adam'"),
    "an unknown loss": (lambda: model(loss="mean_square"), ArgumentError, "no loss 'mean_square'; did you mean"),
    "an unknown metric": (lambda: model(metrics=["accurracy"]), ArgumentError, "there is no metric 'accurracy'"),
    "metrics that are no list": (lambda: model(metrics="accuracy"), ArgumentError, r"metrics must be a list, e\.g\."),
    "a negative learning rate": (
        lambda: optimizers.Adam(-1),
        ArgumentError,
        "Adam: learning_rate must be a number of at",
    ),
    "a schedule without steps": (
        lambda: CosineDecay(0.1, 0),
        ArgumentError,
        "CosineDecay: decay_steps must be a whole",
    ),
    "x of another rank": (lambda: fit(X[0]), ShapeError, r"x has shape \(6, 6, 3\), the model takes \(None, 6, 6, 3\)"),
    "channels first": (lambda: fit(X.transpose(0, 3, 1, 2)), ShapeError, r"put the channels last: x\.transpose"),
    "no examples": (lambda: fit(X[:0], Y[:0]), DataError, r"x holds no examples: its shape is \(0, 6, 6, 3\)"),
    "NaN pixels": (lambda: fit(X * np.nan), DataError, r"x: contains 864 values that are NaN .*np\.nan_to_num"),
    "infinite pixels": (lambda: model().predict(np.full_like(X, np.inf)), DataError, "x: contains .* NaN or infinite"),
    "text": (lambda: fit(["a", "b"]), DTypeError, "x must hold real numbers"),
    "None": (lambda: model().predict(None), ArgumentError, r"x is missing: give an array of examples, \(N, \.\.\.\)"),
    "labels that are floats": (lambda: fit(y=Y / 2), DataError, r"y: has dtype float64; .*labels\.astype\('int64'\)"),
    "a label too great": (
        lambda: fit(y=Y + 1),
        DataError,
        "y: contains label 4 .* with 4 classes the labels are 0 to 3",
    ),
    "a label below zero": (
        lambda: fit(y=Y - 1),
        DataError,
        "y: contains label -1 at index 0; class numbers begin at 0",
    ),
    "too few labels": (lambda: fit(y=Y[:3]), DataError, "y: has 3 labels for 8 images; expected one for each"),
    "one-hot labels": (lambda: fit(y=np.eye(4)[Y]), DataError, r"y: .*look one-hot: give labels\.argmax\(axis=1\)"),
    "targets of another width": (
        lambda: model(loss="mse").fit(X, np.ones((8, 3)), verbose=0),
        ShapeError,
        r"mean_squared_error: y_true \(8, 3\) must have the shape of the predictions, \(8, 4\)",
    ),
    "a validation split of 1": (
        lambda: fit(validation_split=1),
        ArgumentError,
        "validation_split must be .*below 1, got 1",
    ),
    "a validation split of 2": (
        lambda: fit(validation_split=2),
        ArgumentError,
        "validation_split must be .*below 1, got 2",
    ),
    "a validation split in words": (
        lambda: fit(validation_split="1/5"),
        ArgumentError,
        "validation_split must be a fini",
    ),
    "too few weights": (
        lambda: fit(sample_weight=[1, 2]),
        ShapeError,
        r"sample_weight must have shape \(8,\), .* \(2,\)",
    ),
    "class weights in a list": (lambda: fit(class_weight=[1, 2]), ArgumentError, "class_weight must map class numbers"),
    "no epochs": (lambda: fit(epochs=0), ArgumentError, "epochs must be a whole number of at least 1, got 0"),
    "half a batch": (lambda: fit(batch_size=0.5), ArgumentError, r"batch_size must be a whole number .* got 0\.5"),
    "a callback that is none": (lambda: fit(callbacks=["stop"]), ArgumentError, "callbacks must be a list of"),
    "weights of another model": (
        lambda: model().set_weights([np.ones(3)]),
        ShapeError,
        "sequential has 4 weight arrays, it was given 1",
    ),
    "another optimizer's variables": (refitted, ArgumentError, "compile the model again, with a new optimizer"),
    "a loss that explodes": (
        lambda: linear(optimizers.SGD(1e30)).fit(X, np.eye(4)[Y], epochs=3, verbose=0),
        NonFiniteError,
        "the loss became .* at step 2: .* Try a smaller learning rate, or clipnorm",
    ),
    "a reduction that is none": (
        lambda: losses.MeanSquaredError(reduction="avg"),
        ArgumentError,
        "reduction must be one of",
    ),
    "a seed below zero": (
        lambda: minicnn.set_random_seed(-1),
        ArgumentError,
        "seed must be a whole number of at least 0",
    ),
    "an unknown backend": (
        lambda: minicnn.use_backend("nunpy"),
        BackendError,
        "no backend 'nunpy', .*did you mean 'numpy'",
    ),
    "a backend that is not here": (
        lambda: minicnn.use_backend("cuda"),
        BackendError,
        "'cuda' cannot be used: .* use one",
    ),
    "an unknown augmentation": (
        lambda: augment.get("flop"),
        ArgumentError,
        "no augmentation 'flop'; did you mean 'flip'",
    ),
    "an unknown data set": (lambda: sources.load("minst"), DataError, "data 'minst' is neither .* Did you mean mnist"),
}

EVERYTHING = {
    f"{kind}: {name}": case
    for kind, cases in (("ops", OPERATORS), ("layers", LAYERS), ("models", MODELS))
    for name, case in cases.items()
}


@pytest.mark.parametrize(("call", "error", "message"), EVERYTHING.values(), ids=EVERYTHING)
def test_in_python(call: Callable[[], Any], error: type[MinicnnError], message: str) -> None:
    with pytest.raises(error, match=message) as caught:
        call()
    assert type(caught.value) is error
    assert "minicnn" in Path(caught.traceback[-1].path).parts, "not from inside NumPy"


def test_every_kind_of_error_is_also_the_one_that_python_users_expect() -> None:
    for error, expected in (
        (ArgumentError, ValueError),
        (ShapeError, ValueError),
        (DataError, ValueError),
        (CheckpointError, ValueError),
        (DTypeError, TypeError),
        (OutputError, OSError),
        (StateError, RuntimeError),
        (NonFiniteError, ArithmeticError),
    ):
        assert issubclass(error, expected)
        assert issubclass(error, MinicnnError)
