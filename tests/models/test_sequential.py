from __future__ import annotations

import numpy as np
import pytest

from minicnn import Input, Sequential, layers
from minicnn.errors import ArgumentError, DTypeError, ShapeError, StateError

X = np.random.default_rng(0).random((3, 6, 6, 1), dtype=np.float32)


def small() -> Sequential:
    return Sequential([Input((6, 6, 1)), layers.Conv2D(2, 3), layers.Flatten(), layers.Dense(4), layers.Dense(3)])


def test_three_ways_to_know_the_shape() -> None:
    """An Input, an input_shape on the first layer, or the first data that come."""
    body = lambda **first: [layers.Conv2D(2, 3, **first), layers.Flatten(), layers.Dense(3)]  # noqa: E731
    with_input, with_shape, deferred = (
        Sequential([Input((6, 6, 1)), *body()]),
        Sequential(body(input_shape=(6, 6, 1))),
        None,
    )
    deferred = Sequential(body())
    assert with_input.built
    assert with_shape.built
    assert not deferred.built
    assert deferred(X).shape == (3, 3)
    for network in (with_input, with_shape, deferred):
        assert network.input_shape == (None, 6, 6, 1)
        assert network.output_shape == (None, 3)
        assert [w.shape for w in network.get_weights()] == [(3, 3, 1, 2), (2,), (32, 3), (3,)]
    later = Sequential(body())
    later.build((None, 6, 6, 1))
    assert later.count_params() == with_input.count_params()
    later.build([7, 6, 6, 1])  # the same: the batch does not count


def test_add_builds_as_it_goes() -> None:
    network = Sequential([Input((4,))])
    network.add(layers.Dense(3))
    assert network.output_shape == (None, 3)
    network.add(layers.Dense(2))
    assert network.output_shape == (None, 2)


def test_a_layer_that_does_not_fit_is_not_added() -> None:
    network = small()
    with pytest.raises(ShapeError, match=r"layer 'conv2d_1' \(Conv2D\) needs inputs of shape"):
        network.add(layers.Conv2D(2, 3))
    assert network.output_shape == (None, 3)
    network.add(layers.Dense(7))
    assert network.output_shape == (None, 7)


def test_pop_takes_the_last_layer_off() -> None:
    network = small()
    last = network.pop()
    assert last.name == "dense_1"
    assert network.output_shape == (None, 4)
    assert len(network.get_weights()) == 4
    network.add(layers.Dense(5))
    assert network.output_shape == (None, 5)
    with pytest.raises(StateError, match="sequential has no layers to pop"):
        Sequential().pop()


def test_names_are_unique_and_numbered_as_in_keras() -> None:
    network = Sequential([Input((4,)), layers.Dense(3), layers.Dense(3, name="mine"), layers.Dense(3), layers.Dense(3)])
    assert [layer.name for layer in network.layers] == ["dense", "mine", "dense_1", "dense_2"]
    assert [v.name for v in network.get_layer("dense_2").weights] == ["dense_2/kernel", "dense_2/bias"]
    assert network.get_layer(index=-1) is network.layers[-1]
    with pytest.raises(ArgumentError, match="there are two layers named 'mine'; names must differ"):
        network.add(layers.Dense(3, name="mine"))
    with pytest.raises(ArgumentError, match="has no layer 'conv', only: dense, mine, dense_1, dense_2"):
        network.get_layer("conv")
    for index in (9, "a", None):
        with pytest.raises(ArgumentError, match="has no layer"):
            network.get_layer(index=index)


def test_weights_layer_by_layer() -> None:
    network = Sequential([Input((3,)), layers.BatchNormalization(), layers.Dense(2)])
    names = ["gamma", "beta", "moving_mean", "moving_variance", "kernel", "bias"]
    assert [v.name.split("/")[1] for v in network.weights] == names
    assert [v.name.split("/")[1] for v in network.trainable_weights] == ["gamma", "beta", "kernel", "bias"]
    assert [v.name.split("/")[1] for v in network.non_trainable_weights] == ["moving_mean", "moving_variance"]


