from __future__ import annotations

import numpy as np
import pytest

from minicnn.data.batches import Batches
from minicnn.errors import ArgumentError, ShapeError

X = np.arange(10, dtype=np.uint8)[:, np.newaxis]
Y = np.arange(10) * 2
WEIGHTS = np.arange(10) / 10


def seen(batches: Batches, epoch: int = 0) -> list[int]:
    """Which examples come, in order."""
    return [int(n) for batch in batches.epoch(epoch) for n in batch.x[:, 0]]


def test_in_order_and_the_last_one_is_shorter() -> None:
    batches = Batches(X, Y, WEIGHTS, batch_size=4)
    assert len(batches) == 3
    assert [len(batch.x) for batch in batches.epoch()] == [4, 4, 2]
    assert seen(batches) == list(range(10))


def test_rows_stay_together() -> None:
    for batch in Batches(X, Y, WEIGHTS, batch_size=3, shuffle=True).epoch():
        np.testing.assert_array_equal(batch.y, batch.x[:, 0] * 2)
        np.testing.assert_allclose(batch.weights, batch.x[:, 0] / 10)


def test_an_epoch_shows_every_example_once_in_an_order_of_its_own() -> None:
    batches = Batches(X, batch_size=3, shuffle=True, seed=1)
    orders = [seen(batches, epoch) for epoch in range(4)]
    assert all(sorted(order) == list(range(10)) for order in orders)
    assert len({tuple(order) for order in orders}) == 4


def test_the_order_follows_from_seed_and_epoch_alone() -> None:
    """Whoever resumes with epoch 3 sees what a training that was never interrupted would have seen."""
    one, other = Batches(X, shuffle=True, seed=5), Batches(X, shuffle=True, seed=5, batch_size=3)
    for epoch in range(3):
        seen(one, epoch)
    assert seen(one, 3) == seen(other, 3)
    assert seen(one, 3) != seen(Batches(X, shuffle=True, seed=6), 3)


def test_pixels_become_floats_and_are_scaled() -> None:
    (batch,) = Batches(X, scale=1 / 255).epoch()
    assert batch.x.dtype == np.float32
    np.testing.assert_array_equal(batch.x[:, 0], np.arange(10, dtype=np.float32) * np.float32(1 / 255))
    (batch,) = Batches(X, dtype="float64").epoch()
    assert batch.x.dtype == np.float64
    assert X.dtype == np.uint8


def test_augmentation_sees_scaled_floats_and_follows_the_epoch() -> None:
    def noise(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        assert x.dtype == np.float32
        return x + rng.random(x.shape).astype(np.float32)

    batches = Batches(X, batch_size=4, seed=3, augment=noise)

    def epoch(number: int) -> np.ndarray:
        return np.concatenate([batch.x for batch in batches.epoch(number)])

    np.testing.assert_array_equal(epoch(2), epoch(2))
    assert not np.array_equal(epoch(2), epoch(3))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"batch_size": 0}, ArgumentError, "batch_size must be a whole number of at least 1, got 0"),
        ({"batch_size": 2.0}, ArgumentError, "batch_size must be a whole number"),
        ({"seed": -1}, ArgumentError, "seed must be a whole number"),
        ({"x": [[1], [2]]}, ArgumentError, "Batches: x must be an array, got list"),
        ({"x": None}, ArgumentError, "Batches: x must be an array, got NoneType"),
        ({"y": [1] * 10}, ArgumentError, "Batches: y must be an array, got list"),
        ({"y": Y[:3]}, ShapeError, r"Batches: y \(3,\) must have one row for each example of x \(10, 1\)"),
        ({"weights": np.float64(3)}, ArgumentError, "Batches: weights must be an array"),
        ({"weights": np.array(3)}, ShapeError, r"Batches: weights \(\) must have one row"),
    ],
)
def test_what_makes_no_sense(arguments: dict, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Batches(**{"x": X, **arguments})
