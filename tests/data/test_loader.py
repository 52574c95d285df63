from __future__ import annotations

import threading
import time
import weakref
from typing import Any

import numpy as np
import pytest

from minicnn.data.ahead import WAITING, made_ahead
from minicnn.data.loader import Loader
from minicnn.data.workers import in_order
from minicnn.errors import ArgumentError, DataError


def noisy(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return x + rng.normal(size=x.shape).astype(x.dtype)


def epoch(loader: Loader, number: int) -> np.ndarray:
    return np.concatenate([batch.x for batch in loader.epoch(number)])


class Pictures:
    """Takes longer for some than for others."""

    def __len__(self) -> int:
        return 23

    def __getitem__(self, i: int) -> tuple[np.ndarray, int]:
        time.sleep(0.002 * (i % 3))
        return np.full((2, 2, 1), i, np.uint8), i % 4


@pytest.mark.parametrize("source", [Pictures(), (np.arange(23.0), np.arange(23))], ids=["objects", "arrays"])
@pytest.mark.parametrize("prefetch", [1, 5])
def test_the_number_of_workers_changes_no_bit(source: Any, prefetch: int) -> None:
    def both_epochs(workers: int) -> list[np.ndarray]:
        loader = Loader(source, 5, shuffle=True, seed=3, augment=noisy, workers=workers, prefetch=prefetch)
        return [epoch(loader, 1), epoch(loader, 0)]

    expected = both_epochs(0)
    assert not np.array_equal(*expected)
    for workers in (1, 2, 4):
        for got, wanted in zip(both_epochs(workers), expected, strict=True):
            np.testing.assert_array_equal(got, wanted)


def test_every_example_comes_once_an_epoch_with_its_label() -> None:
    batches = list(Loader(Pictures(), 5, shuffle=True, seed=0).epoch(2))
    assert [len(batch.x) for batch in batches] == [5, 5, 5, 5, 3]
    x = np.concatenate([batch.x[:, 0, 0, 0] for batch in batches])
    assert sorted(x.tolist()) == list(range(23))
    assert x.tolist() != list(range(23))
    np.testing.assert_array_equal(np.concatenate([batch.y for batch in batches]), x % 4)  # type: ignore[misc]
    assert batches[0].x.dtype == np.float32


def test_augmentation_that_changes_labels_too() -> None:
    def swap(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        return -x, y + 1

    swap.changes_labels = True  # type: ignore[attr-defined]
    batch = next(Loader((np.arange(4), np.arange(4)), augment=swap).epoch())
    assert batch.x.tolist() == [0, -1, -2, -3]
    assert batch.y is not None
    assert batch.y.tolist() == [1, 2, 3, 4]


def workers() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name.startswith("minicnn data")}


def test_no_more_is_made_than_is_asked_for_in_advance() -> None:
    made: list[int] = []
    before = workers()
    results = in_order(lambda i: made.append(i) or i, range(100), workers=2, ahead=3)  # type: ignore[func-returns-value]
    assert [next(results) for _ in range(4)] == [0, 1, 2, 3]
    results.close()  # type: ignore[attr-defined]
    assert len(made) <= 4 + 3
    assert not workers() - before


def test_an_epoch_of_any_length_takes_the_memory_of_a_few_batches() -> None:
    made: list[weakref.ref[np.ndarray]] = []
    lock = threading.Lock()

    def noted(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        x = x + 1
        with lock:
            made.append(weakref.ref(x))
        return x

    loader = Loader(np.zeros((200, 1)), batch_size=2, augment=noted, workers=2, prefetch=3)
    most = 0
    with made_ahead(loader.map(lambda x: x).epoch()) as epoch:
        for _ in epoch:
            time.sleep(0.001)  # the others are faster
            most = max(most, sum(x() is not None for x in list(made)))
    assert len(made) == 100
    # Those that workers make or have made, one on its way, those that are ready, the one in use and the one before.
    assert most <= 3 + 1 + WAITING + 2


def test_what_goes_wrong_is_raised_in_its_place_and_ends_the_threads() -> None:
    def make(i: int) -> int:
        if i == 2:
            raise DataError("picture 2")
        return i

    before = workers()
    results, seen = in_order(make, range(9), workers=3, ahead=3), []
    with pytest.raises(DataError, match="picture 2"):
        for i in results:
            seen.append(i)
    assert seen == [0, 1]
    assert not workers() - before


class OfAllSizes(Pictures):
    def __getitem__(self, i: int) -> Any:
        return np.zeros((2 + i, 2, 1)), 0


BAD: dict[str, tuple[Any, dict[str, Any], type[Exception], str]] = {
    "nothing": (None, {}, ArgumentError, "source must be arrays, or have a length"),
    "empty": (np.zeros((0, 2)), {}, DataError, "the source holds no examples"),
    "of two lengths": ((np.zeros(3), np.zeros(2)), {}, ArgumentError, "with a row an example each"),
    "batch size": (np.zeros(3), {"batch_size": 0}, ArgumentError, "batch_size must be a whole number of at least 1"),
    "workers": (np.zeros(3), {"workers": -1}, ArgumentError, "workers must be a whole number of at least 0, got -1"),
    "prefetch": (np.zeros(3), {"prefetch": 0}, ArgumentError, "prefetch must be a whole number of at least 1"),
    "sizes": (OfAllSizes(), {"batch_size": 3}, DataError, "examples of one batch must have one form"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_loaded(case: str) -> None:
    source, options, error, message = BAD[case]
    with pytest.raises(error, match=message):
        list(Loader(source, **options))
