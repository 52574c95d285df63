"""Steps that a subclass defines; what programs of courses do with them is in tests/courses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from minicnn import Input, Model, Sequential, layers, optimizers
from minicnn.errors import ArgumentError, StateError

RNG = np.random.default_rng(0)
X, Y = RNG.random((12, 4)).astype("float32"), RNG.random((12, 3)).astype("float32")


class Halved(Model):
    """Learns as any model does, and reports half of its loss."""

    def train_step(self, data: tuple[Any, ...]) -> dict[str, Any]:
        return {"half": super().train_step(data)["loss"] / 2}

    def test_step(self, data: tuple[Any, ...]) -> dict[str, Any]:
        return {name: value / 2 for name, value in super().test_step(data).items()}


def made(cls: type[Model]) -> Model:
    x = Input((4,))
    model = cls(x, layers.Dense(3, kernel_regularizer="l2", kernel_initializer="ones")(x))
    model.compile(optimizers.SGD(0.1), "mse", metrics=["mae"])
    return model


def test_a_step_of_ones_own_may_use_the_usual_one() -> None:
    plain, halved = made(Model), made(Halved)
    options: dict[str, Any] = {"epochs": 2, "batch_size": 5, "shuffle": False, "verbose": 0, "validation_data": (X, Y)}
    expected, found = plain.fit(X, Y, **options).history, halved.fit(X, Y, **options).history
    assert found["half"] == [loss / 2 for loss in expected["loss"]]
    assert found["val_mae"] == [mae / 2 for mae in expected["val_mae"]]
    assert [m.name for m in halved.metrics] == ["loss", "mae"]
    assert halved.evaluate(X, Y, return_dict=True)["loss"] == plain.evaluate(X, Y, return_dict=True)["loss"] / 2


def test_the_loss_is_that_of_compile_with_its_penalties() -> None:
    model = made(Model)
    loss = model.compute_loss(y=Y, y_pred=model(X))
    assert loss.item() == pytest.approx(model.evaluate(X, Y)[0], rel=1e-6)
    loss.backward()
    assert all(v.grad is not None for v in model.trainable_weights)
    model.zero_grad()
    assert all(v.grad is None for v in model.trainable_weights)


def test_a_step_must_say_what_is_reported() -> None:
    class Silent(Sequential):
        def train_step(self, data: tuple[Any, ...]) -> Any:
            return None

    model = Silent([Input((4,)), layers.Dense(3)])
    model.compile("sgd")
    with pytest.raises(ArgumentError, match="train_step must return a dict of what is reported"):
        model.fit(X, Y, verbose=0)
    with pytest.raises(StateError, match="compiled without a loss"):
        model.evaluate(X, Y)
