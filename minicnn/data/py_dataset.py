"""Batches that are made by a class of one's own, one a number: Keras's `PyDataset`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from minicnn.data.stream import Batch, Stream, as_batch
from minicnn.data.workers import in_order


class PyDataset(Stream):
    """A subclass defines `__len__`, the batches an epoch, and `__getitem__(index)`: x, (x, y) or (x, y, weights).

    Override `on_epoch_begin` and `on_epoch_end` to make an epoch differ from the one before. workers: threads that make
    batches in advance, at most `max_queue_size`; with 1 or 0 they are made one after another. use_multiprocessing is
    accepted for Keras's sake: these are threads.
    """

    def __init__(self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10) -> None:
        self.workers, self.use_multiprocessing, self.max_queue_size = workers, use_multiprocessing, max_queue_size

    workers = 1
    max_queue_size = 10

    @property
    def batch_size(self) -> int:  # type: ignore[override]
        """Examples in the first batch."""
        return len(as_batch(self[0]).x)

    def __getitem__(self, index: int) -> Any:
        """The batch of this number."""
        raise TypeError(f"{type(self).__name__} must define __getitem__(index)")

    def on_epoch_begin(self) -> None:
        """Before an epoch."""

    def on_epoch_end(self) -> None:
        """After an epoch."""

    def epoch(self, number: int = 0) -> Iterator[Batch]:
        """The batches of one epoch, as the object stands."""
        return self.epoch_from(number, 0)

    def epoch_from(self, number: int, start: int) -> Iterator[Batch]:
        """The batches from the one numbered `start` on."""
        self.on_epoch_begin()
        threads = self.workers if self.workers > 1 else 0
        yield from in_order(lambda i: as_batch(self[i]), range(start, len(self)), threads, self.max_queue_size)
        self.on_epoch_end()
