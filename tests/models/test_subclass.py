"""Models and layers that say in `call` what they compute."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from minicnn import Input, Model, Sequential, layers, ops
from minicnn.errors import ArgumentError, NonFiniteError, StateError
from minicnn.layers import Layer

X = np.random.default_rng(0).random((6, 4), dtype=np.float32)
Y = X.sum(axis=1, keepdims=True)


class Tower(Model):
    """Layers in an attribute, in a list that grows, and in a dict; one of them draws."""

    def __init__(self, depth: int = 2) -> None:
        super().__init__()
        self.first = layers.Dense(5, activation="relu")
        self.tower: list[Layer] = []
        for _ in range(depth):
            self.tower.append(layers.Dense(5, activation="tanh"))
        self.heads = {"out": layers.Dense(1)}
        self.dropout = layers.Dropout(0.5, seed=0)

    def call(self, inputs: Any) -> Any:
        x = self.first(inputs)
        for layer in self.tower:
            x = layer(x)
        return self.heads["out"](self.dropout(x))


class Residual(Layer):
    """A layer made of layers."""

    def __init__(self, units: int, **options: Any) -> None:
        super().__init__(**options)
        self.units = units
        self.inner = layers.Dense(units, activation="relu")
        self.norm = layers.BatchNormalization()

    def call(self, x: Any, training: bool) -> Any:
        return x + self.norm(self.inner(x), training=training)


class Scaled(Layer):
    """Variables as Keras's guide makes them."""

    def build(self, input_shape: Any) -> None:
        self.scale = self.add_weight(shape=(input_shape[-1],), initializer="ones", trainable=True, name="scale")
        self.seen = self.add_weight(shape=(1,), initializer="zeros", trainable=False, name="seen")

    def call(self, inputs: Any) -> Any:
        return inputs * self.scale


class Pair(Model):
    """Two inputs by name, two outputs by name."""

    def __init__(self) -> None:
        super().__init__(name="pair")
        self.a, self.b = layers.Dense(1), layers.Dense(2)

    def call(self, inputs: Any, training: bool = False) -> Any:
        return {"sum": self.a(inputs["left"]) + self.a(inputs["right"]), "both": self.b(inputs["left"])}


def test_layers_in_attributes_lists_and_dicts_are_part_of_it() -> None:
    model = Tower()
    assert not model.built
    model(X)
    assert [layer.name for layer in model.layers] == ["dense", "dense_1", "dense_2", "dense_3", "dropout"]
    assert model.count_params() == 25 + 30 + 30 + 6
    assert [v.name for v in model.weights][:3] == ["dense/kernel", "dense/bias", "dense_1/kernel"]
    assert (model.input_shape, model.output_shape) == ((None, 4), (None, 1))
    assert model.name == "tower"


def test_it_trains_predicts_and_prints() -> None:
    model = Tower()
    model.compile("adam", "mse", metrics=["mae"])
    history = model.fit(X, Y, epochs=3, batch_size=3, verbose=0, validation_data=(X, Y)).history
    assert list(history) == ["loss", "mae", "val_loss", "val_mae"]
    np.testing.assert_allclose(model.evaluate(X, Y), [history["val_loss"][-1], history["val_mae"][-1]], rtol=1e-6)
    text: list[str] = []
    model.summary(print_fn=text.append)
    assert 'Model: "tower" (Tower)' in text[0]
    assert "Total params: 91" in text[0]


def test_what_the_model_is_told_reaches_layers_that_are_not() -> None:
    model = Tower()
    model.build((None, 4))
    still = model(X).data
    np.testing.assert_array_equal(still, model(X, training=False).data)
    assert np.abs(model(X, training=True).data - still).max() > 0
    np.testing.assert_array_equal(still, model(X).data)


def test_freezing_reaches_all_layers() -> None:
    model = Tower()
    model(X)
    model.trainable = False
    assert model.trainable_weights == []
    assert not any(v.requires_grad for v in model.weights)
    model.trainable = True
    model.tower[0].trainable = False
    assert len(model.trainable_weights) == 6


def test_weights_can_be_kept_and_the_model_itself_cannot(tmp_path: Any) -> None:
    model, other = Tower(), Tower()
    model(X)
    model.save_weights(tmp_path / "weights")
    with pytest.raises(StateError, match="has no weights to load into yet"):
        other.load_weights(tmp_path / "weights")
    other(X)
    other.load_weights(tmp_path / "weights")
    np.testing.assert_array_equal(model.predict(X), other.predict(X))
    with pytest.raises(ArgumentError, match=r"computes what its own `call` says, .* save_weights and load_weights"):
        model.save(tmp_path / "model")