def test_set_weights_is_all_or_nothing() -> None:
    a, b = small(), small()
    assert not np.array_equal(a(X).data, b(X).data)
    b.set_weights(a.get_weights())
    np.testing.assert_array_equal(a(X).data, b(X).data)
    before = a.get_weights()
    wrong = [np.zeros_like(w) for w in before]
    wrong[-1] = np.zeros(9)
    with pytest.raises(ShapeError, match=r"dense_1/bias has shape \(3,\), it cannot take values of shape \(9,\)"):
        a.set_weights(wrong)
    with pytest.raises(DTypeError, match="dense_1/bias must hold real numbers"):
        a.set_weights([*wrong[:-1], np.array(["a", "b", "c"])])
    with pytest.raises(ShapeError, match="sequential has 6 weight arrays, it was given 5"):
        a.set_weights(wrong[:-1])
    for weight, same in zip(a.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, same)


def test_trainable_sets_all_layers() -> None:
    network = small()
    network.trainable = False
    assert network.trainable_weights == []
    assert not network.trainable
    network.get_layer("dense").trainable = True
    assert network.trainable_weights == [], "as in Keras, the model itself is frozen still"
    network.trainable = True
    network.get_layer("dense").trainable = False
    assert [v.name for v in network.trainable_weights] == [
        "conv2d/kernel",
        "conv2d/bias",
        "dense_1/kernel",
        "dense_1/bias",
    ]


def test_dtype_is_that_of_all_layers_that_have_none() -> None:
    network = Sequential([Input((3,)), layers.Dense(2), layers.Dense(2)], dtype="float64")
    assert {w.dtype for w in network.get_weights()} == {np.dtype("float64")}
    assert network(np.ones((1, 3), np.float32)).dtype == np.float64


BAD = {
    "a number": (lambda: Sequential(5), ArgumentError, "layers must be a list of layers, got 5"),
    "one layer": (lambda: Sequential(layers.Dense(3)), ArgumentError, "Sequential: layers must be a list of layers"),
    "no layer in it": (lambda: Sequential(["dense"]), ArgumentError, "a model is made of layers, got 'dense'"),
    "a class": (lambda: Sequential([layers.Flatten]), ArgumentError, "a model is made of layers, got <class"),
    "dtype": (
        lambda: Sequential(dtype="float16"),
        ArgumentError,
        "dtype must be 'float32' or 'float64', got 'float16'",
    ),
    "name": (lambda: Sequential(name=5), ArgumentError, "Sequential: name must be a string, got 5"),
    "a layer's name": (lambda: layers.Dense(3, name=["a"]), ArgumentError, "Dense: name must be a string, got"),
    "Input after layers": (
        lambda: Sequential([layers.Dense(3), Input((3,))]),
        ArgumentError,
        "Input must come first, it came after 1",
    ),
    "used twice": (
        lambda: (d := layers.Dense(3), Sequential([d, d])),
        ArgumentError,
        "<Dense 'dense'> is in use already",
    ),
    "build a number": (lambda: Sequential([layers.Dense(3)]).build(5), ArgumentError, "must begin with the batch"),
    "build no features": (
        lambda: Sequential([layers.Dense(3)]).build((None,)),
        ArgumentError,
        "must begin with the batch",
    ),
    "build negative": (
        lambda: Sequential([layers.Dense(3)]).build((None, -3)),
        ArgumentError,
        r"input_shape, after the batch axis, must be .* positive whole numbers; got \(-3,\)",
    ),
    "build nothing": (lambda: Sequential().build((None, 3)), StateError, "has no layers to build"),
    "build again": (
        lambda: small().build((None, 6, 6)),
        ShapeError,
        r"was built for \(None, 6, 6, 1\) already",
    ),
    "call nothing": (lambda: Sequential()(X), StateError, "sequential has no layers to build"),
    "call on None": (lambda: Sequential([layers.Dense(3)])(None), DTypeError, "must hold real numbers, .* got None"),
    "call on ragged": (lambda: Sequential([layers.Dense(3)])([[1], [2, 3]]), DTypeError, "evenly nested lists"),
    "call on one example": (
        lambda: Sequential([layers.Dense(3)])([1.0, 2.0]),
        ArgumentError,
        "must begin with the batch",
    ),
    "output_shape": (lambda: Sequential([layers.Dense(3)]).output_shape, StateError, "has not been built"),
    "count_params": (lambda: Sequential().count_params(), StateError, "has not been built"),
    "set_weights": (lambda: small().set_weights(None), ArgumentError, "weights must be a list of arrays, got NoneType"),
}


@pytest.mark.parametrize(("call", "error", "message"), BAD.values(), ids=BAD)
def test_what_makes_no_sense(call, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()
