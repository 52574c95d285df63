"""The door of fit, evaluate and predict. Every refusal comes before a weight has changed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from minicnn import Sequential, layers, losses
from minicnn.data.batches import Batches
from minicnn.errors import ArgumentError, DataError, DTypeError, MinicnnError, ShapeError
from minicnn.training.inputs import check_inputs, check_targets, example_weights, split_off
from tests.training.tasks import network, quarters

X, Y = quarters(20)
SHAPE = (None, 6, 6, 1)
SPARSE, MSE = losses.SparseCategoricalCrossentropy(), losses.MeanSquaredError()


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "uint8", "int64", "bool"])
def test_numbers_of_any_type(dtype: str) -> None:
    assert check_inputs((X * 10).astype(dtype), SHAPE).dtype == dtype
    assert network().predict((X * 10).astype(dtype)).dtype == np.float32


def test_lists() -> None:
    assert check_inputs(X.tolist(), SHAPE).shape == X.shape
    np.testing.assert_array_equal(check_targets(Y.tolist(), 20, SPARSE, (None, 4)), Y)


INPUTS: dict[str, tuple[Any, type[Exception], str]] = {
    "none": (None, ArgumentError, "x is missing: give an array of examples"),
    "one example": (
        X[0],
        ShapeError,
        r"x has shape \(6, 6, 1\), .* takes \(None, 6, 6, 1\); a single .* with x\[None\]",
    ),
    "one number": (3.0, ShapeError, r"x must be a batch, \(N, \.\.\.\), got shape \(\)"),
    "a row": (X[0, 0, :, 0], ShapeError, r"x must be a batch"),
    "no channels": (X[..., 0], ShapeError, r"add the channel axis: x\[\.\.\., None\]"),
    "channels first": (np.zeros((2, 1, 6, 6)), ShapeError, r"put the channels last: x\.transpose\(0, 2, 3, 1\)"),
    "three channels": (np.zeros((2, 6, 6, 3)), ShapeError, r"x has shape \(2, 6, 6, 3\), the model takes \(None, 6, 6"),
    "another size": (np.zeros((2, 7, 6, 1)), ShapeError, "the model takes"),
    "empty": (X[:0], DataError, r"x holds no examples: its shape is \(0, 6, 6, 1\)"),
    "no pixels": (np.zeros((3, 0)), DataError, r"x holds no numbers: its shape is \(3, 0\)"),
    "NaN": (np.where(X > 1.9, np.nan, X), DataError, "x: contains .* values that are NaN or infinite, the first"),
    "infinity": (np.where(X > 1.9, -np.inf, X), DataError, "NaN or infinite"),
    "text": (["cat", "dog"], DTypeError, "x must hold real numbers"),
    "complex": (X * 1j, DTypeError, "x must hold real numbers, .*; got complex"),
    "objects": (np.array([None, None]), DTypeError, "got object"),
    "ragged": ([[1, 2], [3]], DTypeError, "evenly nested lists"),
}


@pytest.mark.parametrize(("x", "error", "message"), INPUTS.values(), ids=INPUTS)
def test_inputs_that_do_not_fit(x: Any, error: type[MinicnnError], message: str) -> None:
    model = network()
    before = model.get_weights()
    with pytest.raises(error, match=message):
        check_inputs(x, (None, 0) if x is INPUTS["no pixels"][0] else SHAPE)
    for call in (lambda: model.fit(x, Y, verbose=0), lambda: model.predict(x), lambda: model.evaluate(x, Y)):
        with pytest.raises(error):
            call()
    for call in (model.train_on_batch, model.test_on_batch):
        with pytest.raises(error):
            call(x, Y)
    with pytest.raises(error):
        model.predict_on_batch(x)
    with pytest.raises(error, match=r"validation x|x is missing"):
        model.fit(X, Y, validation_data=(x, Y), verbose=0)
    for weight, same in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, same)


TARGETS: dict[str, tuple[Any, losses.Loss, type[Exception], str]] = {
    "none": (None, SPARSE, ArgumentError, "y is missing: training and evaluation need a target for each example"),
    "too few": (Y[:5], SPARSE, DataError, "y: has 5 labels for 20 images"),
    "too great": (
        Y + 2,
        SPARSE,
        DataError,
        r"y: contains label \d at index \d+, but with 4 classes the labels are 0 to 3",
    ),
    "from one": (np.arange(20) % 4 + 1, SPARSE, DataError, "they seem to begin at 1: subtract 1"),
    "negative": (Y - 4, SPARSE, DataError, "y: contains label -4"),
    "floats": (Y * 0.5, SPARSE, DataError, r"y: has dtype float64; expected integer class numbers .*astype\('int64'\)"),
    "one-hot": (np.eye(4)[Y], SPARSE, DataError, "they look one-hot"),
    "words": (["cat"] * 20, SPARSE, DataError, "y: has dtype <U3; expected integer class numbers"),
    "too few rows": (
        np.ones((5, 4)),
        MSE,
        ShapeError,
        r"y must have one row for each of the 20 examples, got .*\(5, 4\)",
    ),
    "a number": (3.0, MSE, ShapeError, "y must have one row for each"),
    "NaN": (np.full((20, 4), np.nan), MSE, DataError, "y: contains 80 values that are NaN"),
    "text": ("abc", MSE, DTypeError, "y must hold real numbers"),
    "ragged": ([[1]] * 19 + [[1, 2]], MSE, DTypeError, "y must hold real numbers"),
}


@pytest.mark.parametrize(("y", "loss", "error", "message"), TARGETS.values(), ids=TARGETS)
def test_targets_that_do_not_fit(y: Any, loss: losses.Loss, error: type[MinicnnError], message: str) -> None:
    with pytest.raises(error, match=message):
        check_targets(y, 20, loss, (None, 4))
    model = network(loss=loss)
    before = model.get_weights()
    with pytest.raises(error, match=message):
        model.fit(X, y, verbose=0)
    with pytest.raises(error):
        model.fit(X, Y if loss is SPARSE else np.eye(4)[Y], validation_data=(X, y), verbose=0)
    for weight, same in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, same)


WEIGHTS: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "too few": ({"sample_weight": np.ones(3)}, ShapeError, r"sample_weight must have shape \(20,\), .*; got \(3,\)"),
    "a column": ({"sample_weight": np.ones((20, 1))}, ShapeError, r"got \(20, 1\)"),
    "one number": ({"sample_weight": 2.0}, ShapeError, r"got \(\)"),
    "words": ({"sample_weight": ["heavy"] * 20}, DTypeError, "sample_weight must hold real numbers"),
    "below zero": ({"sample_weight": np.full(20, -1)}, DataError, "sample_weight must be finite and at least 0"),
    "NaN": ({"sample_weight": np.full(20, np.nan)}, DataError, "sample_weight must be finite and at least 0"),
    "a list of classes": (
        {"class_weight": [1, 2]},
        ArgumentError,
        r"class_weight must map class numbers .*got \[1, 2\]",
    ),
    "names of classes": ({"class_weight": {"cat": 1.0}}, ArgumentError, "class_weight must map class numbers"),
    "class -1": ({"class_weight": {-1: 2.0}}, ArgumentError, "class_weight must map class numbers"),
    "weight in words": ({"class_weight": {1: "2"}}, ArgumentError, "the weight of class 1 must be a finite number"),
    "weight below 0": ({"class_weight": {1: -2.0}}, ArgumentError, "the weight of class 1 must be at least 0, got -2"),
}


@pytest.mark.parametrize(("weights", "error", "message"), WEIGHTS.values(), ids=WEIGHTS)
def test_weights_that_do_not_fit(weights: dict[str, Any], error: type[MinicnnError], message: str) -> None:
    with pytest.raises(error, match=message):
        example_weights(Y, **{"sample_weight": None, "class_weight": None, **weights})
    with pytest.raises(error, match=message):
        network().fit(X, Y, verbose=0, **weights)


def test_class_weights_need_classes() -> None:
    with pytest.raises(ArgumentError, match=r"class_weight needs targets that are classes, .* shape \(2, 3, 4\)"):
        example_weights(np.ones((2, 3, 4)), None, {0: 1.0})


def test_split_off_keeps_rows_together() -> None:
    rest, last = split_off([np.arange(10), np.arange(10) * 2, None], 0.3)
    np.testing.assert_array_equal(rest[:2], [range(7), range(0, 14, 2)])
    np.testing.assert_array_equal(last[:2], [range(7, 10), range(14, 20, 2)])
    assert rest[2] is last[2] is None


FIT: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "split 1": ({"validation_split": 1}, ArgumentError, "validation_split must be at least 0 and below 1, got 1"),
    "split 2": ({"validation_split": 2}, ArgumentError, "validation_split must be at least 0 and below 1, got 2"),
    "split -0.5": ({"validation_split": -0.5}, ArgumentError, "validation_split must be at least 0"),
    "split in words": ({"validation_split": "0.2"}, ArgumentError, "validation_split must be a finite number"),
    "split True": ({"validation_split": True}, ArgumentError, "validation_split must be a finite number"),
    "split off nothing": ({"validation_split": 1e-20}, ArgumentError, "of 20 examples leaves one of both parts empty"),
    "split off all": ({"validation_split": 0.99}, ArgumentError, "of 20 examples leaves one of both parts empty"),
    "validation_data": ({"validation_data": X}, ArgumentError, r"validation_data must be \(x, y\), \(x, y, sample_w"),
    "only x": ({"validation_data": (X,)}, ArgumentError, "validation_data must be"),
    "validation weights": ({"validation_data": (X, Y, [1])}, ShapeError, "sample_weight must have shape"),
    "epochs 0": ({"epochs": 0}, ArgumentError, "epochs must be a whole number of at least 1, got 0"),
    "epochs 1.5": ({"epochs": 1.5}, ArgumentError, "epochs must be a whole number"),
    "epochs True": ({"epochs": True}, ArgumentError, "epochs must be a whole number"),
    "initial_epoch": (
        {"initial_epoch": -1},
        ArgumentError,
        "epochs must be a whole number of at least 1, got 1 from -1",
    ),
    "batch_size 0": ({"batch_size": 0}, ArgumentError, "batch_size must be a whole number of at least 1, got 0"),
    "batch_size in words": ({"batch_size": "32"}, ArgumentError, "batch_size must be a whole number"),
    "shuffle": ({"shuffle": "batch"}, ArgumentError, "shuffle must be True or False, got 'batch'"),
    "verbose": ({"verbose": 3}, ArgumentError, "verbose must be 0, 1, 2 or 'auto', got 3"),
    "callbacks": ({"callbacks": 5}, ArgumentError, r"callbacks must be a list of callbacks\.Callback objects; got 5"),
    "a callback": ({"callbacks": [print]}, ArgumentError, "callbacks must be a list of .* one of it is <built-in"),
}


@pytest.mark.parametrize(("arguments", "error", "message"), FIT.values(), ids=FIT)
def test_other_arguments_of_fit(arguments: dict[str, Any], error: type[MinicnnError], message: str) -> None:
    model = network()
    before = model.get_weights()
    with pytest.raises(error, match=message):
        model.fit(X, Y, **{"verbose": 0, **arguments})
    for weight, same in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, same)


def test_batches_bring_their_own_targets() -> None:
    for more in ({"y": Y}, {"sample_weight": np.ones(20)}, {"validation_split": 0.5}):
        with pytest.raises(ArgumentError, match="x is a Batches, which brings its targets and weights"):
            network().fit(Batches(X, Y), verbose=0, **more)
    with pytest.raises(ArgumentError, match="y is missing"):
        network().fit(Batches(X), verbose=0)
    with pytest.raises(DataError, match="y: contains label 5"):
        network().evaluate(Batches(X, Y * 0 + 5))


COMPILE: dict[str, tuple[dict[str, Any], str]] = {
    "optimizer": ({"optimizer": "sgdd"}, "there is no optimizer 'sgdd'; did you mean 'sgd'"),
    "no optimizer": ({"optimizer": 5}, "optimizer must be a name or a Optimizer, got 5"),
    "loss": ({"loss": "crossentropy"}, "there is no loss 'crossentropy'; did you mean"),
    "no loss": ({"loss": 5}, "loss must be a name or a Loss, got 5"),
    "a loss that gives a number an example": ({"loss": losses.MeanSquaredError(reduction=None)}, "its reduction must"),
    "metric": ({"metrics": ["acuracy"]}, "there is no metric 'acuracy'"),
    "no list": ({"metrics": "accuracy"}, r"metrics must be a list, e\.g\. \['accuracy'\]; got 'accuracy'"),
    "a number of metrics": ({"metrics": 5}, "metrics must be a list"),
    "a metric that is none": ({"metrics": [None]}, "metric must be a name or a Metric, got None"),
}


@pytest.mark.parametrize(("arguments", "message"), COMPILE.values(), ids=COMPILE)
def test_arguments_of_compile(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        network(**arguments)


def test_numbers_by_themselves_are_examples_of_one_number() -> None:
    model = Sequential([layers.Dense(1, input_shape=[1])])
    model.compile("sgd", "mean_squared_error")
    model.fit(np.array([-1.0, 0.0, 1.0]), np.array([-3.0, -1.0, 1.0]), epochs=2, verbose=0)
    assert np.array_equal(model.predict(np.array([10.0]), verbose=0), model.predict(np.array([[10.0]]), verbose=0))


def test_labels_may_be_whole_numbers_in_floats() -> None:
    model = Sequential([layers.Input((2,)), layers.Dense(3, kernel_initializer="ones")])
    model.compile("sgd", losses.SparseCategoricalCrossentropy(from_logits=True))
    x = np.ones((3, 2))
    assert model.evaluate(x, np.array([0.0, 1.0, 2.0])) == model.evaluate(x, np.array([0, 1, 2]))
