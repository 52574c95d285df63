"""Each layer on the list of those that are repeated: the same bits, and it is repeated indeed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minicnn
from minicnn import Input, Model, layers, losses, repeating
from minicnn.backends import use_backend
from minicnn.training.repetition import _REPEATABLE

IMAGE, CLASSES = (8, 8, 3), 3

# A layer for images (N, 6, 6, 4), or where its name ends in 1D, or it asks for rows, for sequences (N, 36, 4).
ALONE: dict[type, Callable[[], Any]] = {
    layers.Activation: lambda: layers.Activation("gelu"),
    layers.AveragePooling1D: lambda: layers.AveragePooling1D(3),
    layers.AveragePooling2D: lambda: layers.AveragePooling2D(3, strides=1, padding="same"),
    layers.BatchNormalization: lambda: layers.BatchNormalization(scale=False),
    layers.Conv1D: lambda: layers.Conv1D(3, 5, activation="relu"),
    layers.Conv2D: lambda: layers.Conv2D(3, 2, strides=2, dilation_rate=1),
    layers.DepthwiseConv2D: lambda: layers.DepthwiseConv2D(3, activation="relu6"),
    layers.Dense: lambda: layers.Dense(5, activation="silu"),
    layers.Dropout: lambda: layers.Dropout(0.4, seed=1),
    layers.ELU: lambda: layers.ELU(0.5),
    layers.Flatten: lambda: layers.Flatten(),
    layers.GlobalAveragePooling1D: lambda: layers.GlobalAveragePooling1D(),
    layers.GlobalAveragePooling2D: lambda: layers.GlobalAveragePooling2D(keepdims=True),
    layers.GlobalMaxPooling1D: lambda: layers.GlobalMaxPooling1D(),
    layers.GlobalMaxPooling2D: lambda: layers.GlobalMaxPooling2D(),
    layers.Identity: lambda: layers.Identity(),
    layers.LeakyReLU: lambda: layers.LeakyReLU(0.2),
    layers.MaxPooling1D: lambda: layers.MaxPooling1D(2),
    layers.MaxPooling2D: lambda: layers.MaxPooling2D(2, strides=1),
    layers.Permute: lambda: layers.Permute((3, 1, 2)),
    layers.ReLU: lambda: layers.ReLU(max_value=1.0, threshold=0.1),
    layers.RepeatVector: lambda: layers.RepeatVector(3),
    layers.Rescaling: lambda: layers.Rescaling(0.5, offset=[0.1, 0.2, 0.3, 0.4]),
    layers.Reshape: lambda: layers.Reshape((-1, 8)),
    layers.SeparableConv2D: lambda: layers.SeparableConv2D(5, 3),
    layers.Softmax: lambda: layers.Softmax(axis=1),
    layers.SpatialDropout1D: lambda: layers.SpatialDropout1D(0.4, seed=1),
    layers.SpatialDropout2D: lambda: layers.SpatialDropout2D(0.4, seed=1),
    layers.ZeroPadding1D: lambda: layers.ZeroPadding1D((1, 2)),
    layers.ZeroPadding2D: lambda: layers.ZeroPadding2D(((1, 0), (2, 3))),
}
TOGETHER = {
    **{kind: kind for kind in (layers.Add, layers.Average, layers.Concatenate, layers.Maximum)},
    **{kind: kind for kind in (layers.Minimum, layers.Multiply, layers.Subtract)},
}


def model_of(kind: type) -> Any:
    minicnn.set_random_seed(0)
    start = Input(IMAGE)
    x = layers.Conv2D(4, 3)(start)
    if kind in TOGETHER:
        x = TOGETHER[kind]()([x, layers.Conv2D(4, 3, activation="tanh")(start)])
    else:
        if kind.__name__.endswith("1D"):
            x = layers.Reshape((36, 4))(x)
        x = ALONE[kind]()(layers.Flatten()(x) if kind is layers.RepeatVector else x)
    model = Model(start, layers.Dense(CLASSES)(layers.Flatten()(x)))
    model.compile("sgd", losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def trained(kind: type, on: bool, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    calls: list[Any] = []
    written = Model.__call__
    with repeating(on), monkeypatch.context() as patch:
        model, seen = model_of(kind), []
        patch.setattr(Model, "__call__", lambda self, *a, **options: calls.append(1) or written(self, *a, **options))  # type: ignore[func-returns-value]
        for number in range(4):
            rng = np.random.default_rng(number)
            x, y = rng.standard_normal((4, *IMAGE), dtype=np.float32), rng.integers(0, CLASSES, 4)
            seen += [model.train_on_batch(x, y), model.predict_on_batch(x)]
        assert len(calls) == (4 if on else 8)
        return [*seen, *model.get_weights()]


@pytest.mark.parametrize("kind", [*ALONE, *TOGETHER], ids=lambda kind: kind.__name__)
def test_it_is_repeated_to_the_same_bits(kind: type, monkeypatch: pytest.MonkeyPatch) -> None:
    for a, b in zip(trained(kind, True, monkeypatch), trained(kind, False, monkeypatch), strict=True):
        np.testing.assert_array_equal(a, b)


# Those that compute by arithmetic, which a device's array library does, or that move what kernels take in rows.
BY_ARITHMETIC = [layers.SpatialDropout2D, layers.RepeatVector, layers.Rescaling, layers.Permute, layers.Conv1D]


@pytest.mark.parametrize("kind", BY_ARITHMETIC, ids=lambda kind: kind.__name__)
def test_on_a_gpu_as_well(gpu_backend: str, kind: type, monkeypatch: pytest.MonkeyPatch) -> None:
    with use_backend(gpu_backend):
        test_it_is_repeated_to_the_same_bits(kind, monkeypatch)


def test_every_layer_on_the_list_is_tried() -> None:
    assert {*ALONE, *TOGETHER, layers.InputLayer} == _REPEATABLE


@pytest.mark.parametrize(
    "layer", [lambda: layers.Conv2D(4, 3, groups=2), lambda: layers.DepthwiseConv2D(3, depth_multiplier=2)]
)
def test_what_numpy_takes_apart_stays_as_written(layer: Callable[[], Any]) -> None:
    model = Model(x := Input((*IMAGE[:2], 4)), layers.Flatten()(layer()(x)))
    for _ in range(3):
        model.predict_on_batch(np.ones((2, *IMAGE[:2], 4)))
    assert not model._repetition._kept
