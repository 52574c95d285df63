from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from minicnn.data.batches import Batches
from minicnn.data.loader import Loader
from minicnn.data.stream import Stream, as_batch
from minicnn.errors import ArgumentError, DataError, ShapeError
from minicnn.utils import PyDataset
from tests.training.tasks import network, quarters

X, Y = quarters()


def numbers(stream: Stream, epoch: int = 0, start: int = 0) -> list[list[int]]:
    return [batch.x.ravel().tolist() for batch in stream.epoch_from(epoch, start)]


def ten(**options: Any) -> Loader:
    return Loader(np.arange(10), batch_size=4, **options)


def test_iterating_gives_what_people_take_apart() -> None:
    assert [x.tolist() for x in ten()] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    for x, y in Loader((np.arange(4), np.arange(4) * 2), batch_size=2):
        np.testing.assert_array_equal(y, 2 * x)
    assert [len(parts) for parts in Loader((np.arange(4),) * 3, batch_size=4)] == [3]


def test_take_and_steps_cut_epochs_anew() -> None:
    assert numbers(ten().take(2), epoch=5) == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert len(ten().take(9)) == 3
    four = ten().in_steps(4)
    assert numbers(four, 0) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9], [0, 1, 2, 3]]
    assert numbers(four, 1) == [[4, 5, 6, 7], [8, 9], [0, 1, 2, 3], [4, 5, 6, 7]]
    assert numbers(four, 1, start=3) == [[4, 5, 6, 7]]
    mixed = ten(shuffle=True, seed=1)
    assert numbers(mixed.in_steps(3), 7) == numbers(mixed, 7)


@pytest.mark.parametrize("stream", [ten(shuffle=True, seed=3), Batches(np.arange(10), batch_size=4, shuffle=True)])
def test_an_epoch_from_a_batch_on_is_the_rest_of_it(stream: Stream) -> None:
    for changed in (stream, stream.map(lambda x: x + 1), stream.take(3)):
        assert numbers(changed, 2, start=1) == numbers(changed, 2)[1:]


def test_map_sees_what_there_is_of_a_batch() -> None:
    doubled = ten().map(lambda x: 2 * x)
    assert numbers(doubled)[0] == [0, 2, 4, 6]
    assert (len(doubled), doubled.samples, doubled.batch_size) == (3, 10, 4)
    pairs = Loader((np.arange(4), np.arange(4)), batch_size=4).map(lambda x, y: (x, y + 1))
    assert next(pairs.epoch()).y.tolist() == [1, 2, 3, 4]  # type: ignore[union-attr]
    with pytest.raises(ArgumentError, match="a batch must be x"):
        list(ten().map(lambda x: ()))


def test_a_cache_makes_each_batch_once() -> None:
    made: list[int] = []
    kept = ten(workers=0).map(lambda x: (made.append(len(x)), x)[1]).cache()
    next(kept.epoch())
    for _ in range(2):
        assert numbers(kept) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert made == [4, 4, 2]


class Mine(PyDataset):
    ended = 0

    def __len__(self) -> int:
        return 3

    def __getitem__(self, index: int) -> Any:
        return X[20 * index : 20 * index + 20], Y[20 * index : 20 * index + 20]

    def on_epoch_end(self) -> None:
        self.ended += 1


@pytest.mark.parametrize("workers", [1, 3])
def test_a_dataset_of_ones_own_trains_as_arrays_do(workers: int) -> None:
    mine = Mine(workers=workers)
    a, b = network(), network()
    assert a.fit(mine, epochs=2, verbose=0).history == b.fit(X, Y, 20, 2, shuffle=False, verbose=0).history
    assert mine.ended == 2
    assert a.evaluate(mine) == b.evaluate(X, Y)
    np.testing.assert_array_equal(a.predict(mine), b.predict(X, batch_size=20))


@pytest.mark.parametrize("of_streams", [True, False])
def test_class_weights_go_with_a_stream_as_with_arrays(of_streams: bool) -> None:
    weight = {0: 1.0, 1: 2.0, 3: 0.0}
    a, b = network(), network()
    stream: Stream = Mine() if of_streams else Batches(X, Y, batch_size=20)
    a.fit(stream, class_weight=weight, verbose=0)
    b.fit(X, Y, batch_size=20, class_weight=weight, shuffle=False, verbose=0)
    for left, right in zip(a.get_weights(), b.get_weights(), strict=True):
        np.testing.assert_array_equal(left, right)


def test_a_stream_is_looked_at_batch_by_batch() -> None:
    with pytest.raises(DataError, match="contains label 9"):
        network().fit(Loader((X, np.where(Y == 1, 9, Y))), verbose=0)
    with pytest.raises(ShapeError, match="the model takes"):
        network().fit(Loader((X[:, :5], Y)), verbose=0)
    with pytest.raises(ArgumentError, match="y is missing"):
        network().fit(Loader(X), verbose=0)
    with pytest.raises(ArgumentError, match="x is a Loader, which brings its targets and weights"):
        network().fit(Loader((X, Y)), Y, verbose=0)


def test_steps_that_make_no_sense() -> None:
    for steps in (0, -1, 2.5, "2"):
        with pytest.raises(ArgumentError, match="steps_per_epoch must be a whole number of at least 1"):
            network().fit(X, Y, steps_per_epoch=steps, verbose=0)  # type: ignore[arg-type]


def test_what_a_batch_may_be() -> None:
    assert as_batch(X).y is None
    assert as_batch((X, Y)).y is Y
    with pytest.raises(ArgumentError, match="got 4 parts"):
        as_batch((X, Y, Y, Y))
    for part in ("__len__", "epoch"):
        with pytest.raises(TypeError, match=f"Stream must define {part}"):
            getattr(Stream(), part)()
