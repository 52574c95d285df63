"""Steps of models that branch are repeated, too: the same bits as written, whatever meets and whatever is judged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minicnn
from minicnn import Input, Model, Sequential, layers, losses, metrics, optimizers, repeating
from minicnn.backends import use_backend
from minicnn.kernels.cpu import memory
from minicnn.tensor import Tensor
from tests.conftest import Spy

IMAGE, CLASSES, BATCH = (8, 8, 3), 3, 4
Build = Callable[[Any], Any]


def conv(x: Any, filters: int, size: int = 3, **options: Any) -> Any:
    x = layers.Conv2D(filters, size, padding="same", use_bias=False, **options)(x)
    return layers.BatchNormalization()(x)


def residual(x: Any, filters: int = 4, strides: int = 2) -> Any:
    y = layers.ReLU()(conv(x, filters, strides=strides))
    y = conv(y, filters)
    return layers.ReLU()(layers.Add()([conv(x, filters, 1, strides=strides), y]))


def residual_net(x: Any) -> Any:
    x = layers.ReLU()(conv(x, 4))
    x = residual(residual(x, strides=1))
    return layers.Dense(CLASSES)(layers.GlobalAveragePooling2D()(x))


def inception(x: Any) -> Any:
    wide = layers.Conv2D(3, 3, padding="same", activation="relu")(layers.Conv2D(2, 1, activation="relu")(x))
    pooled = layers.Conv2D(2, 1)(layers.MaxPooling2D(3, strides=1, padding="same")(x))
    x = layers.Concatenate()([layers.Conv2D(2, 1, activation="relu")(x), wide, pooled])
    x = layers.Concatenate(axis=1)([x, layers.AveragePooling2D(2)(layers.ZeroPadding2D(((0, 0), (4, 4)))(x))])
    return layers.Dense(CLASSES)(layers.Flatten()(x))


def every_meeting(x: Any) -> Any:
    a, b, c = (layers.Conv2D(3, 2, activation=activation)(x) for activation in ("relu", "tanh", None))
    gate = layers.Dense(3, activation="sigmoid")(layers.GlobalAveragePooling2D(keepdims=True)(a))
    gated = layers.Multiply()([a, gate])  # as in squeeze-and-excitation blocks: a number for each channel
    x = layers.Average()([gated, layers.Subtract()([b, c]), layers.Multiply()([b, c])])
    x = layers.Maximum()([x, layers.Minimum()([a, b])])
    return layers.Dense(CLASSES)(layers.GlobalMaxPooling2D()(layers.ZeroPadding2D(1)(x)))


def shared_layer(x: Any) -> Any:
    twice = layers.Conv2D(3, 3, padding="same")
    x = layers.Add()([twice(x), layers.ReLU()(twice(twice(x)))])
    return layers.Dense(CLASSES)(layers.Flatten()(x))


def frozen(x: Any) -> Any:
    """Gradients pass through a block whose own variables rest, statistics included."""
    x = layers.Conv2D(4, 3, padding="same")(x)
    inner = Input(x.shape[1:])
    block = Model(inner, residual(inner, strides=1))
    block.trainable = False
    return layers.Dense(CLASSES)(layers.Flatten()(block(block(x))))


def dropout_in_a_branch(x: Any) -> Any:
    x = layers.Conv2D(3, 3)(x)
    x = layers.Add()([x, layers.Dropout(0.4, seed=1)(layers.Conv2D(3, 3, padding="same")(x))])
    return layers.Dense(CLASSES)(layers.Dropout(0.2, seed=2)(layers.Flatten()(x)))


def turned(x: Any) -> Any:
    """Flatten has NumPy copy what Softmax has turned."""
    x = layers.Conv2D(2, 1)(x)
    return layers.Dense(CLASSES)(layers.Flatten()(layers.Add()([x, layers.Softmax(axis=1)(x)])))


NETWORKS: dict[str, Build] = {
    build.__name__: build
    for build in (residual_net, inception, every_meeting, shared_layer, frozen, dropout_in_a_branch, turned)
}


def model_of(build: Build) -> Any:
    minicnn.set_random_seed(0)
    x = Input(IMAGE)
    model = Model(x, build(x))
    model.compile(optimizers.SGD(0.05, momentum=0.9), losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def batch(number: int, size: int = BATCH) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(number)
    return rng.standard_normal((size, *IMAGE), dtype=np.float32), rng.integers(0, CLASSES, size)


def trained(build: Build, on: bool) -> list[Any]:
    """Losses and predictions of some steps, and the weights at their end."""
    with repeating(on):
        model, seen = model_of(build), []
        for number in range(4):
            x, y = batch(number)
            seen += [model.train_on_batch(x, y), model.predict_on_batch(x)]
        return [*seen, *model.get_weights()]


def assert_equal_bits(a: list[Any], b: list[Any]) -> None:
    for one, other in zip(a, b, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", NETWORKS)
def test_repeated_steps_are_the_steps(backend: Spy, name: str) -> None:
    assert_equal_bits(trained(NETWORKS[name], True), trained(NETWORKS[name], False))


@pytest.mark.parametrize("name", ["residual_net", "every_meeting", "inception"])
def test_on_a_gpu_as_well(gpu_backend: str, name: str) -> None:
    with use_backend(gpu_backend):
        assert_equal_bits(trained(NETWORKS[name], True), trained(NETWORKS[name], False))


def calls_of(model: Any, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    calls: list[int] = []
    written = type(model).__call__

    def called(self: Any, *args: Any, **options: Any) -> Any:
        if self is model:
            calls.append(1)
        return written(self, *args, **options)

    monkeypatch.setattr(type(model), "__call__", called)
    return calls


@pytest.mark.parametrize("name", NETWORKS)
def test_the_third_step_runs_kernels_only(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = model_of(NETWORKS[name])
    calls = calls_of(model, monkeypatch)
    for number in range(4):
        model.train_on_batch(*batch(number))
    assert len(calls) == 2
    for number in range(4):
        model.predict_on_batch(batch(number)[0])
    assert len(calls) == 4


def test_steps_take_no_more_memory_than_as_written() -> None:
    """Blocks are used again within a recording, across branches as well; nothing is taken after the second step."""

    def made(on: bool) -> list[int]:
        own = memory.Pool(None)
        before = memory.use(own)
        try:
            with repeating(on):
                model, seen = model_of(residual_net), []
                for number in range(4):
                    model.train_on_batch(*batch(number, size=700))
                    recorded = (r for r in model._repetition._kept.values() if r is not None)
                    pools = [r.again.__self__._recording.pool.made for r in recorded]
                    seen.append(own.made + sum(pools))
                return seen
        finally:
            memory.use(before)

    repeated, written = made(True), made(False)
    assert written[0] > 0
    assert repeated[1:] == repeated[1:2] * 3
    assert repeated[-1] <= 1.1 * written[-1]


def two_ends(x: Any) -> dict[str, Any]:
    x = residual(layers.Conv2D(4, 3, padding="same")(x))
    rows = layers.Flatten()(x)
    size = layers.Dense(2, activation="relu")(rows)
    early = layers.Dense(CLASSES)(layers.GlobalMaxPooling2D()(x))
    return {"kind": layers.Dense(CLASSES, activation="softmax")(rows), "size": size, "early": early}


@pytest.mark.parametrize("weighted", [False, True])
def test_several_outputs_and_losses(backend: Spy, weighted: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    kinds: dict[str, Any] = {
        "kind": "sparse_categorical_crossentropy",
        "early": losses.SparseCategoricalCrossentropy(from_logits=True),
        "size": losses.Huber(),
    }

    def trained(on: bool) -> list[Any]:
        with repeating(on):
            model, seen = model_of(two_ends), []
            model.compile("adam", kinds, loss_weights={"kind": 1.0, "size": 0.3, "early": 0.5}, metrics={"kind": "acc"})
            calls = calls_of(model, monkeypatch)
            for number in range(4):
                x, y = batch(number)
                size = np.random.default_rng(number).random((BATCH, 2))
                weights = np.arange(BATCH) if weighted else None
                seen += model.train_on_batch(x, {"kind": y, "early": y, "size": size}, sample_weight=weights)
            assert len(calls) == (2 if on and backend.backend.name != "numpy" else 4)
            predicted = [model.predict_on_batch(x) for _ in range(4)]
            assert [list(p) for p in predicted] == [["kind", "size", "early"]] * 4
            return [*seen, *(a for p in predicted for a in p.values()), *model.get_weights()]

    assert_equal_bits(trained(True), trained(False))


def test_an_output_without_a_loss(backend: Spy) -> None:
    def trained(on: bool) -> list[Any]:
        with repeating(on):
            model = model_of(lambda x: [residual_net(x), layers.GlobalMaxPooling2D()(x)])
            model.compile("sgd", [losses.SparseCategoricalCrossentropy(from_logits=True), None])
            seen = [model.train_on_batch(x, [y, None]) for x, y in map(batch, range(4))]
            return [*seen, *model.get_weights()]

    assert_equal_bits(trained(True), trained(False))


def test_several_inputs(backend: Spy) -> None:
    def trained(on: bool) -> list[Any]:
        with repeating(on):
            minicnn.set_random_seed(0)
            left, right = Input(IMAGE, name="left"), Input((5,), name="right")
            row = layers.Concatenate()([layers.Flatten()(layers.Conv2D(2, 3)(left)), layers.Dense(3)(right)])
            model, seen = Model({"left": left, "right": right}, layers.Dense(CLASSES)(row)), []
            model.compile("sgd", losses.SparseCategoricalCrossentropy(from_logits=True))
            for number in range(4):
                (image, y), other = batch(number), np.random.default_rng(number).random((BATCH, 5))
                x = {"right": other, "left": image}
                seen += [model.train_on_batch(x, y), model.predict_on_batch(x)]
            return [*seen, *model.get_weights()]

    assert_equal_bits(trained(True), trained(False))


def distance(y_true: Any, y_pred: Tensor) -> Tensor:
    """A loss of somebody's own."""
    return ((y_pred - y_true) ** 2.0).sum(axis=-1)


