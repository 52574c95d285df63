"""What both sides of a training comparison start from: the images, the initial weights, the schedule. NumPy only.

Weights stand in the order of Keras's `get_weights()`: layer by layer, kernel before bias; of a batch normalization
gamma, beta, moving mean, moving variance.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

STEPS, BATCH_SIZE = 20, 16
ENTRIES = 256  # how many entries of a weight array are kept one by one


@dataclass(frozen=True)
class Setup:
    """A network by the shapes of its weights, and how it is trained."""

    seed: int
    weights: tuple[tuple[str, tuple[int, ...]], ...]
    sgd: dict[str, Any]

    def initial_weights(self) -> list[np.ndarray]:
        """Float64, drawn one array after another by PCG64(seed).standard_normal(shape) and scaled by what they are.

        A kernel by sqrt(2 / fan-in) (He et al. 2015), biases and beta by 0.1, gamma by 0.1 around 1; moving averages
        are not drawn: they start at 0 and 1.
        """
        rng = np.random.Generator(np.random.PCG64(self.seed))
        scaled = {
            "kernel": lambda shape: rng.standard_normal(shape) * np.sqrt(2 / np.prod(shape[:-1])),
            "depthwise kernel": lambda shape: rng.standard_normal(shape) * np.sqrt(2 / np.prod(shape[:2])),
            "bias": lambda shape: rng.standard_normal(shape) * 0.1,
            "beta": lambda shape: rng.standard_normal(shape) * 0.1,
            "gamma": lambda shape: rng.standard_normal(shape) * 0.1 + 1,
            "moving mean": np.zeros,
            "moving variance": np.ones,
        }
        return [scaled[kind](shape) for kind, shape in self.weights]


def _batch_norm(channels: int) -> tuple[tuple[str, tuple[int, ...]], ...]:
    return tuple((kind, (channels,)) for kind in ("gamma", "beta", "moving mean", "moving variance"))


SETUPS = {
    "lenet5": Setup(
        seed=5,
        weights=(
            ("kernel", (5, 5, 1, 6)),
            ("bias", (6,)),
            ("kernel", (5, 5, 6, 16)),
            ("bias", (16,)),
            ("kernel", (400, 120)),
            ("bias", (120,)),
            ("kernel", (120, 84)),
            ("bias", (84,)),
            ("kernel", (84, 10)),
            ("bias", (10,)),
        ),
        sgd={"learning_rate": 0.05, "momentum": 0.9},
    ),
    "batch_norm_net": Setup(
        seed=6,
        weights=(
            ("kernel", (3, 3, 1, 8)),
            *_batch_norm(8),
            ("kernel", (3, 3, 8, 16)),
            ("bias", (16,)),
            *_batch_norm(16),
            ("kernel", (16, 10)),
            ("bias", (10,)),
        ),
        sgd={"learning_rate": 0.05, "momentum": 0.9, "nesterov": True},
    ),
    "strided_net": Setup(
        seed=7,
        weights=(
            ("kernel", (3, 3, 1, 8)),
            ("bias", (8,)),
            ("depthwise kernel", (3, 3, 8, 1)),
            ("bias", (8,)),
            ("kernel", (1, 1, 8, 16)),
            ("bias", (16,)),
            ("kernel", (144, 10)),
            ("bias", (10,)),
        ),
        sgd={"learning_rate": 0.05, "momentum": 0.9, "weight_decay": 0.05},
    ),
}


def batches(images: np.ndarray, labels: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The first STEPS · BATCH_SIZE training images of minicnn's embedded Fashion-MNIST, in order.

    images uint8 (N, 28, 28), labels (N,) -> float64 (BATCH_SIZE, 28, 28, 1) from 0 to 1, and int64 (BATCH_SIZE,).
    """
    for start in range(0, STEPS * BATCH_SIZE, BATCH_SIZE):
        chosen = slice(start, start + BATCH_SIZE)
        yield images[chosen, :, :, None] / 255, labels[chosen].astype(np.int64)


def summary(weights: list[np.ndarray]) -> dict[str, np.ndarray]:
    """Each array by at most ENTRIES of its entries, evenly spread, by its sum and its sum of squares.

    All weights of LeNet-5 in both precisions would make a file of 700 KB.
    """
    described = {}
    for i, w in enumerate(weights):
        flat = np.asarray(w, np.float64).ravel()
        chosen = np.linspace(0, flat.size - 1, min(flat.size, ENTRIES)).astype(int)
        described |= {f"{i}/entries": flat[chosen], f"{i}/sums": np.array([flat.sum(), np.square(flat).sum()])}
    return described
