"""What `ImageDataGenerator.flow` and `flow_from_directory` return: streams of pictures that are changed by chance."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from minicnn.data.checks import check_images
from minicnn.data.files import check_files, find_files
from minicnn.data.labels import to_categorical
from minicnn.data.loader import Indexed
from minicnn.data.pictures import CHANNELS, img_to_array, load_img, save_img
from minicnn.data.stream import Batch, as_tuple
from minicnn.errors import ArgumentError, DataError
from minicnn.imaging.resample import check_size
from minicnn.numeric import numeric
from minicnn.registry import lookup

ENDINGS = (".png", ".jpg", ".jpeg", ".bmp")
SaveTo = tuple[str | os.PathLike[str] | None, str, str]


class Changes(Protocol):
    """What a flow wants of an ImageDataGenerator."""

    dtype: np.dtype
    validation_split: float

    def random_transform(
        self, x: np.ndarray, seed: int | None = None, rng: np.random.Generator | None = None
    ) -> np.ndarray:
        """A picture changed by chance."""

    def standardize(self, x: np.ndarray) -> np.ndarray:
        """A picture through what is not chance."""


class Flow(Indexed):
    """Batches of pictures that go through an ImageDataGenerator; those for validation are standardized only.

    `next(flow)` and `for batch in flow` go on for ever, epoch after epoch, as Keras's do; `flow[i]` is batch i of the
    first epoch. save_to: (folder, prefix, format) to write all pictures to that are made.
    """

    def __init__(self, generator: Changes, augmented: bool, save_to: SaveTo, **options: Any) -> None:
        super().__init__(**options)
        self.image_data_generator, self._augmented, self._save_to = generator, augmented, save_to
        if save_to[0] is not None:
            os.makedirs(save_to[0], exist_ok=True)
        self._endless: Iterator[Any] | None = None

    @property
    def n(self) -> int:
        """How many pictures there are."""
        return self.count

    def picture(self, number: int) -> np.ndarray:
        """The picture of this number, (H, W, C) in the generator's dtype, before it is changed."""
        raise TypeError(f"{type(self).__name__} must define picture(number)")

    def targets(self, numbers: np.ndarray, x: np.ndarray) -> tuple[np.ndarray | None, np.ndarray | None]:
        """Targets and weights of the pictures with these numbers, which have become x."""
        raise TypeError(f"{type(self).__name__} must define targets(numbers, x)")

    def make(self, numbers: np.ndarray, rng: np.random.Generator) -> Batch:
        """The pictures with these numbers, changed and standardized."""
        images = self.image_data_generator
        x = np.empty(0)
        for i, number in enumerate(numbers):
            picture = self.picture(int(number))
            if self._augmented:
                picture = images.random_transform(picture, rng=rng)
            picture = images.standardize(picture)
            if i == 0:
                x = np.empty((len(numbers), *picture.shape), images.dtype)
            x[i] = picture
        self._save(numbers, x, rng)
        return Batch(x, *self.targets(numbers, x))

    def _save(self, numbers: np.ndarray, x: np.ndarray, rng: np.random.Generator) -> None:
        folder, prefix, ending = self._save_to
        if folder is not None:
            for number, picture in zip(numbers, x, strict=True):
                save_img(Path(folder) / f"{prefix}_{number}_{rng.integers(10**7)}.{ending}", picture)

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        if self._endless is None:
            self._endless = self._for_ever()
        return next(self._endless)

    def __getitem__(self, index: int) -> Any:
        if not -len(self) <= index < len(self):
            raise IndexError(f"batch {index} of {len(self)}")
        epoch = self.epoch_from(0, index % len(self))
        batch = next(epoch)
        epoch.close()  # type: ignore[attr-defined]
        return as_tuple(batch)

    def reset(self) -> None:
        """Begins anew with the first epoch."""
        self._endless = None

    def _for_ever(self) -> Iterator[Any]:
        number = 0
        while True:
            for batch in self.epoch(number):
                yield as_tuple(batch)
            number += 1


