"""Finding image files in a folder, and what class each belongs to."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from minicnn.data.images import check_header
from minicnn.data.labels import to_categorical
from minicnn.errors import ArgumentError, DataError
from minicnn.geometry import is_int

FILE_ENDINGS = (".bmp", ".gif", ".jpeg", ".jpg", ".png")
BAD_FILES = ("raise", "skip")
_NAMED = 10  # bad files that a message names before it only counts them

Files = tuple[list[str], np.ndarray | None]


def find_files(
    folder: Path, labels: Any, class_names: Sequence[str] | None, endings: tuple[str, ...], follow_links: bool
) -> tuple[list[str], np.ndarray | None, list[str] | None]:
    """The image files in a folder in the order of their paths, their class numbers, and the names of the classes.

    Raises DataError if there is no such folder, a class has no images or there are none; ArgumentError for labels or
    class_names that do not fit what is there.
    """
    if not os.path.isdir(folder):
        raise DataError(f"{folder}: is no folder; expected one with a folder of images for each class")
    if labels == "inferred" if isinstance(labels, str) else False:
        names = _classes(folder, class_names)
        files = [list_files(folder / name, endings, follow_links) for name in names]
        if empty := [name for name, inside in zip(names, files, strict=True) if not inside]:
            raise DataError(
                f"{folder}: no images ({', '.join(endings)}) for class {', '.join(empty)}; fill or remove the folder"
            )
        numbers = np.repeat(np.arange(len(names)), [len(inside) for inside in files])
        return [file for inside in files for file in inside], numbers, names
    if class_names is not None:
        raise ArgumentError("class_names goes with labels='inferred': without class folders there are no names")
    found = list_files(folder, endings, follow_links)
    if not found:
        raise DataError(f"{folder}: holds no images ({', '.join(endings)})")
    if labels is None:
        return found, None, None
    if not isinstance(labels, (list, tuple, np.ndarray)) or not all(is_int(label) for label in labels):
        raise ArgumentError(f"labels must be 'inferred', None or a list of class numbers, got {labels!r:.80}")
    if len(labels) != len(found):
        raise ArgumentError(
            f"there are {len(labels)} labels for {len(found)} images in {folder}; expected one for each"
        )
    return found, np.asarray(labels, np.int64), [str(label) for label in sorted(set(map(int, labels)))]


def list_files(folder: Path, endings: tuple[str, ...], follow_links: bool) -> list[str]:
    """All files with one of these endings in a folder and those within it, folder by folder, in order of name."""
    walked = sorted(os.walk(folder, followlinks=follow_links), key=lambda entry: entry[0])
    return [
        os.path.join(root, name)
        for root, _, names in walked
        for name in sorted(names)
        if name.lower().endswith(endings) and not name.startswith(".")
    ]


def check_files(folder: Path, files: list[str], labels: np.ndarray | None, bad_files: str) -> Files:
    """The files whose headers are those of images. The others are named: in a DataError, or in a warning."""
    faults: list[str] = []
    good: list[int] = []
    for i, file in enumerate(files):
        try:
            check_header(Path(file))
            good.append(i)
        except DataError as error:
            faults.append(str(error))
    if not faults:
        return files, labels
    more = f"\n  and {len(faults) - _NAMED} more" if len(faults) > _NAMED else ""
    text = f"{len(faults)} files cannot be read as images:" + "".join(f"\n  {f}" for f in faults[:_NAMED]) + more
    if bad_files == "raise" or not good:
        hint = "" if not good else "\nremove them, or leave them out with bad_files='skip'"
        raise DataError(f"{folder}: {text}{hint}")
    warnings.warn(f"{folder}: left out: {text}", stacklevel=3)
    return [files[i] for i in good], None if labels is None else labels[good]


def shuffled(files: list[str], labels: np.ndarray | None, seed: int) -> Files:
    """Files and labels in the order in which Keras's shuffle with this seed puts them."""
    order = list(range(len(files)))
    # The legacy generator, as Keras seeds it; it takes 32 bits.
    np.random.RandomState(seed % 2**32).shuffle(order)
    return [files[i] for i in order], None if labels is None else labels[order]


def split(files: list[str], labels: np.ndarray | None, fraction: float | None, part: str | None) -> Files:
    """The "training" or "validation" part: the last `fraction` is for validation. Raises DataError if it is empty."""
    if fraction is None or part is None:
        return files, labels
    at = len(files) - int(fraction * len(files))
    chosen = slice(0, at) if part == "training" else slice(at, None)
    if not files[chosen]:
        raise DataError(f"validation_split {fraction} of {len(files)} images leaves none for {part}")
    return files[chosen], None if labels is None else labels[chosen]


def number_classes(label_mode: str | None, classes: int) -> Callable[[np.ndarray], np.ndarray]:
    """How class numbers (n,) become targets."""
    return {
        "categorical": lambda labels: to_categorical(labels, classes).astype(np.float32),
        "binary": lambda labels: labels.astype(np.float32)[:, None],
    }.get(label_mode or "", lambda labels: labels.astype(np.int32))


def _classes(folder: Path, class_names: Sequence[str] | None) -> list[str]:
    found = sorted(entry.name for entry in os.scandir(folder) if entry.is_dir() and not entry.name.startswith("."))
    if not found:
        raise DataError(f"{folder}: holds no class folders; expected {folder.name}/cat/1.jpg, {folder.name}/dog/1.jpg")
    if class_names is None:
        return found
    if missing := [name for name in class_names if name not in found]:
        raise ArgumentError(f"class_names names {', '.join(map(str, missing))}; {folder} has {', '.join(found)}")
    return list(class_names)
