from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from minicnn import Input, Sequential, find_learning_rate, layers, optimizers
from minicnn.errors import ArgumentError, MinicnnError, ShapeError, StateError

RNG = np.random.default_rng(0)
X = RNG.standard_normal((64, 3)).astype(np.float32)
Y = X @ np.array([[1.0], [-2.0], [0.5]], np.float32)


def model(**options: Any) -> Sequential:
    net = Sequential([Input((3,)), layers.Dropout(0.1, seed=3), layers.Dense(1)])
    net.compile(optimizers.SGD(0.1, momentum=0.5), "mse", **options)
    return net


def test_a_parabola_falls_before_it_explodes() -> None:
    sweep = find_learning_rate(model(metrics=["mae"]), X, Y, batch_size=16, lowest=1e-4, highest=100, steps=60)
    assert len(sweep.losses) == len(sweep.smoothed) == len(sweep.rates) < 60, "it ends when the loss explodes"
    np.testing.assert_allclose(np.diff(np.log(sweep.rates)), np.log(1e6) / 59)
    assert min(sweep.smoothed) < sweep.smoothed[0] / 2
    assert 1e-3 < sweep.suggestion == sweep.rates[np.argmin(sweep.smoothed)] / 10 < 1


def test_the_model_stays_as_it_was() -> None:
    net, other = model(), model()
    other.set_weights(net.get_weights())
    other.seed = net.seed
    find_learning_rate(net, X, Y, steps=10)
    assert net.optimizer.iterations == 0
    assert net.optimizer.learning_rate == 0.1
    histories = [m.fit(X, Y, epochs=2, verbose=0).history for m in (net, other)]
    assert histories[0] == histories[1]


def test_an_unbuilt_model_stays_unbuilt_and_the_same_call_sees_the_same() -> None:
    net = Sequential([layers.Dense(1, kernel_initializer="zeros")])
    net.compile("adam", "mse")
    sweeps = [find_learning_rate(net, X, Y, steps=5) for _ in range(2)]
    assert not net.built
    assert sweeps[0].losses == sweeps[1].losses
    assert len(sweeps[0].losses) == 5


def test_the_picture_is_a_png() -> None:
    assert find_learning_rate(model(), X, Y, steps=8).plot().startswith(b"\x89PNG")


BAD: dict[str, tuple[Any, type[MinicnnError], str]] = {
    "upside down": (lambda: find_learning_rate(model(), X, Y, lowest=1, highest=0.1), ArgumentError, "below highest"),
    "from nothing": (lambda: find_learning_rate(model(), X, Y, lowest=0), ArgumentError, "lowest must be above 0"),
    "one step": (
        lambda: find_learning_rate(model(), X, Y, steps=1),
        ArgumentError,
        "number of at least 2, got 1",
    ),
    "smoothing": (
        lambda: find_learning_rate(model(), X, Y, smoothing=1),
        ArgumentError,
        "smoothing must be at least",
    ),
    "stop": (
        lambda: find_learning_rate(model(), X, Y, stop_factor=0.5),
        ArgumentError,
        "stop_factor must be at least",
    ),
    "uncompiled": (
        lambda: find_learning_rate(Sequential([layers.Dense(1)]), X, Y),
        StateError,
        "has not been com",
    ),
    "lengths": (lambda: find_learning_rate(model(), X, Y[:5]), ShapeError, "one row for each of the 64 examples"),
    "hopeless": (
        lambda: find_learning_rate(model(), X * np.float32(3e30), Y),
        ArgumentError,
        "the loss is not finite at a learning rate of 1e-06 already: begin lower",
    ),
}


@pytest.mark.parametrize(("call", "error", "message"), BAD.values(), ids=BAD)
def test_what_makes_no_sense(call: Any, error: type[MinicnnError], message: str) -> None:
    with pytest.raises(error, match=message):
        call()
