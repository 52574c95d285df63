"""Models that are more than one layer after another, on small pictures of clothes.

A net with two outputs, what a picture shows and how bright it is; then a part of it cut out and used again, frozen;
then a net of residual blocks. It takes about half a minute. Run it with `python functional_models.py`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

import minicnn
from minicnn import Input, Model, Sequential, layers
from minicnn.datasets import embedded


def pictures(count: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Pictures (N, 28, 28, 1) from 0 to 1, their classes, and their mean brightness (N, 1)."""
    (x, y), _ = embedded.load_data()
    x = x[:count, ..., None].astype("float32") / 255
    return x, {"kind": y[:count].astype(int), "brightness": x.mean(axis=(1, 2))}


def two_outputs() -> Model:
    """One trunk, two heads."""
    image = Input((28, 28, 1), name="image")
    x = layers.Conv2D(12, 3, activation="relu")(image)
    x = layers.MaxPooling2D(2)(x)
    x = layers.Conv2D(24, 3, activation="relu")(x)
    x = layers.MaxPooling2D(2)(x)
    features = layers.Flatten(name="features")(x)
    kind = layers.Dense(10, activation="softmax", name="kind")(layers.Dense(48, activation="relu")(features))
    brightness = layers.Dense(1, name="brightness")(features)
    return Model(image, {"kind": kind, "brightness": brightness}, name="two_outputs")


def residual(blocks: int = 2, filters: int = 12) -> Model:
    """Blocks that add to what they are given. Source: He et al., Deep residual learning (2016)."""

    def block(x: Any) -> Any:
        way = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
        way = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(way))
        way = layers.Conv2D(filters, 3, padding="same", use_bias=False)(way)
        return layers.ReLU()(layers.Add()([x, layers.BatchNormalization(momentum=0.9)(way)]))

    image = Input((28, 28, 1), name="image")
    x = layers.MaxPooling2D(2)(layers.Conv2D(filters, 3, padding="same", activation="relu")(image))
    for _ in range(blocks):
        x = block(x)
    x = layers.GlobalAveragePooling2D()(layers.MaxPooling2D(2)(x))
    return Model(image, layers.Dense(10, activation="softmax")(x), name="residual")


def main(count: int = 3000, epochs: int = 3, folder: str = ".") -> dict[str, float]:
    """Trains the three nets on some of the pictures, tells how they do on the rest, and draws the first."""
    minicnn.set_random_seed(1)
    x, y = pictures(count)
    at = count * 4 // 5
    rest = x[at:], {name: targets[at:] for name, targets in y.items()}
    seen: dict[str, float] = {}

    model = two_outputs()
    model.summary()
    model.compile(
        "adam",
        loss={"kind": "sparse_categorical_crossentropy", "brightness": "mse"},
        loss_weights={"kind": 1.0, "brightness": 10.0},
        metrics={"kind": "accuracy", "brightness": "mae"},
    )
    model.fit(x[:at], {name: t[:at] for name, t in y.items()}, batch_size=64, epochs=epochs, validation_data=rest)
    scores = model.evaluate(*rest, return_dict=True)
    seen["two outputs"], seen["brightness off by"] = scores["kind_accuracy"], scores["brightness_mae"]
    picture = Path(folder) / "two_outputs.png"
    minicnn.plot_model(model, picture, show_shapes=True)
    print(f"\nThe graph is drawn in {picture}.\n")

    # The trained trunk, cut out at a layer and frozen, beneath a new head: is it a sandal, a sneaker or a boot?
    trunk = Model(model.input, model.get_layer("features").output)
    trunk.trainable = False
    shoes = Sequential([trunk, layers.Dense(1, activation="sigmoid")])
    shoes.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    is_shoe = np.isin(y["kind"], (5, 7, 9)).astype("float32")
    shoes.fit(x[:at], is_shoe[:at], batch_size=64, epochs=1)
    seen["shoes"] = shoes.evaluate(x[at:], is_shoe[at:])[1]

    deep = residual()
    deep.plan()
    deep.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    deep.fit(x[:at], y["kind"][:at], batch_size=64, epochs=epochs)
    seen["residual"] = deep.evaluate(x[at:], y["kind"][at:])[1]
    for name, value in seen.items():
        print(f"{name}: {value:.3f}")
    return seen


if __name__ == "__main__":
    main(folder=sys.argv[1] if len(sys.argv) > 1 else ".")