LOSSES: dict[str, tuple[Any, Any]] = {
    "sparse, of probabilities": ("softmax", "sparse_categorical_crossentropy"),
    "rows, smoothed": (None, losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)),
    "each by itself": ("sigmoid", "binary_crossentropy"),
    "one's own": ("tanh", distance),
    "the sum": (None, losses.SparseCategoricalCrossentropy(from_logits=True, reduction="sum")),
}


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_is_judged_as_written(backend: Spy, loss: str, monkeypatch: pytest.MonkeyPatch) -> None:
    activation, chosen = LOSSES[loss]

    def trained(on: bool) -> list[Any]:
        with repeating(on):
            minicnn.set_random_seed(0)
            model = Sequential([Input(IMAGE), layers.Conv2D(3, 3), layers.Flatten()])
            model.add(layers.Dense(CLASSES, activation=activation, kernel_regularizer="l2"))
            model.compile("adam", chosen, weighted_metrics=["accuracy"])
            calls, seen = calls_of(model, monkeypatch), []
            for number in range(4):
                x, labels = batch(number)
                sparse = "sparse" in loss or loss == "the sum"
                y = labels if sparse else np.eye(CLASSES, dtype=np.float32)[labels]
                weights = np.arange(1, BATCH + 1) if number % 2 else None  # both ways in turn
                seen += model.train_on_batch(x, y, sample_weight=weights)
            assert len(calls) == (2 if on and backend.backend.name != "numpy" else 4)
            return [*seen, *model.get_weights()]

    assert_equal_bits(trained(True), trained(False))


