"""A folder of class folders of image files, the form in which people keep their own pictures.

    pets/cat/*.jpg  pets/dog/*.jpg                       a part of each class is held out as test images
    pets/train/cat/*.jpg ...  pets/test/cat/*.jpg ...    the split is given; `validation/` (or `val/`) may stand beside
    pets/train/cat/*.jpg ...  pets/validation/...        without `test/`, the validation images are the test images

Classes are numbered in the order of their sorted names, and images come in the order of theirs.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from minicnn.data.dataset import Dataset, make_dataset
from minicnn.data.images import ImageHeader, check_size, read_header, read_image
from minicnn.data.split import stratified_split
from minicnn.datasets.limits import MAX_BYTES
from minicnn.errors import DataError

_LITTER = ("thumbs.db", "desktop.ini")
"""Files that a desktop leaves in folders of pictures; everything else in a class folder must be an image."""

_NAMED = 10
"""How many bad files an error names before it only counts them."""


@dataclass(frozen=True)
class _Part:
    """Image files and the class number of each."""

    files: list[Path]
    labels: NDArray[np.int64]


def read_image_folder(
    folder: Path,
    *,
    size: tuple[int, int] | None = None,
    channels: int | None = None,
    test_fraction: float = 0.2,
    seed: int = 0,
) -> Dataset:
    """The data set in a folder of class folders, in one of the forms above.

    size: (height, width) to stretch all images to; None if they all have one size. channels: 1 or 3; None takes 1 if
    every image is grey. test_fraction, seed: which part of each class is held out where there is no `test/`.
    Raises DataError if there are not at least two classes of images, an image cannot be read (all such files are
    named), sizes differ, or the whole would not fit in memory; ArgumentError for an impossible size or fraction.
    """
    if size is not None:
        check_size(size)
    parts, class_names = _find_parts(folder, test_fraction, seed)
    files = [file for part in parts.values() for file in part.files]
    headers = _read_headers(folder, files)
    size = size or _common_size(folder, files, headers)
    channels = channels or max(header.channels for header in headers)
    if (needed := len(files) * size[0] * size[1] * channels) > MAX_BYTES:
        raise DataError(
            f"{folder}: {len(files):,} images of {size[0]}x{size[1]}x{channels} take {needed:,} bytes, more than the "
            f"{MAX_BYTES:,} allowed; choose smaller images with --image-size (size= in Python)"
        )
    faults: list[str] = []
    arrays = {key: (_read_images(part.files, size, channels, faults), part.labels) for key, part in parts.items()}
    _report(folder, faults)
    return make_dataset(
        folder.resolve().name, arrays["train"], arrays["test"], val=arrays.get("val"), class_names=class_names
    )


def _find_parts(folder: Path, test_fraction: float, seed: int) -> tuple[dict[str, _Part], tuple[str, ...]]:
    """The files of `train`, `test` and perhaps `val`, and the names of the classes."""
    inside = {entry.name: entry for entry in _subfolders(folder)}
    # A folder called train is a split only if classes lie in it: it may be a class of vehicles.
    train = inside.get("train")
    if train is None or not _subfolders(train):
        class_names = _class_names(folder)
        return _hold_out(_list_images(folder, class_names), class_names, test_fraction, seed), class_names

    class_names = _class_names(train)
    parts = {"train": _list_images(train, class_names)}
    val = inside.get("validation") or inside.get("val")
    test = inside.get("test") or val
    if test is None:
        return _hold_out(parts["train"], class_names, test_fraction, seed), class_names
    parts["test"] = _list_images(test, class_names)
    if val is not None and val != test:
        parts["val"] = _list_images(val, class_names)
    return parts, class_names


def _hold_out(part: _Part, class_names: tuple[str, ...], test_fraction: float, seed: int) -> dict[str, _Part]:
    """`part` divided into `train` and `test`."""
    counts = np.bincount(part.labels, minlength=len(class_names))
    if single := [class_names[i] for i in np.flatnonzero(counts == 1)]:
        raise DataError(f"class {', '.join(single)} has a single image; to train and to test it needs at least two")
    return {
        key: _Part([part.files[i] for i in indices], part.labels[indices])
        for key, indices in zip(("train", "test"), stratified_split(part.labels, test_fraction, seed), strict=True)
    }


def _class_names(folder: Path) -> tuple[str, ...]:
    names = tuple(entry.name for entry in _subfolders(folder))
    if len(names) < 2:
        found = f"only {names[0]!r}" if names else "none"
        raise DataError(
            f"{folder}: expected a folder for each class with its images inside, at least two; found {found}. "
            "For example: pets/cat/1.jpg, pets/dog/1.jpg"
        )
    return names


def _list_images(folder: Path, class_names: tuple[str, ...]) -> _Part:
    """All files in the class folders of `folder`, class by class."""
    if strange := [entry.name for entry in _subfolders(folder) if entry.name not in class_names]:
        raise DataError(
            f"{folder}: has classes that the training images lack: {', '.join(strange)}; "
            f"those are {', '.join(class_names)}"
        )
    files: list[Path] = []
    labels: list[int] = []
    for label, name in enumerate(class_names):
        if not (folder / name).is_dir():
            raise DataError(f"{folder}: has no folder for class {name}; expected {', '.join(class_names)}")
        inside = [entry for entry in _visible(folder / name) if entry.name.lower() not in _LITTER]
        if deeper := [entry.name for entry in inside if entry.is_dir()]:
            raise DataError(f"{folder / name}: holds the folder {deeper[0]}; expected only the images of class {name}")
        if not inside:
            raise DataError(f"{folder / name}: holds no images; fill the folder of class {name} or remove it")
        files += inside
        labels += [label] * len(inside)
    return _Part(files, np.array(labels, np.int64))


def _subfolders(folder: Path) -> list[Path]:
    return [entry for entry in _visible(folder) if entry.is_dir()]


def _visible(folder: Path) -> list[Path]:
    """What is in `folder`, sorted by name, without hidden files."""
    try:
        return sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    except OSError as error:
        raise DataError(f"{folder}: cannot be read as a folder: {error.strerror or error}") from error


def _read_headers(folder: Path, files: list[Path]) -> list[ImageHeader]:
    """The headers of all files, so that every bad one is known before the long work of decoding begins."""
    headers, faults = [], []
    for file in files:
        try:
            headers.append(read_header(file))
        except DataError as error:
            faults.append(str(error))
    _report(folder, faults)
    return headers


def _common_size(folder: Path, files: list[Path], headers: list[ImageHeader]) -> tuple[int, int]:
    """The (height, width) of all images, if there is one."""
    sizes = Counter((header.height, header.width) for header in headers)
    if len(sizes) == 1:
        return next(iter(sizes))
    (height, width), most = sizes.most_common(1)[0]
    other = next(i for i, header in enumerate(headers) if (header.height, header.width) != (height, width))
    raise DataError(
        f"{folder}: the images have {len(sizes)} different sizes: {most} of {len(files)} are {height}x{width}, but "
        f"{files[other].relative_to(folder)} is {headers[other].height}x{headers[other].width}. Say which size to "
        f"bring them to with --image-size (size=(height, width) in Python)"
    )


def _read_images(files: list[Path], size: tuple[int, int], channels: int, faults: list[str]) -> NDArray[np.uint8]:
    """All images in one array (N, H, W, C); what is wrong with those that cannot be read is added to `faults`."""
    images = np.empty((len(files), *size, channels), np.uint8)
    for i, file in enumerate(files):
        try:
            images[i] = read_image(file, size=size, channels=channels)
        except DataError as error:
            faults.append(str(error))
    return images


def _report(folder: Path, faults: list[str]) -> None:
    if faults:
        more = f"\n  and {len(faults) - _NAMED} more" if len(faults) > _NAMED else ""
        listed = "".join(f"\n  {fault}" for fault in faults[:_NAMED])
        raise DataError(f"{folder}: {len(faults)} files cannot be read as images:{listed}{more}")