class ArrayFlow(Flow):
    """Batches of arrays x (N, H, W, C), y (N, ...) and sample_weight (N,).

    subset: "validation" takes the first part of them, as large as the generator's validation_split says, "training" the
    rest. Raises DataError for what is no batch of pictures, or if the parts would not have the same classes (unless
    ignore_class_split); ArgumentError for arrays of different lengths.
    """

    def __init__(
        self,
        generator: Changes,
        x: Any,
        y: Any,
        sample_weight: Any,
        subset: str | None,
        ignore_class_split: bool,
        **options: Any,
    ) -> None:
        x = check_images(x, name="flow: x")
        y = None if y is None else numeric(y, "flow: y")
        weights = None if sample_weight is None else numeric(sample_weight, "flow: sample_weight")
        for name, rows in (("y", y), ("sample_weight", weights)):
            if rows is not None and (rows.ndim == 0 or len(rows) != len(x)):
                raise ArgumentError(f"flow: {name} {rows.shape} must have one row for each of the {len(x)} pictures")
        part = _part(len(x), generator.validation_split, subset)
        if subset is not None and y is not None and not ignore_class_split:
            at = int(len(x) * generator.validation_split)
            if not np.array_equal(np.unique(y[:at], axis=0), np.unique(y[at:], axis=0)):
                raise DataError(
                    "flow: training and validation parts would not have the same classes: the examples seem to be "
                    "sorted by class; mix them first"
                )
        self.x = x[part]
        self.y, self.sample_weight = (None if a is None else a[part] for a in (y, weights))
        if not len(self.x):
            raise DataError(f"flow: validation_split {generator.validation_split} of {len(x)} leaves none for {subset}")
        super().__init__(generator, subset != "validation", count=len(self.x), **options)

    def picture(self, number: int) -> np.ndarray:
        """x[number]."""
        return self.x[number].astype(self.image_data_generator.dtype)

    def targets(self, numbers: np.ndarray, x: np.ndarray) -> tuple[np.ndarray | None, np.ndarray | None]:
        """y and sample_weight."""
        y, weights = (None if a is None else a[numbers] for a in (self.y, self.sample_weight))
        return y, weights


class DirectoryFlow(Flow):
    """Batches of the pictures in a folder of class folders.

    target_size: (height, width). color_mode: "rgb", "grayscale" or "rgba". classes: the folders to take and their
    order. class_mode: "categorical", "sparse" (whole numbers; Keras gives floats), "binary",
    "input" (the pictures themselves) or None. subset: of each
    class's pictures the first ones, as many as the generator's validation_split says, for "validation", the rest for
    "training". interpolation, keep_aspect_ratio: as in `load_img`.
    class_indices: number of each class by name. classes: class number of each picture. filenames, filepaths: its file.
    Raises DataError for folders and files as `image_dataset_from_directory` does.
    """

    def __init__(
        self,
        generator: Changes,
        directory: str | os.PathLike[str],
        target_size: Any,
        color_mode: str,
        classes: Sequence[str] | None,
        class_mode: str | None,
        follow_links: bool,
        subset: str | None,
        interpolation: str,
        keep_aspect_ratio: bool,
        **options: Any,
    ) -> None:
        if class_mode not in ("categorical", "binary", "sparse", "input", None):
            raise ArgumentError(
                f"class_mode must be 'categorical', 'binary', 'sparse', 'input' or None, got {class_mode!r:.80}"
            )
        self.directory, self.class_mode = Path(directory), class_mode
        self.target_size = check_size("target_size", target_size)
        self.image_shape = (*self.target_size, lookup("color_mode", color_mode, CHANNELS))
        self._loading = {
            "color_mode": color_mode,
            "interpolation": interpolation,
            "keep_aspect_ratio": keep_aspect_ratio,
        }
        files, labels, names = find_files(self.directory, "inferred", classes or None, ENDINGS, follow_links)
        check_files(self.directory, files, labels, "raise")
        numbers = np.asarray(labels)
        by_class = [np.flatnonzero(numbers == label) for label in range(len(names or ()))]
        chosen = [i for members in by_class for i in members[_part(len(members), generator.validation_split, subset)]]
        if not chosen:
            raise DataError(f"{self.directory}: validation_split {generator.validation_split} leaves none for {subset}")
        self.class_indices = {name: i for i, name in enumerate(names or ())}
        self.num_classes = len(self.class_indices)
        self.classes = numbers[chosen].astype(np.int32)
        self.filepaths = [files[i] for i in chosen]
        self.filenames = [os.path.relpath(path, self.directory) for path in self.filepaths]
        super().__init__(generator, subset != "validation", count=len(chosen), **options)
        print(f"Found {self.count} images belonging to {self.num_classes} classes.")

    @property
    def labels(self) -> np.ndarray:
        """Class number of each picture, as `classes`."""
        return self.classes

    def picture(self, number: int) -> np.ndarray:
        """The picture in filepaths[number], of target_size."""
        image = load_img(self.filepaths[number], target_size=self.target_size, **self._loading)  # type: ignore[arg-type]
        return img_to_array(image, str(self.image_data_generator.dtype))

    def targets(self, numbers: np.ndarray, x: np.ndarray) -> tuple[np.ndarray | None, None]:
        """What class_mode asks for."""
        dtype = self.image_data_generator.dtype
        if self.class_mode is None:
            return None, None
        if self.class_mode == "input":
            return x.copy(), None
        labels = self.classes[numbers]
        if self.class_mode == "categorical":
            return to_categorical(labels, self.num_classes).astype(dtype), None
        return labels.astype(dtype) if self.class_mode == "binary" else labels, None


def _part(count: int, fraction: float, subset: str | None) -> slice:
    """The first part for validation, the rest for training. Raises ArgumentError."""
    if subset not in ("training", "validation", None):
        raise ArgumentError(f"subset must be 'training', 'validation' or None, got {subset!r:.80}")
    at = int(count * fraction)
    return {"validation": slice(0, at), "training": slice(at, None)}.get(subset or "", slice(None))
