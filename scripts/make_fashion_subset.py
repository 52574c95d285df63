"""Makes the data set that comes with minicnn, fashion-mnist-6k, from the full Fashion-MNIST.

    python scripts/make_fashion_subset.py /usr/share/datasets/fashion-mnist

The folder holds the four IDX files, e.g. from Debian's package `dataset-fashion-mnist`; their digests are verified.
Of each class, 500 training images are drawn from the training split and 100 test images from the test split, without
replacement, by `np.random.Generator(PCG64(SEED))`; then each part is shuffled by the same generator. The bytes written
depend on nothing else (not on the time, nor on the platform) but on zlib: 1.2.13 gives the digest recorded in
`minicnn/datasets/embedded`, a zlib that compresses in another way gives the same arrays in other bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import os
import zipfile
import zlib
from pathlib import Path

import numpy as np

from minicnn.datasets.embedded import FILE, SHA256
from minicnn.datasets.mnist_form import FASHION_MNIST

SEED = 1708_07747  # the paper's number on arXiv; no other seed was tried
TRAIN_PER_CLASS, TEST_PER_CLASS = 500, 100
MAX_BYTES = 3_000_000
MIDNIGHT_1980 = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip file can tell


def balanced_subset(labels: np.ndarray, per_class: int, rng: np.random.Generator) -> np.ndarray:
    """Indices of `per_class` images of each class, in random order."""
    drawn = [rng.permutation(np.flatnonzero(labels == label))[:per_class] for label in np.unique(labels)]
    return rng.permutation(np.concatenate(drawn))


def npz_bytes(arrays: dict[str, np.ndarray]) -> bytes:
    """An `.npz` file of the arrays. `np.savez_compressed` would write the time of day into it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, array in arrays.items():
            npy = io.BytesIO()
            np.lib.format.write_array(npy, array, version=(1, 0), allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy", MIDNIGHT_1980)
            entry.create_system = 3  # Unix, on every platform
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, npy.getvalue(), zipfile.ZIP_DEFLATED, compresslevel=9)
    return buffer.getvalue()


def main() -> None:
    """Makes the subset, writes it and prints its size and digest."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where the four IDX files of Fashion-MNIST lie, gzipped or not")
    parser.add_argument("--out", type=Path, default=FILE, help="the .npz file to write (default: %(default)s)")
    options = parser.parse_args()

    (x_train, y_train), (x_test, y_test) = FASHION_MNIST.read_folder(options.folder)
    rng = np.random.Generator(np.random.PCG64(SEED))
    train = balanced_subset(y_train, TRAIN_PER_CLASS, rng)
    test = balanced_subset(y_test, TEST_PER_CLASS, rng)
    content = npz_bytes(
        {"x_train": x_train[train], "y_train": y_train[train], "x_test": x_test[test], "y_test": y_test[test]}
    )
    if len(content) > MAX_BYTES:
        raise SystemExit(f"{len(content):,} bytes: more than the {MAX_BYTES:,} that a wheel should carry")

    temporary = options.out.with_name(f"{options.out.name}.part")
    temporary.write_bytes(content)
    os.replace(temporary, options.out)
    digest = hashlib.sha256(content).hexdigest()
    verdict = "as recorded" if digest == SHA256 else f"recorded is {SHA256}"
    print(f"{options.out}: {len(content):,} bytes, SHA-256 {digest} ({verdict}; zlib {zlib.ZLIB_RUNTIME_VERSION})")


if __name__ == "__main__":
    main()
