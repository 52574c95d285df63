"""Batches: what a training loop walks through, epoch after epoch, in an order that a seed decides."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from minicnn.data.stream import Batch, Stream
from minicnn.errors import ArgumentError, ShapeError
from minicnn.geometry import is_int
from minicnn.random import as_key, generator

# Changes a batch of images (n, H, W, C), drawing from the generator it is given.
Augmentation = Callable[[np.ndarray, np.random.Generator], np.ndarray]


@dataclass(frozen=True, eq=False)
class Batches(Stream):
    """Arrays cut into batches; the last one may be shorter.

    x: (N, ...), y: (N, ...), weights: (N,). Each batch of x is converted to `dtype` and multiplied by `scale`
    (1 / 255 turns uint8 pixels into 0 .. 1), then augmented. Order and augmentation of epoch e are a function of
    (seed, e) alone: a training that is resumed sees the same batches as one that was never interrupted.
    Raises ArgumentError for what is no array, a batch size below 1 or a seed that is none; ShapeError for arrays of
    unequal length.
    """

    x: np.ndarray
    y: np.ndarray | None = None
    weights: np.ndarray | None = None
    batch_size: int = 32
    shuffle: bool = False
    seed: int = 0
    dtype: Any = "float32"
    scale: float = 1.0
    augment: Augmentation | None = None

    def __post_init__(self) -> None:
        if not is_int(self.batch_size) or self.batch_size < 1:
            raise ArgumentError(f"batch_size must be a whole number of at least 1, got {self.batch_size!r}")
        as_key(self.seed)
        for name, rows in {"x": self.x, "y": self.y, "weights": self.weights}.items():
            if not isinstance(rows, np.ndarray) and (rows is not None or name == "x"):
                raise ArgumentError(f"Batches: {name} must be an array, got {type(rows).__name__}")
            if rows is not None and (rows.ndim == 0 or len(rows) != len(self.x)):
                raise ShapeError(f"Batches: {name} {rows.shape} must have one row for each example of x {self.x.shape}")

    @property
    def background(self) -> bool:  # type: ignore[override]
        """Cutting a batch out of an array is less work than handing it from thread to thread."""
        return self.augment is not None

    @property
    def samples(self) -> int:
        """How many examples there are."""
        return len(self.x)

    def __len__(self) -> int:
        """How many batches an epoch has."""
        return -(-len(self.x) // self.batch_size)

    def epoch(self, number: int = 0) -> Iterator[Batch]:
        """The batches of one epoch."""
        chance = self.shuffle or self.augment is not None
        rng: Any = generator(self.seed, number) if chance else None  # making one takes as long as a small batch
        order = rng.permutation(len(self.x)) if self.shuffle else None
        for start in range(0, len(self.x), self.batch_size):
            part: Any = (
                slice(start, start + self.batch_size) if order is None else order[start : start + self.batch_size]
            )
            rows = self.x[part]
            x = rows.astype(self.dtype, copy=False)
            if self.scale != 1:
                # In place where the numbers are nobody else's: fresh memory costs more than the product.
                own = order is not None or x is not rows
                x = np.multiply(x, x.dtype.type(self.scale), out=x if own else None)
            if self.augment is not None:
                x = self.augment(x, rng)
            yield Batch(
                x, None if self.y is None else self.y[part], None if self.weights is None else self.weights[part]
            )
