"""Batches that several threads make while the model computes, the same ones whatever their number."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from minicnn.data.stream import Batch, Stream, as_batch
from minicnn.data.workers import default_workers, in_order
from minicnn.errors import ArgumentError, DataError
from minicnn.geometry import is_int
from minicnn.random import as_key, fresh_seed, generator


class Indexed(Stream):
    """A stream of examples that have numbers: a subclass defines `make(numbers, rng)`, the batch of these examples.

    count: how many examples there are. batch_size: examples a batch. shuffle: a new order each epoch.
    seed: decides order and chance; drawn if None. workers: threads; None takes as many as there are processors (up to
    4), 0 none. prefetch: batches made in advance at most.
    Batch b of epoch e is a function of (seed, e, b) alone: it does not matter who makes it, or when.
    """

    background = False  # it has threads of its own

    def __init__(
        self,
        count: int,
        batch_size: int = 32,
        shuffle: bool = False,
        seed: int | None = None,
        workers: int | None = None,
        prefetch: int = 2,
    ) -> None:
        who = type(self).__name__
        workers = default_workers() if workers is None else workers
        for name, value, least in (("batch_size", batch_size, 1), ("workers", workers, 0), ("prefetch", prefetch, 1)):
            if not is_int(value) or value < least:
                raise ArgumentError(f"{who}: {name} must be a whole number of at least {least}, got {value!r:.80}")
        self.count, self.batch_size, self.shuffle = count, int(batch_size), bool(shuffle)
        self.seed = fresh_seed() if seed is None else as_key(seed).seed
        self.workers, self.prefetch = int(workers), int(prefetch)

    @property
    def samples(self) -> int:
        """How many examples there are."""
        return self.count

    def __len__(self) -> int:
        return -(-self.count // self.batch_size)

    def make(self, numbers: np.ndarray, rng: np.random.Generator) -> Batch:
        """The batch of the examples with these numbers; all chance comes from `rng`. Called from several threads."""
        raise TypeError(f"{type(self).__name__} must define make(numbers, rng)")

    def order(self, epoch: int) -> np.ndarray:
        """The numbers of the examples in the order of an epoch."""
        return generator(self.seed, epoch).permutation(self.count) if self.shuffle else np.arange(self.count)

    def epoch(self, number: int = 0) -> Iterator[Batch]:
        """The batches of one epoch."""
        return self.epoch_from(number, 0)

    def epoch_from(self, number: int, start: int) -> Iterator[Batch]:
        """The batches of one epoch from the one numbered `start` on; those before are not made."""
        order = self.order(number)

        def make(batch: int) -> Batch:
            numbers = order[batch * self.batch_size : (batch + 1) * self.batch_size]
            return self.make(numbers, generator(self.seed, number, batch + 1))

        return in_order(make, range(start, len(self)), self.workers, self.prefetch)


class Loader(Indexed):
    """Batches of anything that has a length and gives (image, label) or (image,) for a number, or of arrays.

        Loader(pictures, batch_size=32, shuffle=True, augment=augment.cutout(8))
        Loader((x, y), batch_size=32, shuffle=True, augment=augment.mixup(0.2), workers=2)

    source: an object with `__len__` and `__getitem__(number)`, asked from several threads; or arrays x, (x, y) or
    (x, y, weights) with a row an example. augment: changes (x, rng) -> x, or (x, y, rng) -> (x, y) if it says so
    (`changes_labels`); called with float arrays. dtype: of x. Other arguments: as `Indexed`.
    Raises ArgumentError for a source that is none, DataError if it is empty or its examples differ in shape.
    """

    def __init__(
        self,
        source: Any,
        batch_size: int = 32,
        shuffle: bool = False,
        seed: int | None = None,
        augment: Callable[..., Any] | None = None,
        workers: int | None = None,
        prefetch: int = 2,
        dtype: str = "float32",
    ) -> None:
        arrays = source if isinstance(source, tuple) else (source,) if isinstance(source, np.ndarray) else None
        if arrays is not None:
            arrays = tuple(np.asarray(a) for a in arrays)
            if not 1 <= len(arrays) <= 3 or len({len(a) if a.ndim else 0 for a in arrays}) != 1:
                raise ArgumentError("Loader: arrays must be x, (x, y) or (x, y, weights) with a row an example each")
        elif not hasattr(source, "__len__") or not hasattr(source, "__getitem__"):
            raise ArgumentError(
                f"Loader: source must be arrays, or have a length and give an example for a number; got {source!r:.80}"
            )
        count = len(source if arrays is None else arrays[0])
        if count == 0:
            raise DataError("Loader: the source holds no examples")
        super().__init__(count, batch_size, shuffle, seed, workers, prefetch)
        self.source, self.arrays, self.augment, self.dtype = source, arrays, augment, np.dtype(dtype)

    def make(self, numbers: np.ndarray, rng: np.random.Generator) -> Batch:
        """The examples with these numbers, augmented."""
        parts = self._gathered(numbers) if self.arrays is None else [a[numbers] for a in self.arrays]
        batch = as_batch((parts[0].astype(self.dtype, copy=False), *parts[1:]))
        return augmented(batch, self.augment, rng)

    def _gathered(self, numbers: np.ndarray) -> list[np.ndarray]:
        examples = [self.source[int(i)] for i in numbers]
        rows = [e if isinstance(e, tuple) else (e,) for e in examples]
        try:
            return [np.stack([np.asarray(part) for part in column]) for column in zip(*rows, strict=True)]
        except ValueError:
            shapes = sorted({str(tuple(np.shape(part) for part in row)) for row in rows})
            raise DataError(
                f"Loader: examples of one batch must have one form, they have the shapes {', '.join(shapes)[:200]}; "
                "bring images to one size"
            ) from None


def augmented(batch: Batch, augment: Callable[..., Any] | None, rng: np.random.Generator) -> Batch:
    """A batch as `augment` changes it: its x, or its x and y where augment.changes_labels."""
    if augment is None:
        return batch
    if getattr(augment, "changes_labels", False):
        x, y = augment(batch.x, batch.y, rng)
        return batch._replace(x=x, y=y)
    return batch._replace(x=augment(batch.x, rng))
