from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from minicnn.data.iterated import Iterated, iterated
from minicnn.data.stream import Stream
from minicnn.errors import ArgumentError

X, Y = np.arange(24.0).reshape(12, 2), np.arange(12)


def endless(size: int = 3) -> Iterator[Any]:
    while True:
        for i in range(0, 12, size):
            yield X[i : i + size], Y[i : i + size]


class Loader:
    """As other libraries have them: gone through anew in each epoch, in lists."""

    def __len__(self) -> int:
        return 2

    def __iter__(self) -> Iterator[Any]:
        return iter([[X[:6], Y[:6]], [X[6:], Y[6:]]])


def labels(stream: Stream, number: int, start: int = 0) -> list[list[int]]:
    return [batch.y.tolist() for batch in stream.epoch_from(number, start)]


def test_an_iterator_goes_on_where_the_epoch_before_ended_and_loses_none() -> None:
    stream = Iterated(endless(), 3, "steps_per_epoch")
    assert (len(stream), stream.batch_size, stream.samples) == (3, 3, 9)
    assert stream.first().y.tolist() == [0, 1, 2]
    assert labels(stream, 0) == [[0, 1, 2], [3, 4, 5], [6, 7, 8]]
    assert labels(stream, 1) == [[9, 10, 11], [0, 1, 2], [3, 4, 5]]
    assert labels(stream, 2, start=1) == [[9, 10, 11], [0, 1, 2]], "one was left out"


def test_a_loader_is_gone_through_in_each_epoch() -> None:
    stream = iterated(Loader(), None, "steps_per_epoch")
    assert len(stream) == 2
    assert stream.batch_size == 6
    for number in range(2):
        assert labels(stream, number) == [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]]


@pytest.mark.parametrize("given", [X, [X, X], (X, Y), {"a": X}, None, "text", 5], ids=lambda g: type(g).__name__)
def test_everything_else_stays_what_it_is(given: Any) -> None:
    assert iterated(given, None, "steps") is given


def test_a_stream_stays_what_it_is() -> None:
    stream = Iterated(endless(), 1, "steps")
    assert iterated(stream, None, "steps") is stream


def test_an_iterator_does_not_say_where_it_ends() -> None:
    with pytest.raises(ArgumentError, match="validation_steps must say how many batches to take from a generator"):
        iterated(endless(), None, "validation_steps")
    short = Iterated(iter([(X, Y)]), 2, "steps_per_epoch")
    with pytest.raises(ArgumentError, match=re.escape("ended after 1 batches of an epoch of 2 (steps_per_epoch)")):
        list(short.epoch())