def test_a_layer_of_layers_in_any_model() -> None:
    x = Input((4,))
    model = Model(x, Residual(4)(Residual(4)(x)))
    assert [layer.name for layer in model.layers][1:] == ["residual_1", "residual"], "numbered as they were made"
    assert model.count_params() == 2 * (20 + 16)
    assert len(model.trainable_weights) == 8
    chain = Sequential([Input((4,)), Residual(4), layers.Dense(1)])
    chain.compile("sgd", "mse")
    chain.fit(X, Y, verbose=0)
    moving = chain.layers[0].norm.moving_mean.data
    assert np.abs(moving).max() > 0


def test_variables_as_kerass_guide_makes_them() -> None:
    model = Sequential([Input((4,)), Scaled()])
    assert [(v.name, v.shape, v.requires_grad) for v in model.weights] == [
        ("scaled/scale", (4,), True),
        ("scaled/seen", (1,), False),
    ]
    np.testing.assert_array_equal(model.predict(X), X)


def test_the_shape_that_a_layer_gives_is_tried_out() -> None:
    class Halves(Layer):
        def call(self, x: Any) -> Any:
            return [x[:, :2], {"rest": x[:, 2:].sum(axis=1)}]

    left, rest = Halves()(Input((4,)))
    assert left.shape == (None, 2)
    assert rest["rest"].shape == (None,)
    found = Model(left.call.inputs, [left, rest["rest"]]).predict(X)
    np.testing.assert_allclose(found[1], X[:, 2:].sum(axis=1), rtol=1e-6)


def test_several_inputs_and_outputs_by_name() -> None:
    model = Pair()
    x = {"left": X, "right": 2 * X}
    model.compile("sgd", {"sum": "mse", "both": "mae"}, metrics={"both": ["mse"]})
    history = model.fit(x, {"sum": Y, "both": X[:, :2]}, verbose=0, epochs=2).history
    assert list(history) == ["loss", "sum_loss", "both_loss", "both_mse"]
    assert {name: y.shape for name, y in model.predict(x).items()} == {"sum": (6, 1), "both": (6, 2)}
    assert model.output_names == ["sum", "both"]


def test_a_subclass_of_a_graph_that_says_otherwise_is_believed() -> None:
    class Doubled(Model):
        def call(self, x: Any) -> Any:
            return super().call(x, False) * 2.0

    x = Input((4,))
    model = Doubled(x, layers.Identity()(x))
    np.testing.assert_array_equal(model(X).data, 2 * X)
    outer = Sequential([Input((4,)), model])
    np.testing.assert_array_equal(outer.predict(X), 2 * X)
    with pytest.raises(ArgumentError, match="computes what its own `call` says"):
        model.get_config()


class Named(Model):
    """A functional model as a class: the graph is made in the constructor."""

    def __init__(self, units: int) -> None:
        x = Input((4,))
        super().__init__(x, layers.Dense(units)(x), name="named")


def nothing() -> Model:
    class Nothing(Model):
        pass

    return Nothing()


BAD: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "no call": (lambda: nothing()(X), StateError, "has no layers to call: make it of inputs and outputs, or define"),
    "shape before it is known": (lambda: Tower().output_shape, StateError, "tower has not been built"),
    "symbolic tensors": (lambda: Tower().input, StateError, "tower has no symbolic tensors"),
    "a plan": (lambda: [(t := Tower())(X), t.plan()], StateError, "no graph, so it has no plan"),
    "build nothing": (lambda: Tower().build(3), ArgumentError, "must begin with the batch"),
    "count": (lambda: Tower().count_params(), StateError, "has not been built"),
}


@pytest.mark.parametrize(("call", "error", "message"), BAD.values(), ids=BAD)
def test_what_makes_no_sense(call: Callable[[], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


def test_a_functional_model_as_a_class() -> None:
    model = Named(3)
    assert model.predict(X).shape == (6, 3)
    assert model.groups()[0].layers == (model.layers[1],)


def test_a_loss_that_runs_away_is_told() -> None:
    model = Tower()
    model.compile("sgd", "mse")
    model(X)
    model.first.set_weights([np.full((4, 5), np.inf), np.zeros(5)])
    with pytest.raises(NonFiniteError, match=r"layer 'tower': its weights dense/kernel are no longer finite"):
        model.fit(X, Y, verbose=0)


def test_a_subclass_within_a_graph() -> None:
    x = Input((4,))
    tower = Tower()
    model = Model(x, ops.relu(tower(x)))
    assert model.predict(X).shape == (6, 1)
    assert model.count_params() == tower.count_params()
