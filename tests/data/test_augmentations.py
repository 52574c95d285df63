from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from minicnn.data.augmentations import (
    colour_jitter,
    cutout,
    gaussian_noise,
    in_turn,
    mixup,
    random_resized_crop,
)  # fmt: skip
from minicnn.data.batches import Batches
from minicnn.data.loader import Loader
from minicnn.errors import ArgumentError, ShapeError
from minicnn.random import generator
from minicnn.utils import to_categorical
from tests.training.tasks import network, quarters

X = np.random.default_rng(0).uniform(0.1, 0.9, (12, 16, 12, 3)).astype(np.float32)
EVERY: dict[str, Any] = {
    "crop": random_resized_crop((16, 12)),
    "jitter": colour_jitter(0.1, 0.2, 0.2, 0.1),
    "noise": gaussian_noise(0.1),
    "cutout": cutout(5),
    "in turn": in_turn(cutout(3), gaussian_noise(0.1)),
}


@pytest.mark.parametrize("name", EVERY)
def test_the_generator_decides_and_the_input_stays(name: str) -> None:
    before = X.copy()
    first, again, other = (EVERY[name](X, generator(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(X, before)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    assert (first.dtype, first.shape) == (X.dtype, X.shape)
    changed = [not np.array_equal(a, b) for a, b in zip(first, X, strict=True)]
    assert all(changed), "each picture has draws of its own"


def test_a_crop_is_a_part_of_the_picture() -> None:
    """Pictures that say where each pixel was: the crop's corners lie in bounds, its area and shape in their ranges."""
    rows, columns = np.meshgrid(np.arange(40.0), np.arange(60.0), indexing="ij")
    x = np.broadcast_to(np.stack([rows, columns, rows], axis=-1), (200, 40, 60, 3))
    y = random_resized_crop((21, 21), scale=(0.3, 0.5), ratio=(0.8, 1.25))(x, generator(0))
    height = (y[:, -1, 0, 0] - y[:, 0, 0, 0]) * 21 / 20
    width = (y[:, 0, -1, 1] - y[:, 0, 0, 1]) * 21 / 20
    assert 0.28 < (height * width / 2400).min() < 0.33
    assert 0.47 < (height * width / 2400).max() < 0.52
    assert 0.75 < (width / height).min() < 0.83
    assert 1.2 < (width / height).max() < 1.32
    np.testing.assert_allclose(random_resized_crop((40, 60), (1, 1), (1.5, 1.5))(x, generator(0)), x)


def test_jitter_stays_in_its_range_and_does_nothing_if_told_so() -> None:
    y = colour_jitter(0.9, 0.9, 0.9, 0.5, value_range=(0.0, 1.0))(X, generator(0))
    assert y.min() >= 0
    assert y.max() <= 1
    np.testing.assert_array_equal(colour_jitter()(X, generator(0)), X)


def test_cutout_fills_a_square_of_which_a_part_may_lie_outside() -> None:
    y = cutout(5, fill_value=7)(np.repeat(X, 20, axis=0), generator(0))
    filled = (y == 7).all(axis=-1)
    sizes = {(int(f.any(axis=1).sum()), int(f.any(axis=0).sum())) for f in filled}
    assert (5, 5) in sizes
    assert all(f.sum() == f.any(axis=1).sum() * f.any(axis=0).sum() for f in filled)
    assert min(min(size) for size in sizes) == 3


def test_mixup_mixes_pictures_and_labels_by_the_same_parts() -> None:
    labels = to_categorical(np.arange(12)).astype("float32")
    x = np.broadcast_to(np.arange(12.0).reshape(12, 1, 1, 1), (12, 2, 2, 1))
    mixed, y = mixup(0.5)(x, labels, generator(0))
    np.testing.assert_allclose(y.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(mixed[:, 0, 0, 0], y @ np.arange(12.0), rtol=1e-5)
    assert (y.max(axis=1) < 1).sum() > 4
    assert mixup(0.5).changes_labels  # type: ignore[attr-defined]


def test_they_train_and_never_touch_what_is_validated() -> None:
    x, y = quarters()
    seen: list[np.ndarray] = []

    def watched(batch: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        seen.append(batch)
        return gaussian_noise(0.1)(batch, rng)

    validation = x[:20]
    for training in (Batches(x[20:], y[20:], augment=watched), Loader((x[20:], y[20:]), augment=watched)):
        seen.clear()
        network().fit(training, validation_data=(validation, y[:20]), verbose=0)
        held_out = {picture.tobytes() for picture in validation}
        assert seen
        assert not held_out & {picture.tobytes() for batch in seen for picture in batch}
    mixed = Loader((x, to_categorical(y).astype("float32")), augment=mixup())
    network(loss="categorical_crossentropy").fit(mixed, verbose=0)


BAD: dict[str, tuple[Any, str]] = {
    "crop size": (lambda: random_resized_crop((0, 3)), r"size must be \(height, width\)"),
    "crop scale": (lambda: random_resized_crop((3, 3), scale=(0.5, 2.0)), "scale must be above 0 and at most 1"),
    "crop ratio": (lambda: random_resized_crop((3, 3), ratio=(2, 1)), "ratio must be above 0, the smaller first"),
    "crop one": (lambda: random_resized_crop((3, 3), ratio=1), "ratio must be two numbers"),
    "jitter": (lambda: colour_jitter(brightness=-1), "brightness must be at least 0"),
    "noise": (lambda: gaussian_noise(-1), "stddev must be at least 0"),
    "cutout": (lambda: cutout(0), "size must be a whole number of at least 1"),
    "mixup": (lambda: mixup(0), "alpha must be above 0"),
    "labels": (lambda: mixup()(X, np.arange(12), generator(0)), "labels must be one-hot rows of floats"),
    "no labels": (lambda: mixup()(X, None, generator(0)), "got none"),
    "in turn": (lambda: in_turn(mixup()), "stands alone"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_makes_no_sense(case: str) -> None:
    make, message = BAD[case]
    with pytest.raises(ArgumentError, match=message):
        make()


@pytest.mark.parametrize("name", ["crop", "jitter", "cutout"])
def test_what_is_no_batch_of_pictures(name: str) -> None:
    with pytest.raises(ShapeError, match=r"takes images \(n, height, width, channels\)"):
        EVERY[name](X[0], generator(0))