def test_a_loss_that_refuses_leaves_the_next_step_as_it_was() -> None:
    def picky(y_true: Any, y_pred: Tensor) -> Tensor:
        if y_true.max() > CLASSES:
            raise ValueError("too large")
        return distance(y_true, y_pred)

    def trained(on: bool) -> list[float]:
        with repeating(on):
            model, seen = model_of(residual_net), []
            model.compile("sgd", picky)
            for number in range(6):
                x, y = batch(number)
                targets = np.eye(CLASSES, dtype=np.float32)[y]
                if number in (1, 4):  # while it is recorded, and while it is repeated
                    with pytest.raises(ValueError, match="too large"):
                        model.train_on_batch(x, 10 * targets)
                seen.append(model.train_on_batch(x, targets))
            return seen

    assert trained(True) == trained(False)


def test_what_a_loss_keeps_of_its_predictions_stays_as_it_was() -> None:
    kept: list[tuple[np.ndarray, np.ndarray]] = []

    def keeping(y_true: Any, y_pred: Tensor) -> Tensor:
        kept.append((y_pred.numpy(), y_pred.numpy().copy()))
        return distance(y_true, y_pred)

    model = model_of(residual_net)
    model.compile(optimizers.SGD(1e-3), keeping)
    for number in range(5):
        x, y = batch(number)
        model.train_on_batch(x, np.eye(CLASSES, dtype=np.float32)[y])
    assert len(kept) == 5
    assert_equal_bits([a for a, _ in kept], [b for _, b in kept])


class Collected(metrics.Metric):
    """A metric of somebody's own that keeps all it is shown."""

    def __init__(self) -> None:
        super().__init__("collected")
        self.seen: list[np.ndarray] = []

    def reset_state(self) -> None:
        self.seen = []

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        self.seen.append(y_pred)

    def result(self) -> float:
        return float(sum(np.abs(y).sum() for y in self.seen))


def test_evaluation_is_repeated_and_metrics_may_keep_predictions(backend: Spy, monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = batch(0, size=5 * BATCH)

    def evaluated(on: bool) -> list[Any]:
        with repeating(on):
            model = model_of(residual_net)
            model.compile("sgd", losses.SparseCategoricalCrossentropy(from_logits=True), metrics=[Collected()])
            calls = calls_of(model, monkeypatch)
            found = model.evaluate(x, y, batch_size=BATCH)
            assert len(calls) == (2 if on and backend.backend.name != "numpy" else 5)
            history = model.fit(x, y, batch_size=BATCH, epochs=2, validation_data=(x, y), verbose=0).history
            return [*found, *(value for values in history.values() for value in values)]

    assert evaluated(True) == evaluated(False)
