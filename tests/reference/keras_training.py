"""Small models that the same code trains on both libraries: penalties, constraints, losses, metrics, clipping."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .archive import Group

RNG = np.random.default_rng(99)
X = 2 * RNG.random((37, 6, 7, 2)) - 1
LABELS = RNG.integers(0, 3, 37)
ONE_HOT = np.eye(3)[LABELS]
YES = (RNG.random((37, 1)) > 0.4).astype(float)
EPOCHS = 4


class Setup(NamedTuple):
    """The layers between Input and the end, and how the model is compiled; all made of the library that is given."""

    layers: Callable[[Any], list[Any]]
    y: np.ndarray
    optimizer: Callable[[Any], Any]
    loss: Callable[[Any], Any]
    metrics: Callable[[Any], list[Any]] = lambda k: ["accuracy"]


def penalized(k: Any) -> list[Any]:
    r = k.regularizers
    return [
        k.layers.Conv2D(4, 3, activation="relu", kernel_regularizer=r.L1(0.002), bias_regularizer="l2"),
        k.layers.BatchNormalization(gamma_regularizer=r.L2(0.05)),
        k.layers.Flatten(),
        k.layers.Dense(3, kernel_regularizer=r.L1L2(0.001, 0.01), activation="softmax"),
    ]


def watched(k: Any) -> list[Any]:
    r = k.regularizers
    return [
        k.layers.Conv2D(4, 3, activation="elu", activity_regularizer=r.L2(0.003)),
        k.layers.ReLU(),
        k.layers.MaxPooling2D(2),
        k.layers.Flatten(),
        k.layers.Dense(3, activity_regularizer=r.l1(0.01)),
    ]


def constrained(k: Any) -> list[Any]:
    c = k.constraints
    return [
        k.layers.Conv2D(4, 3, kernel_constraint=c.MaxNorm(0.7, axis=[0, 1, 2]), bias_constraint="non_neg"),
        k.layers.PReLU(shared_axes=[1, 2], alpha_constraint=c.NonNeg()),
        k.layers.DepthwiseConv2D(2, depthwise_constraint=c.MinMaxNorm(0.2, 0.9, 0.5, axis=[0, 1])),
        k.layers.Flatten(),
        k.layers.Dense(3, kernel_constraint="unit_norm", activation="softmax"),
    ]


def soft(k: Any) -> list[Any]:
    return [
        k.layers.SeparableConv2D(5, 3, activation="gelu", pointwise_regularizer="l2"),
        k.layers.ELU(0.5),
        k.layers.Conv2D(3, 2, activation="silu"),
        k.layers.Flatten(),
        k.layers.Dense(1, activation="sigmoid"),
    ]


SETUPS: dict[str, Setup] = {
    "penalties of weights": Setup(
        penalized,
        LABELS,
        lambda k: k.optimizers.SGD(0.1, momentum=0.9),
        lambda k: "sparse_categorical_crossentropy",
        lambda k: ["accuracy", "sparse_categorical_crossentropy", k.metrics.SparseTopKCategoricalAccuracy(k=2)],
    ),
    "penalties of outputs": Setup(
        watched,
        ONE_HOT,
        lambda k: k.optimizers.Nadam(0.01),
        lambda k: k.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1),
        lambda k: ["accuracy", k.metrics.Recall(thresholds=0.1, class_id=1, name="recall")],
    ),
    "constraints": Setup(
        constrained,
        ONE_HOT,
        lambda k: k.optimizers.AdamW(0.02, weight_decay=0.05, clipnorm=0.4),
        lambda k: k.losses.CategoricalFocalCrossentropy(),
        lambda k: [
            "categorical_accuracy",
            k.metrics.AUC(multi_label=True, name="area"),
            k.metrics.F1Score(average="macro"),
        ],
    ),
    "soft activations": Setup(
        soft,
        YES,
        lambda k: k.optimizers.Adamax(k.optimizers.schedules.CosineDecay(0.05, 15)),
        lambda k: "binary_crossentropy",
        lambda k: ["accuracy", k.metrics.AUC(curve="PR", name="area"), k.metrics.Precision(name="precision")],
    ),
    "averaged weights": Setup(
        lambda k: [k.layers.Flatten(), k.layers.Dense(8, activation="mish"), k.layers.Dense(3)],
        ONE_HOT,
        lambda k: k.optimizers.Adagrad(0.1, use_ema=True, ema_momentum=0.7, global_clipnorm=0.5),
        lambda k: k.losses.Huber(0.7),
        lambda k: ["mse", "cosine_similarity"],
    ),
}


def trained(library: Any, setup: Setup) -> dict[str, np.ndarray]:
    """The history, the weights at the end, and what evaluate says of the model then."""
    model = library.Sequential([library.layers.Input((6, 7, 2)), *setup.layers(library)])
    rng = np.random.default_rng(7)
    model.set_weights([_start(rng, w.shape) for w in model.get_weights()])
    model.compile(setup.optimizer(library), setup.loss(library), metrics=setup.metrics(library))
    options = {"epochs": EPOCHS, "batch_size": 8, "shuffle": False, "verbose": 0, "validation_split": 0.2}
    history = model.fit(X.astype("float32"), setup.y, **options).history
    found = {f"history {name}": np.array(values, float) for name, values in history.items()}
    found |= {f"weight {i}": np.array(w) for i, w in enumerate(model.get_weights())}
    evaluated = model.evaluate(X.astype("float32"), setup.y, verbose=0, return_dict=True)
    return found | {f"evaluated {name}": np.array(value, float) for name, value in evaluated.items()}


def _start(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Kernels around zero; biases, scales and variances above it."""
    return (rng.random(shape) * 0.8 + (0.2 if len(shape) == 1 else -0.4)).astype("float32")


def results(keras: Any) -> dict[str, Group]:
    """Each setup's training, on Keras."""
    return {name: Group(trained(keras, setup)) for name, setup in SETUPS.items()}
