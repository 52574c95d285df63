"""A folder of image files as a stream of batches, read and decoded while the model trains."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from minicnn.data.files import BAD_FILES, FILE_ENDINGS, check_files, find_files, number_classes, shuffled, split
from minicnn.data.images import read_image
from minicnn.data.loader import Indexed
from minicnn.data.stream import Batch
from minicnn.errors import ArgumentError, DataError
from minicnn.imaging.resample import INTERPOLATIONS, check_size, resize, resize_cropped, resize_padded
from minicnn.random import fresh_seed
from minicnn.registry import lookup

CHANNELS = {"grayscale": 1, "rgb": 3, "rgba": 4}


class ImageFiles(Indexed):
    """What image_dataset_from_directory returns: batches (x, y), x float32 (n, H, W, C) from 0 to 255.

    class_names: what each class number means. file_paths: the files in order. labels: their class numbers, or None.
    """

    def __init__(
        self,
        file_paths: Sequence[str],
        labels: np.ndarray | None,
        class_names: list[str] | None,
        shape: tuple[int, int, int],
        read: Callable[[str, np.ndarray], object],
        encode: Callable[[np.ndarray], np.ndarray],
        skip_bad: bool,
        **options: Any,
    ) -> None:
        super().__init__(len(file_paths), **options)
        self.file_paths, self.labels, self.class_names = list(file_paths), labels, class_names
        self._shape, self._read, self._encode, self._skip_bad = shape, read, encode, skip_bad

    def make(self, numbers: np.ndarray, rng: np.random.Generator) -> Batch:
        """The images with these numbers. Raises DataError, naming the file, for one that is damaged within."""
        # Each image goes to its place at once: memory for one at a time is had from one before, and still warm.
        x, kept = np.empty((len(numbers), *self._shape), np.float32), list[int]()
        for number in numbers:
            try:
                self._read(self.file_paths[number], x[len(kept)])
                kept.append(number)
            except DataError as error:
                if not self._skip_bad:
                    raise
                warnings.warn(f"left out: {error}", stacklevel=2)
        if not kept:
            raise DataError(f"none of {len(numbers)} files can be read, {self.file_paths[numbers[0]]} for one")
        return Batch(x[: len(kept)], None if self.labels is None else self._encode(self.labels[kept]), None)


def image_dataset_from_directory(
    directory: str | os.PathLike[str],
    labels: Any = "inferred",
    label_mode: str | None = "int",
    class_names: Sequence[str] | None = None,
    color_mode: str = "rgb",
    batch_size: int = 32,
    image_size: Any = (256, 256),
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    interpolation: str = "bilinear",
    follow_links: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    verbose: bool = True,
    *,
    bad_files: str = "raise",
    workers: int | None = None,
) -> Any:
    """The images in a folder of class folders as batches for `fit`, or (training, validation) with subset="both".

    labels: "inferred" from the class folders; None; or a list of class numbers, one for each file in the order of their
    paths. label_mode: "int" (n,), "categorical" one-hot (n, classes), "binary" (n, 1), or None. class_names: the
    folders to take and their order, which is that of their names otherwise. color_mode: "rgb", "grayscale" or "rgba".
    image_size: (height, width) to bring images to, by `interpolation` (one of INTERPOLATIONS), stretched unless
    crop_to_aspect_ratio or pad_to_aspect_ratio keeps their proportions. shuffle: mixes the files once, by `seed`, and
    anew each epoch; else they come in the order of their paths. validation_split, subset: the part of the files, after
    mixing, that is for "validation"; the rest is "training". Same seed, same split as Keras's.
    bad_files: "raise" a DataError that names all files that are no images, or "skip" them with a warning that does.
    workers: threads that read, see `data.loader.Indexed`.
    Raises DataError for a folder that is missing or holds no images, for a class without any and for bad files;
    ArgumentError for options that do not fit.
    """
    folder = Path(directory)
    size = check_size("image_size", (image_size, image_size) if isinstance(image_size, int) else image_size)
    channels = lookup("color_mode", color_mode, CHANNELS)
    lookup("interpolation", interpolation, dict.fromkeys(INTERPOLATIONS))
    lookup("bad_files", bad_files, dict.fromkeys(BAD_FILES))
    if label_mode not in ("int", "categorical", "binary", None):
        raise ArgumentError(f"label_mode must be 'int', 'categorical', 'binary' or None, got {label_mode!r:.80}")
    _check_subset(validation_split, subset, shuffle, seed)
    if labels is None or label_mode is None:
        labels = label_mode = None
    seed = fresh_seed() if seed is None else seed

    files, numbers, names = find_files(folder, labels, class_names, FILE_ENDINGS, follow_links)
    files, numbers = check_files(folder, files, numbers, bad_files)
    if label_mode == "binary" and len(names or ()) != 2:
        raise ArgumentError(f"label_mode='binary' is for two classes, {folder} has {len(names or ())}: {names}")
    if verbose:
        belonging = "" if names is None else f" belonging to {len(names)} classes"
        print(f"Found {len(files)} files{belonging}.")
    if shuffle:
        files, numbers = shuffled(files, numbers, seed)

    fit_in = resize_cropped if crop_to_aspect_ratio else resize_padded if pad_to_aspect_ratio else resize

    def read(path: str, out: np.ndarray) -> None:
        fit_in(read_image(Path(path), channels=channels), size, interpolation, out=out)

    def stream(part: str | None) -> ImageFiles:
        paths, labels_of_part = split(files, numbers, validation_split, part)
        return ImageFiles(
            paths, labels_of_part, names, (*size, channels), read, number_classes(label_mode, len(names or ())),
            bad_files == "skip", batch_size=batch_size, shuffle=shuffle and part != "validation", seed=seed,
            workers=workers,
        )  # fmt: skip

    return (stream("training"), stream("validation")) if subset == "both" else stream(subset)


def _check_subset(validation_split: Any, subset: Any, shuffle: bool, seed: Any) -> None:
    if subset not in ("training", "validation", "both", None):
        raise ArgumentError(f"subset must be 'training', 'validation' or 'both', got {subset!r:.80}")
    if (validation_split is None) != (subset is None):
        raise ArgumentError("validation_split and subset go together: give both or none")
    if validation_split is not None and not 0 < validation_split < 1:
        raise ArgumentError(f"validation_split must be between 0 and 1, got {validation_split!r:.80}")
    if validation_split is not None and shuffle and seed is None:
        raise ArgumentError(
            "validation_split of files that are mixed needs a seed, so that training and validation do not overlap"
        )
