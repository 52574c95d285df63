"""What `--data` takes: the name of a known set, or the path of one's own."""

from __future__ import annotations

import difflib
import os
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

from minicnn.data.dataset import Dataset, make_dataset
from minicnn.data.folders import read_image_folder
from minicnn.datasets import cifar10, embedded, fashion_mnist, mnist
from minicnn.datasets.idx import read_idx
from minicnn.datasets.keras_form import ARRAYS, KerasData
from minicnn.datasets.mnist_form import FILES, idx_file, recognise
from minicnn.datasets.npz import read_npz
from minicnn.errors import ArgumentError, DataError

NAMES: Mapping[str, tuple[Callable[[bool], KerasData], tuple[str, ...]]] = {
    embedded.NAME: (lambda download: embedded.load_data(), embedded.CLASS_NAMES),
    "fashion-mnist": (lambda download: fashion_mnist.load_data(download=download), fashion_mnist.CLASS_NAMES),
    "mnist": (lambda download: mnist.load_data(download=download), mnist.CLASS_NAMES),
    "cifar10": (lambda download: cifar10.load_data(download=download), cifar10.CLASS_NAMES),
}
"""The known sets: how each is loaded, and its class names."""


def load(
    spec: str,
    *,
    image_size: tuple[int, int] | None = None,
    channels: int | None = None,
    test_fraction: float = 0.2,
    seed: int = 0,
    download: bool = False,
) -> Dataset:
    """The data set that `spec` means.

    spec: a name out of NAMES; or the path of a folder of the four IDX files, of an `.npz` file with the arrays
    x_train, y_train, x_test, y_test (and perhaps class_names), or of a folder of class folders of images (`folders`).
    A name wins over a path: write ./mnist for a folder called mnist.
    image_size, channels, test_fraction, seed: for class folders, as in `folders.read_image_folder`.
    download: for names, as in `datasets.mnist.load_data`.
    Raises DataError if there is no such set or it cannot be used; ArgumentError for image_size or channels where the
    images have their own.
    """
    path = Path(os.path.expanduser(spec))
    # os.path answers False, where Path.is_dir raises, for a path that this user may not look at.
    is_name, is_folder = spec in NAMES, bool(spec) and os.path.isdir(path)
    if not (is_name or is_folder or os.path.isfile(path)):
        raise _unknown(spec)
    is_idx = is_folder and any(idx_file(path, stem) for stem in FILES)
    if is_folder and not is_name and not is_idx:
        return read_image_folder(path, size=image_size, channels=channels, test_fraction=test_fraction, seed=seed)
    if image_size is not None or channels is not None:
        raise ArgumentError(
            f"image_size and channels are for folders of image files; the images of {spec!r} have their own size "
            "(leave out --image-size)"
        )
    if is_name:
        load_data, class_names = NAMES[spec]
        train, test = load_data(download)
        return make_dataset(spec, train, test, class_names=class_names)
    return _load_idx_folder(path) if is_idx else _load_npz(path)


def _load_idx_folder(folder: Path) -> Dataset:
    """The four IDX files in `folder`: a known set, digests verified and classes named, or any other."""
    if missing := [stem for stem in FILES if not idx_file(folder, stem)]:
        raise DataError(f"{folder}: an IDX folder without {', '.join(missing)} (plain or .gz); add what is missing")
    if known := recognise(folder):
        train, test = known.read_folder(folder)
        return make_dataset(known.name, train, test, class_names=known.class_names)
    x_train, y_train, x_test, y_test = (read_idx(idx_file(folder, stem) or folder / stem) for stem in FILES)
    return make_dataset(folder.resolve().name, (x_train, y_train), (x_test, y_test))


def _load_npz(path: Path) -> Dataset:
    if not zipfile.is_zipfile(path):
        raise DataError(
            f"{path}: is no .npz file; --data takes an .npz file with the arrays {', '.join(ARRAYS)}, or a folder"
        )
    arrays = read_npz(path, ARRAYS, optional=["class_names"])
    names = arrays.get("class_names")
    if names is not None and (names.ndim != 1 or names.dtype.kind != "U"):
        raise DataError(
            f"{path}: class_names is {names.dtype} of shape {names.shape}; expected one string for each class"
        )
    return make_dataset(
        path.stem,
        (arrays["x_train"], arrays["y_train"]),
        (arrays["x_test"], arrays["y_test"]),
        class_names=None if names is None else [str(name) for name in names],
    )


def _unknown(spec: str) -> DataError:
    """The error for a `spec` that is neither a name nor a path."""
    near = difflib.get_close_matches(spec.lower().replace("_", "-"), NAMES, n=2, cutoff=0.6)
    mean = f" Did you mean {' or '.join(near)}?" if near else ""
    return DataError(
        f"data {spec!r} is neither a known set nor an existing file or folder.{mean} "
        f"Known sets: {', '.join(NAMES)}. Or give a folder of IDX files, an .npz file with the arrays "
        f"{', '.join(ARRAYS)}, or a folder of class folders of images"
    )
