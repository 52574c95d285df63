"""What `fit`, `evaluate` and `predict` take in the place of arrays: batches, epoch after epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, NamedTuple

from minicnn.errors import ArgumentError
from minicnn.geometry import is_int


class Batch(NamedTuple):
    """Some examples: x (n, ...), y (n, ...) or None, weights (n,) or None; each may be a list or dict of such."""

    x: Any
    y: Any
    weights: Any


class Stream:
    """The base: a subclass defines `__len__` and `epoch`, and sets `batch_size` and `samples`.

    batch_size: examples in a batch; the last one may be smaller. samples: examples in an epoch.
    background: whether making a batch is so much work that a thread should do it while the model computes.
    Epoch e is a function of e (and of seeds that were given) alone, whatever was asked for before: a training that
    goes on after a restart sees what it would have seen.
    """

    batch_size: int
    background = True

    @property
    def samples(self) -> int:
        """How many examples an epoch has."""
        return len(self) * self.batch_size

    def __len__(self) -> int:
        """How many batches an epoch has."""
        raise TypeError(f"{type(self).__name__} must define __len__()")

    def epoch(self, number: int = 0) -> Iterator[Batch]:
        """The batches of one epoch."""
        raise TypeError(f"{type(self).__name__} must define epoch(number)")

    def epoch_from(self, number: int, start: int) -> Iterator[Batch]:
        """The batches of one epoch from the one numbered `start` on."""
        return islice(self.epoch(number), start, None)

    def first(self) -> Batch:
        """The first batch of the first epoch, to be looked at."""
        return next(iter(self.epoch()))

    def __iter__(self) -> Iterator[Any]:
        """The first epoch's batches as people take them apart: x, (x, y) or (x, y, weights)."""
        return (as_tuple(batch) for batch in self.epoch())

    def map(self, function: Callable[..., Any]) -> Stream:
        """Batches changed by a function of yours: of (x), (x, y) or (x, y, weights), whatever there is of them.

        It returns the same again, and must not change what it is given.
        """
        return Mapped(self, lambda batch: as_batch(function(*batch_parts(batch))))

    def take(self, count: int) -> Stream:
        """The first `count` batches of each epoch. Raises ArgumentError."""
        return Cut(self, min(_steps("take: count", count), len(self)), whole=False)

    def in_steps(self, steps: int) -> Stream:
        """Epochs of so many batches, each going on where the one before ended. Raises ArgumentError."""
        return Cut(self, _steps("steps_per_epoch", steps), whole=True)

    def cache(self) -> Stream:
        """The same batches, kept in memory when they have been made once: each epoch is then like the first."""
        return Kept(self)


class Mapped(Stream):
    """A stream whose batches go through a function."""

    def __init__(self, stream: Stream, function: Callable[[Batch], Batch]) -> None:
        self.stream, self.function, self.batch_size = stream, function, stream.batch_size

    @property
    def samples(self) -> int:
        """As many as in the stream beneath."""
        return self.stream.samples

    def __len__(self) -> int:
        return len(self.stream)

    def epoch(self, number: int = 0) -> Iterator[Batch]:
        """The batches of one epoch."""
        return map(self.function, self.stream.epoch(number))

    def epoch_from(self, number: int, start: int) -> Iterator[Batch]:
        """The batches of one epoch from the one numbered `start` on."""
        return map(self.function, self.stream.epoch_from(number, start))


class Cut(Stream):
    """Epochs of another length. whole: nothing is left out, an epoch begins where the one before it ended."""

    def __init__(self, stream: Stream, steps: int, whole: bool) -> None:
        self.stream, self.steps, self.whole, self.batch_size = stream, steps, whole, stream.batch_size
        self.background = stream.background

    def __len__(self) -> int:
        return self.steps

    def epoch(self, number: int = 0) -> Iterator[Batch]:
        """The batches of one epoch."""
        return self.epoch_from(number, 0)

    def epoch_from(self, number: int, start: int) -> Iterator[Batch]:
        """The batches of one epoch from the one numbered `start` on."""
        if not self.whole:
            yield from islice(self.stream.epoch_from(number, start), self.steps - start)
            return
        place, left = number * self.steps + start, self.steps - start
        while left > 0:
            beneath, offset = divmod(place, len(self.stream))
            here = min(left, len(self.stream) - offset)
            yield from islice(self.stream.epoch_from(beneath, offset), here)
            place, left = place + here, left - here


class Kept(Stream):
    """The first epoch of a stream, kept."""

    background = False

    def __init__(self, stream: Stream) -> None:
        self.stream, self.batch_size, self._kept = stream, stream.batch_size, list[Batch]()

    @property
    def samples(self) -> int:
        """As many as in the stream beneath."""
        return self.stream.samples

    def __len__(self) -> int:
        return len(self.stream)

    def epoch(self, number: int = 0) -> Iterator[Batch]:
        """The batches, the same ones in each epoch."""
        yield from self._kept
        for batch in self.stream.epoch_from(0, len(self._kept)):
            self._kept.append(batch)
            yield batch


def as_batch(given: Any) -> Batch:
    """A Batch from x, (x,), (x, y) or (x, y, weights). Raises ArgumentError for anything else."""
    parts = given if isinstance(given, tuple) else (given,)
    if not 1 <= len(parts) <= 3:
        raise ArgumentError(f"a batch must be x, (x, y) or (x, y, sample_weight); got {len(parts)} parts")
    x, y, weights = (*parts, None, None)[:3]
    return Batch(x, y, weights)


def batch_parts(batch: Batch) -> tuple[Any, ...]:
    """(x,), (x, y) or (x, y, weights)."""
    return batch[:1] if batch.y is None else batch[:2] if batch.weights is None else tuple(batch)


def as_tuple(batch: Batch) -> Any:
    """x, (x, y) or (x, y, weights)."""
    return batch.x if batch.y is None else batch_parts(batch)


def _steps(name: str, value: Any) -> int:
    if not is_int(value) or value < 1:
        raise ArgumentError(f"{name} must be a whole number of at least 1, got {value!r:.80}")
    return int(value)
