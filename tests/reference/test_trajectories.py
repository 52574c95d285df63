"""Three networks trained for 20 steps: every loss and the final weights, against PyTorch's of the same precision."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from minicnn import Sequential, layers, losses, optimizers
from minicnn.datasets import embedded
from tests.conftest import Spy

from .agreement import assert_agrees
from .archive import FOLDER, read
from .training_setup import SETUPS, batches, summary

TRAJECTORIES = read(FOLDER / "trajectories.npz")
TOLERANCE = {"float64": 1e-9, "float32": 1e-4}


def lenet5() -> list[layers.Layer]:
    return [
        layers.Input((28, 28, 1)),
        layers.Conv2D(6, 5, padding="same", activation="relu"),
        layers.MaxPooling2D(2),
        layers.Conv2D(16, 5, activation="relu"),
        layers.MaxPooling2D(2),
        layers.Flatten(),
        layers.Dense(120, activation="relu"),
        layers.Dense(84, activation="relu"),
        layers.Dense(10),
    ]


def batch_norm_net() -> list[layers.Layer]:
    return [
        layers.Input((28, 28, 1)),
        layers.Conv2D(8, 3, padding="same", use_bias=False),
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.MaxPooling2D(2),
        layers.Conv2D(16, 3, padding="same"),
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.GlobalAveragePooling2D(),
        layers.Dense(10),
    ]


def strided_net() -> list[layers.Layer]:
    return [
        layers.Input((28, 28, 1)),
        layers.Conv2D(8, 3, strides=2, padding="same", activation="relu"),
        layers.DepthwiseConv2D(3, strides=2),
        layers.Conv2D(16, 1, activation="relu"),
        layers.AveragePooling2D(2),
        layers.Flatten(),
        layers.Dense(10),
    ]


NETWORKS = {"lenet5": lenet5, "batch_norm_net": batch_norm_net, "strided_net": strided_net}


# Two pixels of a pooling window may differ by less than float32's rounding. Then the order in which a convolution adds
# up decides which of them gets the gradient, and from that step on two right trajectories part. In float64 they do not.
PARTING = {("numba", "lenet5", "float32"): 8}


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize(("name", "network"), NETWORKS.items(), ids=NETWORKS)
def test_training_follows_pytorch(
    name: str, network: Callable[[], list[layers.Layer]], dtype: str, backend: Spy
) -> None:
    setup, expected = SETUPS[name], TRAJECTORIES[f"{name}/{dtype}"].arrays
    model = Sequential(network(), dtype=dtype)
    model.compile(optimizers.SGD(**setup.sgd), losses.SparseCategoricalCrossentropy(from_logits=True))
    model.set_weights([w.astype(dtype) for w in setup.initial_weights()])
    (images, labels), _ = embedded.load_data()

    losses_found = [model.train_on_batch(x.astype(dtype), y) for x, y in batches(images, labels)]

    tolerance = TOLERANCE[dtype]
    if (backend.backend.name, name, dtype) in PARTING:
        steps = PARTING[backend.backend.name, name, dtype]
        assert_agrees(np.array(losses_found[:steps]), expected["losses"][:steps], tolerance, "losses")
        return
    assert_agrees(np.array(losses_found), expected["losses"], tolerance, "losses")
    weights = model.get_weights()
    for part, found in summary(weights).items():
        i, kind = part.split("/")
        assert weights[int(i)].dtype == dtype
        if kind == "entries":
            assert_agrees(found, expected[part], tolerance, f"entries of weight {i}")
        else:  # terms of both signs cancel, so the sum is judged by how large it could be
            total, squares = expected[part]
            assert abs(found[0] - total) <= tolerance * np.sqrt(weights[int(i)].size * squares), f"sum of weight {i}"
            assert_agrees(found[1:], expected[part][1:], tolerance, f"sum of squares of weight {i}")
