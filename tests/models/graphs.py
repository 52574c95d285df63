"""Graphs with several inputs and outputs, and what they are trained on."""

from __future__ import annotations

from typing import Any

import numpy as np

from minicnn import Input, Model, layers

X = np.random.default_rng(0).random((6, 8, 8, 2), dtype=np.float32)
ROW = np.random.default_rng(1).random((6, 3), dtype=np.float32)
KIND, SIZE = np.arange(6) % 2, ROW.sum(axis=1, keepdims=True)


def block(x: Any, filters: int = 4) -> Any:
    """A residual block that keeps size and channels."""
    way = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(filters, 3, padding="same")(x)))
    return layers.Add()([x, layers.Conv2D(filters, 3, padding="same", activation="relu")(way)])


def two_by_two() -> Model:
    image, row = Input((8, 8, 2), name="image"), Input((3,), name="row")
    x = layers.GlobalAveragePooling2D()(block(layers.Conv2D(4, 3, activation="relu")(image)))
    x = layers.Concatenate(name="joined")([x, row])
    outputs = {"kind": layers.Dense(2, activation="softmax")(x), "size": layers.Dense(1)(x)}
    return Model({"image": image, "row": row}, outputs)


def compiled(model: Model | None = None) -> Model:
    model = model or two_by_two()
    losses = {"kind": "sparse_categorical_crossentropy", "size": "mse"}
    model.compile("sgd", losses, loss_weights={"size": 0.5}, metrics={"kind": "accuracy", "size": ["mae", "mse"]})
    return model
