"""Which layers of a model run as one, and that it makes no difference to the numbers."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from minicnn import Input, Model, Sequential, fusing, layers, no_grad, ops, optimizers, set_random_seed
from minicnn.backends import chosen_device, moved, to_host
from minicnn.errors import ArgumentError, StateError
from minicnn.layers import (
    Activation,
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    LeakyReLU,
    MaxPooling2D,
    ReLU,
)
from minicnn.random import generator
from minicnn.tensor import Tensor
from tests.conftest import Spy

CONV, BN, RELU, POOL, DENSE = "conv2d", "batch_norm", "relu", "max_pool", "dense"


class OwnConv2D(Conv2D):
    """Of a class of its own: it may compute something else."""


def words(*chain: layers.Layer, shape: tuple[int, ...] = (13, 12, 3)) -> list[tuple[str, ...]]:
    """What was fused in each group."""
    return [group.words for group in Sequential([Input(shape), *chain]).groups()]


@pytest.mark.parametrize(
    ("chain", "expected"),
    [
        ([Conv2D(4, 3), ReLU(), MaxPooling2D(2)], [(CONV, RELU, POOL)]),
        ([Conv2D(4, 3, activation="relu"), MaxPooling2D(2)], [(CONV, RELU, POOL)]),
        ([Conv2D(4, 3), Activation("relu"), MaxPooling2D((2, 3))], [(CONV, RELU, POOL)]),
        ([Conv2D(4, 3, activation="relu")], [(CONV, RELU)]),
        ([Conv2D(4, 3), BatchNormalization(), ReLU(), MaxPooling2D(2)], [(CONV, BN, RELU, POOL)]),
        ([Conv2D(4, 3), BatchNormalization(), Activation("relu")], [(CONV, BN, RELU)]),
        ([Conv2D(4, 3, activation="relu"), BatchNormalization(), ReLU()], [(CONV, RELU), (BN, RELU)]),
        ([BatchNormalization(), ReLU(), MaxPooling2D(2)], [(BN, RELU, POOL)]),
        ([Flatten(), Dense(4), ReLU()], [(), (DENSE, RELU)]),
        ([Flatten(), Dense(4, activation="relu"), Dense(3)], [(), (DENSE, RELU), ()]),
        ([Flatten(), Dense(4), BatchNormalization(), ReLU()], [(), (), (BN, RELU)]),
        # What comes between, or computes something else, stops it.
        ([Conv2D(4, 3), Dropout(0.5), ReLU()], [(), (), ()]),
        ([Conv2D(4, 3, activation="relu"), Dropout(0.5), MaxPooling2D(2)], [(CONV, RELU), (), ()]),
        ([Conv2D(4, 3), MaxPooling2D(2), ReLU()], [(), (), ()]),
        ([Conv2D(4, 3, activation="tanh"), ReLU()], [(), ()]),
        ([Conv2D(4, 3), ReLU(max_value=6.0)], [(), ()]),
        ([Conv2D(4, 3), LeakyReLU()], [(), ()]),
        ([Conv2D(4, 3), BatchNormalization()], [(), ()]),
        ([Conv2D(4, 3), BatchNormalization(), MaxPooling2D(2)], [(), (), ()]),
        ([OwnConv2D(4, 3), ReLU()], [(), ()]),
        ([Conv2D(4, 3), ReLU(dtype="float64")], [(), ()]),
        ([Dense(4), ReLU()], [(), ()]),  # of pixels
        # Pooling windows that overlap, have padding, or are too large stay by themselves.
        ([Conv2D(4, 3), ReLU(), MaxPooling2D(3, strides=2)], [(CONV, RELU), ()]),
        ([Conv2D(4, 3, padding="same"), ReLU(), MaxPooling2D(2, padding="same")], [(CONV, RELU), ()]),
        ([Conv2D(4, 2), ReLU(), MaxPooling2D((2, 11), padding="same")], [(CONV, RELU), ()]),
        ([Conv2D(4, 3, padding="same"), ReLU(), MaxPooling2D((1, 2), padding="same")], [(CONV, RELU, POOL)]),
    ],
    ids=lambda value: "-".join(type(v).__name__ for v in value) if isinstance(value[0], layers.Layer) else "",
)
def test_groups(chain: list[layers.Layer], expected: list[tuple[str, ...]]) -> None:
    assert words(*chain) == expected


def test_fusing_can_be_switched_off() -> None:
    with fusing(False):
        assert words(Conv2D(4, 3), ReLU()) == [(), ()]
    assert words(Conv2D(4, 3), ReLU()) == [(CONV, RELU)]
    before = fusing(False)
    assert words(Conv2D(4, 3), ReLU()) == [(), ()]
    before.__exit__()


def test_a_plan_follows_its_model() -> None:
    model = Sequential([Input((8, 8, 1)), Conv2D(2, 3), ReLU()])
    assert [g.words for g in model.groups()] == [(CONV, RELU)]
    model.add(MaxPooling2D(2))
    assert [g.words for g in model.groups()] == [(CONV, RELU, POOL)]
    conv: Any = model.layers[0]
    conv.activation = ops.tanh
    assert [g.words for g in model.groups()] == [(), (), ()]
    conv.activation = ops.relu
    model.pop()
    model.pop()
    assert [g.words for g in model.groups()] == [(CONV, RELU)]


def test_a_plan_follows_what_its_layers_are_set_to() -> None:
    model = Sequential([Input((12, 12, 3)), Conv2D(4, 3), ReLU(), MaxPooling2D(2)])
    assert [group.words for group in model.groups()] == [(CONV, RELU, POOL)]
    model.layers[2].strides = (1, 1)
    assert [group.words for group in model.groups()] == [(CONV, RELU), ()]
    model.layers[1].negative_slope = 0.5
    assert [group.words for group in model.groups()] == [(), (), ()]


def test_a_copy_of_a_model_runs_its_own_layers() -> None:
    model = Sequential([Input((3,)), Dense(2, activation="relu", kernel_initializer="ones")])
    x = np.ones((1, 3), np.float32)
    assert model(x).data.tolist() == [[3, 3]]
    duplicate = copy.deepcopy(model)
    duplicate.set_weights([2 * w for w in duplicate.get_weights()])
    assert duplicate(x).data.tolist() == [[6, 6]]
    assert model(x).data.tolist() == [[3, 3]]


def network(dtype: str) -> Sequential:
    model = Sequential(
        [
            Input((13, 12, 3)),
            Conv2D(6, 3, padding="same", bias_initializer="random_normal"),
            BatchNormalization(gamma_initializer="random_normal"),
            ReLU(),
            MaxPooling2D(2),
            Conv2D(8, 2, activation="relu"),
            BatchNormalization(scale=False),
            Activation("relu"),
            Dropout(0.25, seed=1),
            Conv2D(8, 3, activation="relu"),
            MaxPooling2D((3, 1)),
            Flatten(),
            Dense(9),
            ReLU(),
            Dense(5),
        ],
        dtype=dtype,
    )
    rng = generator(3)
    model.set_weights([rng.normal(0, 0.4, w.shape) + (w.min() > 0) for w in model.get_weights()])
    return model


def trained(dtype: str, prepare: Callable[[Sequential], None] = lambda model: None) -> list[np.ndarray]:
    """Losses, weights and predictions after some steps."""
    rng = generator(0)
    x, y = rng.normal(size=(10, 13, 12, 3)), rng.integers(0, 5, 10)
    model = network(dtype)
    prepare(model)
    model.compile(optimizers.SGD(0.05, momentum=0.9), "mse")
    losses = [model.train_on_batch(x, np.eye(5)[y]) for _ in range(5)]
    return [np.array(losses), *model.get_weights(), model.predict(x)]


def frozen_normalization(model: Model) -> None:
    for layer in model.layers:
        layer.trainable = not isinstance(layer, BatchNormalization)


@pytest.mark.parametrize("prepare", [lambda model: None, frozen_normalization], ids=["all", "frozen"])
def test_training_fused_and_unfused_agree(backend: Spy, prepare: Callable[[Sequential], None]) -> None:
    fused = trained("float64", prepare)
    backend.assert_ran("conv2d_relu_pool", "dense_relu")
    backend.calls.clear()
    with fusing(False):
        unfused = trained("float64", prepare)
    assert not backend.calls["conv2d_relu_pool"]
    for a, b in zip(fused, unfused, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)


def test_inference_folds_batch_norm_into_the_convolution(backend: Spy) -> None:
    x = generator(1).normal(size=(4, 13, 12, 3)).astype(np.float32)
    model = network("float32")
    expected: Any = x
    with no_grad():
        for layer in model.layers:
            expected = layer(expected)
    backend.calls.clear()
    np.testing.assert_allclose(model.predict(x), expected.data, rtol=1e-5, atol=1e-5)
    assert backend.calls["conv2d_relu_pool"] == 3
    assert backend.calls["batch_norm_inference"] == 1  # the one that comes after ReLU


def test_gradients_through_inference_reach_every_variable(backend: Spy) -> None:
    x = generator(1).normal(size=(4, 13, 12, 3))
    gradients = []
    for on in (True, False):
        model = network("float64")
        image = Tensor(moved(x, chosen_device()), requires_grad=True)
        with fusing(on):
            model(image).backward(moved(np.ones((4, 5)), chosen_device()))
        gradients.append([to_host(a) for a in (image.grad, *(v.grad for v in model.trainable_weights))])
    for fused, unfused in zip(*gradients, strict=True):
        np.testing.assert_allclose(fused, unfused, rtol=1e-10, atol=1e-12)


def table(model: Model, **options: Any) -> list[str]:
    text: list[str] = []
    model.plan(print_fn=text.append, **options)
    return [" ".join(line.replace("│", " ").split()) for line in text[0].splitlines()]


def test_the_table_tells_what_was_fused_and_what_it_saves() -> None:
    model = Sequential(
        [
            Input((8, 8, 1)),
            Conv2D(100, 1, use_bias=False, activation="relu"),
            MaxPooling2D(2),
            Flatten(),
            Dense(10),
        ]
    )
    lines = table(model, batch_size=1000)
    # 2 · 64 positions · 100 numbers; in 64 + out 1600 floats, 1600 bytes; unfused 64 + 3 · 6400 and 6400 + 1600 floats
    fused, unfused = 1000 * (4 * 1664 + 1600) + 400, 1000 * 4 * (64 + 3 * 6400 + 6400 + 1600) + 400
    row = (
        f"conv2d, max_pooling2d conv2d + relu + max_pool (None, 4, 4, 100) 12.80 {fused / 1e6:.2f} {unfused / 1e6:.2f}"
    )
    assert row in lines
    dense = 1000 * 4 * 1610 + 64_040
    assert f"dense by itself (None, 10) 32.00 {dense / 1e6:.2f} {dense / 1e6:.2f}" in lines
    total = f"{(fused + dense) / 1e6:.2f} MB through memory, {(unfused + dense) / 1e6:.2f} MB unfused"
    assert f"Forward: 44.80 MFLOP; {total}" in lines
    with fusing(False):
        assert f"{(unfused + dense) / 1e6:.2f} MB through memory" in table(model, batch_size=1000)[-1]


def test_a_table_of_nothing_and_of_no_batch() -> None:
    with pytest.raises(StateError, match="has not been built"):
        Sequential([Dense(3)]).plan()
    with pytest.raises(ArgumentError, match="batch_size must be a whole number of at least 1, got 0"):
        Sequential([Input((3,)), Dense(3)]).plan(batch_size=0)


def block(relu: str | None = "after", widen: bool = False, turned: bool = False) -> Callable[[Any], Any]:
    """A residual block; its shortcut has a convolution of its own if it widens; turned: the shortcut is added to."""

    def made(x: Any) -> Any:
        filters = 6 if widen else x.shape[-1]
        y = ReLU()(BatchNormalization()(Conv2D(filters, 3, padding="same", use_bias=False)(x)))
        y = BatchNormalization(gamma_initializer="random_normal")(Conv2D(filters, 3, padding="same")(y))
        y = ReLU()(y) if relu == "before" else y
        if widen:
            x = BatchNormalization()(Conv2D(filters, 1)(x))
        y = layers.Add()([y, x] if turned else [x, y])
        return Activation("relu")(y) if relu == "after" else y

    return made


def residual(*blocks: Callable[[Any], Any], dtype: str = "float64") -> Model:
    start = Input((9, 8, 4), dtype=dtype)
    x = Conv2D(4, 3, padding="same")(start)
    for one in blocks:
        x = one(x)
    return Model(start, Dense(5)(layers.GlobalAveragePooling2D()(x)), dtype=dtype)


ADD = "add"
AFTER, BEFORE, NONE = (CONV, BN, ADD, RELU), (CONV, BN, RELU, ADD), (CONV, BN, ADD)


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (block(), [(CONV, BN, RELU), AFTER]),
        (block(turned=True), [(CONV, BN, RELU), AFTER]),
        (block("before"), [(CONV, BN, RELU), BEFORE]),
        (block(None), [(CONV, BN, RELU), NONE]),
        (block(widen=True), [(CONV, BN, RELU), (), (), AFTER]),
        (lambda x: ReLU()(layers.Add()([BatchNormalization()(x), x])), [(BN, ADD, RELU)]),
        (lambda x: ReLU()(layers.Add()([Conv2D(4, 1)(x), x])), [(), (ADD, RELU)]),
        # What adds more than two, repeats, or is added to itself stays as it is; so does a class of its own.
        (lambda x: ReLU()(layers.Add()([BatchNormalization()(x), x, x])), [(), (), ()]),
        (lambda x: ReLU()(layers.Add()([BatchNormalization()(x), Conv2D(1, 1)(x)])), [(), (), (), ()]),
        (lambda x: layers.Add()([y := BatchNormalization()(x), y]), [(), ()]),
        (lambda x: layers.Add()([BatchNormalization()(x), ReLU(max_value=6.0)(x)]), [(), (BN, ADD)]),
        (lambda x: ReLU()(layers.Subtract()([BatchNormalization()(x), x])), [(), (), ()]),
        (lambda x: ReLU()(layers.Add()([ReLU()(BatchNormalization()(x)), x])), [(BN, RELU), (ADD, RELU)]),
        (lambda x: layers.Add()([BatchNormalization(activity_regularizer="l2")(x), x]), [(), ()]),
    ],
)
def test_groups_of_residual_blocks(one: Callable[[Any], Any], expected: list[tuple[str, ...]]) -> None:
    model = residual(one)
    assert [group.words for group in model.groups()] == [(), *expected, (), ()]
    with fusing(False):
        assert not any(group.words for group in model.groups())


def test_what_a_residual_block_gives_away_is_not_fused() -> None:
    start = Input((8, 8, 4))
    y = BatchNormalization()(start)
    model = Model(start, [layers.Add()([start, y]), y])
    assert [group.words for group in model.groups()] == [(), ()]


def trained_residual(prepare: Callable[[Model], None]) -> list[np.ndarray]:
    """Losses, weights and predictions after some steps through blocks of every kind."""
    set_random_seed(5)
    model = residual(block(), block("before"), block(None), block(widen=True), block(turned=True))
    prepare(model)
    model.compile(optimizers.SGD(0.05, momentum=0.9), "mse")
    rng = generator(0)
    x, y = rng.normal(size=(6, 9, 8, 4)), np.eye(5)[rng.integers(0, 5, 6)]
    losses = [model.train_on_batch(x, y) for _ in range(4)]
    return [np.array(losses), *model.get_weights(), model.predict(x)]


@pytest.mark.parametrize("prepare", [lambda model: None, frozen_normalization], ids=["all", "frozen"])
def test_residual_blocks_fused_and_unfused_train_alike(backend: Spy, prepare: Callable[[Model], None]) -> None:
    fused = trained_residual(prepare)
    backend.assert_ran("add_relu")
    assert bool(backend.calls["batch_norm_add_relu"]) == bool(backend.calls["batch_norm_add"])
    with fusing(False):
        backend.calls.clear()
        unfused = trained_residual(prepare)
    assert not backend.calls["add_relu"] + backend.calls["batch_norm_add_relu"]
    for a, b in zip(fused, unfused, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-11)


def test_inference_folds_the_normalization_at_the_end_of_a_block(backend: Spy) -> None:
    model = residual(block(), block("before"), block(None), dtype="float32")
    for variable in model.weights:
        variable.assign(variable.numpy() + 0.3 * generator(1).random(variable.shape))
    x = generator(2).normal(size=(3, 9, 8, 4)).astype(np.float32)
    with fusing(False):
        expected = model.predict(x)
    backend.calls.clear()
    np.testing.assert_allclose(model.predict(x), expected, rtol=1e-5, atol=1e-5)
    assert not backend.calls["batch_norm_inference"]
    assert backend.calls["add_relu"] == 1


def test_a_shortcut_of_one_example_is_added_to_all(backend: Spy) -> None:
    a, b = Input((4, 4, 2)), Input((4, 4, 2))
    model = Model([a, b], ReLU()(layers.Add()([BatchNormalization()(a), b])))
    x = generator(0).normal(size=(3, 4, 4, 2)).astype(np.float32)
    for training in (True, False):
        found = model([moved(x, chosen_device()), moved(x[:1], chosen_device())], training=training)
        with fusing(False):
            expected = model([moved(x, chosen_device()), moved(x[:1], chosen_device())], training=training)
        np.testing.assert_allclose(to_host(found.data), to_host(expected.data), rtol=1e-5, atol=1e-5)


def test_the_table_tells_of_a_shortcut() -> None:
    start = Input((8, 8, 4))
    model = Model(start, ReLU()(layers.Add()([BatchNormalization()(start), start])))
    numbers = 8 * 8 * 4
    fused, unfused = 4 * 4 * numbers + numbers, 4 * (3 + 3 + 2) * numbers
    row = f"{(100 * fused + 64) / 1e6:.2f} {(100 * unfused + 64) / 1e6:.2f}"
    assert any("batch_norm + add + relu" in line and line.endswith(row) for line in table(model, batch_size=100))
