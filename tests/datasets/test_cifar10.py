from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path

import numpy as np
import pytest

from minicnn.datasets import cifar10
from minicnn.errors import DataError

RECORDS = 3


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """Six files of three records; pixel (row, column) of channel c in image n is known."""
    monkeypatch.setattr(cifar10, "RECORDS", RECORDS)
    rng = np.random.default_rng(0)
    files = (*cifar10.TRAIN_FILES, cifar10.TEST_FILE)
    records = rng.integers(0, 256, (len(files), RECORDS, 3073), dtype=np.uint8)
    records[:, :, 0] %= 10
    return {file: records[i].tobytes() for i, file in enumerate(files)}


def pack(batches: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for file, content in {"readme.html": b"<html>", **batches}.items():
            entry = tarfile.TarInfo(f"cifar-10-batches-bin/{file}")
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


@pytest.fixture
def archive(batches: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> bytes:
    content = pack(batches)
    monkeypatch.setattr(cifar10, "MD5", hashlib.md5(content, usedforsecurity=False).hexdigest())
    return content


def agrees(loaded: tuple, batches: dict[str, bytes]) -> None:
    """Compared pixel by pixel with the format's own words: red plane, green plane, blue plane, row by row."""
    (x_train, y_train), (x_test, y_test) = loaded
    assert x_train.shape == (5 * RECORDS, 32, 32, 3)
    assert x_test.shape == (RECORDS, 32, 32, 3)
    assert y_train.shape == (5 * RECORDS, 1)
    assert x_train.dtype == y_train.dtype == x_test.dtype == y_test.dtype == np.uint8
    content = b"".join(batches[file] for file in cifar10.TRAIN_FILES)
    for n, row, column, channel in [(0, 0, 0, 0), (3, 31, 0, 1), (14, 5, 17, 2), (7, 31, 31, 2), (1, 0, 1, 0)]:
        assert x_train[n, row, column, channel] == content[n * 3073 + 1 + channel * 1024 + row * 32 + column]
        assert y_train[n, 0] == content[n * 3073]
    assert y_test[2, 0] == batches[cifar10.TEST_FILE][2 * 3073]


def test_the_archive(cache: Path, batches: dict[str, bytes], archive: bytes) -> None:
    cache.mkdir()
    (cache / cifar10.ARCHIVE).write_bytes(archive)
    agrees(cifar10.load_data(), batches)


@pytest.mark.parametrize("inside", ["cifar10/cifar-10-batches-bin", "cifar-10-batches-bin", "cifar10", "."])
def test_unpacked_files(cache: Path, batches: dict[str, bytes], inside: str) -> None:
    (cache / inside).mkdir(parents=True)
    for file, content in batches.items():
        (cache / inside / file).write_bytes(content)
    agrees(cifar10.load_data(), batches)


@pytest.mark.parametrize("label_axes", [1, 2])
def test_npz(cache: Path, label_axes: int) -> None:
    cache.mkdir()
    x, y = np.zeros((2, 32, 32, 3), np.uint8), np.array([3, 9])
    y = y if label_axes == 1 else y[:, np.newaxis]
    np.savez(cache / "cifar10.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    (_, y_train), _ = cifar10.load_data()
    np.testing.assert_array_equal(y_train, [[3], [9]])


def test_download_then_the_cache(cache: Path, batches: dict[str, bytes], archive: bytes, server) -> None:
    server.bodies[f"/cifar10/{cifar10.ARCHIVE}"] = archive
    agrees(cifar10.load_data(download=True), batches)
    agrees(cifar10.load_data(download=True), batches)
    agrees(cifar10.load_data(), batches)
    assert len(server.requests) == 1
    (cache / "cifar10" / cifar10.ARCHIVE).write_bytes(archive[:-1])
    with pytest.raises(DataError, match="has MD5"):
        cifar10.load_data()
    agrees(cifar10.load_data(download=True), batches)
    assert len(server.requests) == 2


def test_a_wrong_download_is_not_kept(cache: Path, archive: bytes, server) -> None:
    server.bodies[f"/cifar10/{cifar10.ARCHIVE}"] = archive[::-1]
    with pytest.raises(DataError, match=f"^{server.url}/cifar10/{cifar10.ARCHIVE}: the file has MD5"):
        cifar10.load_data(download=True)
    assert not list((cache / "cifar10").iterdir())


def test_an_archive_with_the_right_digest_and_the_wrong_content(
    cache: Path, batches: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.mkdir()

    def load(content: bytes) -> None:
        (cache / cifar10.ARCHIVE).write_bytes(content)
        monkeypatch.setattr(cifar10, "MD5", hashlib.md5(content, usedforsecurity=False).hexdigest())
        cifar10.load_data()

    with pytest.raises(DataError, match=r"test_batch\.bin: has 9,218 bytes, expected 9,219"):
        load(pack({**batches, cifar10.TEST_FILE: batches[cifar10.TEST_FILE][:-1]}))
    with pytest.raises(DataError, match=r"has no data_batch_5\.bin"):
        load(pack({file: content for file, content in batches.items() if "5" not in file}))
    with pytest.raises(DataError, match=r"no tar\.gz archive, or a damaged one"):
        load(b"no archive at all")
    with pytest.raises(DataError, match=r"no tar\.gz archive, or a damaged one"):
        load(pack(batches)[:-200])


def test_unpacked_files_of_a_wrong_size_or_label(cache: Path, batches: dict[str, bytes]) -> None:
    cache.mkdir()
    for file, content in batches.items():
        (cache / file).write_bytes(content)
    (cache / "data_batch_2.bin").write_bytes(b"")
    with pytest.raises(DataError, match=r"data_batch_2\.bin: has 0 bytes, expected 9,219 \(3 records of 3,073\)"):
        cifar10.load_data()
    (cache / "data_batch_2.bin").write_bytes(b"\x0a" + batches["data_batch_2.bin"][1:])
    with pytest.raises(DataError, match="y_train goes from 0 to 10; expected class numbers 0 to 9"):
        cifar10.load_data()


def test_the_pickled_version_is_explained(cache: Path) -> None:
    (cache / "cifar-10-batches-py").mkdir(parents=True)
    with pytest.raises(DataError, match=r"cifar-10-batches-py is the Python version, a set of pickles") as caught:
        cifar10.load_data()
    assert "CIFAR-10 is not on this machine" in str(caught.value)
    assert "cifar-10-binary.tar.gz" in str(caught.value)
