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
from minicnn.structure import is_nested, leaves, mapped

# Changes a batch of images (n, H, W, C), drawing from the generator it is given.
Augmentation = Callable[[np.ndarray, np.random.Generator], np.ndarray]


@dataclass(frozen=True, eq=False)
class Batches(Stream):
    """Arrays cut into batches; the last one may be shorter.

    x: (N, ...), y: (N, ...), weights: (N,), or lists and dicts of such arrays, as models with several inputs and
    outputs take them. Each batch of x is converted to `dtype` and multiplied by `scale`
    (1 / 255 turns uint8 pixels into 0 .. 1), then augmented. Order and augmentation of epoch e are a function of
    (seed, e) alone: a training that is resumed sees the same batches as one that was never interrupted.
    Raises ArgumentError for what is no array, a batch size below 1 or a seed that is none; ShapeError for arrays of
    unequal length.
    """

    x: Any
    y: Any = None
    weights: Any = None
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
        for name, given in {"x": self.x, "y": self.y, "weights": self.weights}.items():
            for rows in leaves(given):
                if not isinstance(rows, np.ndarray) and (rows is not None or name == "x"):
                    raise ArgumentError(f"Batches: {name} must be an array, got {type(given).__name__}")
                if rows is not None and (rows.ndim == 0 or len(rows) != self.count):
                    raise ShapeError(
                        f"Batches: {name} {rows.shape} must have one row for each example of x "
                        f"{leaves(self.x)[0].shape}"
                    )
        if is_nested(self.x) and self.augment is not None:
            raise ArgumentError("Batches: augment changes one array of images; x has several arrays")

    @property
    def count(self) -> int:
        """How many examples there are."""
        return len(leaves(self.x)[0])

    @property
    def background(self) -> bool:  # type: ignore[override]
        """Cutting a batch out of an array is less work than handing it from thread to thread."""
        return self.augment is not None

    @property
    def samples(self) -> int:
        """How many examples there are."""
        return self.count

    def __len__(self) -> int:
        """How many batches an epoch has."""
        return -(-self.count // self.batch_size)

    def epoch(self, number: int = 0) -> Iterator[Batch]:
        """The batches of one epoch."""
        chance = self.shuffle or self.augment is not None
        rng: Any = generator(self.seed, number) if chance else None  # making one takes as long as a small batch
        order = rng.permutation(self.count) if self.shuffle else None
        for start in range(0, self.count, self.batch_size):
            part: Any = (
                slice(start, start + self.batch_size) if order is None else order[start : start + self.batch_size]
            )
            x = mapped(lambda rows, part=part: self._converted(rows[part], own=order is not None), self.x)
            if self.augment is not None:
                x = self.augment(x, rng)
            y, weights = (
                mapped(lambda rows, part=part: None if rows is None else rows[part], tree)
                for tree in (self.y, self.weights)
            )
            yield Batch(x, y, weights)

    def _converted(self, rows: np.ndarray, own: bool) -> np.ndarray:
        x = rows.astype(self.dtype, copy=False)
        if self.scale == 1:
            return x
        # In place where the numbers are nobody else's: fresh memory costs more than the product.
        return np.multiply(x, x.dtype.type(self.scale), out=x if own or x is not rows else None)
