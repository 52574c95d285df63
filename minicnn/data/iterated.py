"""Batches from somebody else's iterator: a Python generator, a loader of another library."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from minicnn.data.stream import Batch, Stream, as_batch
from minicnn.errors import ArgumentError
from minicnn.geometry import is_int
from minicnn.structure import is_nested, leaves


class Iterated(Stream):
    """Batches that `source` gives: (x, y) or (x, y, sample_weight), or (x,) to predict.

    source: an iterator, of which each epoch takes the next `steps` batches; or anything else that can be gone through
    again and again, and is in each epoch. Unlike other streams an iterator cannot go back: a training that goes on
    after a restart goes on with whatever it gives then.
    argument: the name of the argument that `steps` came in. Raises ArgumentError for an iterator without steps, and
    when it ends before them.
    """

    def __init__(self, source: Iterable[Any], steps: Any, argument: str) -> None:
        self.source, self._again = source, not isinstance(source, Iterator)
        if not is_int(steps) and not (steps is None and hasattr(source, "__len__")):
            raise ArgumentError(
                f"{argument} must say how many batches to take from a {type(source).__name__}, which may have no end; "
                f"got {steps!r:.80}"
            )
        self.steps, self.argument = len(source) if steps is None else int(steps), argument  # type: ignore[arg-type]
        self._waiting: list[Batch] = []

    @property
    def batch_size(self) -> int:  # type: ignore[override]
        """Examples in the first batch."""
        return len(leaves(self.first().x)[0])

    def __len__(self) -> int:
        return self.steps

    def first(self) -> Batch:
        """The next batch, which stays the next one."""
        if not self._waiting:
            self._waiting.append(self._next(iter(self.source), 0))
        return self._waiting[0]

    def epoch(self, number: int = 0) -> Iterator[Batch]:
        """The batches of one epoch."""
        return self.epoch_from(number, 0)

    def epoch_from(self, number: int, start: int) -> Iterator[Batch]:
        """The batches of one epoch from the one numbered `start` on."""
        batches = iter(self.source)
        if self._again:
            self._waiting.clear()
        for i in range(self.steps):
            batch = self._waiting.pop() if self._waiting else self._next(batches, i)
            if i >= start:
                yield batch

    def _next(self, batches: Iterator[Any], taken: int) -> Batch:
        try:
            given = next(batches)
        except StopIteration:
            raise ArgumentError(
                f"the {type(self.source).__name__} ended after {taken} batches of an epoch of {self.steps} "
                f"({self.argument}); a generator for several epochs goes on for ever: while True"
            ) from None
        return as_batch(tuple(given) if isinstance(given, list) else given)


def iterated(given: Any, steps: Any, argument: str) -> Any:
    """A stream, if what is given in the place of arrays is an iterator or a loader; else what is given."""
    is_data = isinstance(given, (Stream, str)) or is_nested(given) or hasattr(given, "dtype")
    if is_data or not hasattr(given, "__iter__") or hasattr(given, "__array__"):
        return given
    return Iterated(given, steps, argument)
