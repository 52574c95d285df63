from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from minicnn.datasets import embedded
from minicnn.errors import DataError


def test_what_comes_with_minicnn() -> None:
    (x_train, y_train), (x_test, y_test) = embedded.load_data()
    assert x_train.shape == (5000, 28, 28)
    assert x_test.shape == (1000, 28, 28)
    assert x_train.dtype == y_train.dtype == x_test.dtype == y_test.dtype == np.uint8
    np.testing.assert_array_equal(np.bincount(y_train), [500] * 10)
    np.testing.assert_array_equal(np.bincount(y_test), [100] * 10)
    assert len(embedded.CLASS_NAMES) == 10


def test_images_are_pictures_of_their_class() -> None:
    """Labels and images belong together: a nearest mean, which knows nothing else, is right for most."""
    (x_train, y_train), (x_test, y_test) = embedded.load_data()
    means = np.stack([x_train[y_train == label].mean(axis=0).ravel() for label in range(10)])
    distances = ((x_test.reshape(1000, 1, 784) - means) ** 2).sum(axis=2)
    assert (distances.argmin(axis=1) == y_test).mean() > 0.6


def test_no_image_is_in_both_parts_or_twice() -> None:
    (x_train, _), (x_test, _) = embedded.load_data()
    images = np.concatenate([x_train, x_test])
    assert len({image.tobytes() for image in images}) == len(images)


def test_shuffled_so_that_the_first_hundred_hold_every_class() -> None:
    (_, y_train), (_, y_test) = embedded.load_data()
    assert set(y_train[:100]) == set(y_test[:100]) == set(range(10))


def test_small_enough_and_licensed() -> None:
    assert embedded.FILE.stat().st_size <= 3_000_000
    notice = embedded.FILE.with_name("LICENSE.fashion-mnist").read_text()
    assert "Copyright (c) 2017 Zalando SE, https://tech.zalando.com" in notice
    assert "Permission is hereby granted, free of charge" in notice


def test_an_altered_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    altered = bytearray(embedded.FILE.read_bytes())
    altered[1000] ^= 1
    (tmp_path / "altered.npz").write_bytes(altered)
    monkeypatch.setattr(embedded, "FILE", tmp_path / "altered.npz")
    with pytest.raises(DataError, match=f"{hashlib.sha256(altered).hexdigest()}, expected {embedded.SHA256}"):
        embedded.load_data()
    monkeypatch.setattr(embedded, "FILE", tmp_path / "gone.npz")
    with pytest.raises(DataError, match="cannot be read: No such file or directory; install minicnn again"):
        embedded.load_data()
