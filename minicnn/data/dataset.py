"""The form in which every data source arrives: images as uint8 (N, H, W, C), labels as class numbers, names of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minicnn.data.checks import as_pixels, check_labels
from minicnn.errors import DataError

_MANY_CLASSES = 1000


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images to learn from and images to be judged by. Make one with `make_dataset`, which checks it.

    x_train, x_test: uint8 (N, H, W, C), all of one (H, W, C). y_train, y_test: int64 (N,), 0 .. classes - 1.
    class_names: what each class number means. x_val, y_val: a validation part, where the source has one.
    """

    name: str
    x_train: NDArray[np.uint8]
    y_train: NDArray[np.int64]
    x_test: NDArray[np.uint8]
    y_test: NDArray[np.int64]
    class_names: tuple[str, ...]
    x_val: NDArray[np.uint8] | None = None
    y_val: NDArray[np.int64] | None = None

    @property
    def classes(self) -> int:
        """How many classes there are."""
        return len(self.class_names)

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(H, W, C) of every image."""
        return self.x_train.shape[1:]


def make_dataset(
    name: str,
    train: tuple[Any, Any],
    test: tuple[Any, Any],
    *,
    val: tuple[Any, Any] | None = None,
    class_names: Sequence[str] | None = None,
) -> Dataset:
    """A Dataset from pairs (images, labels) in any form that `checks.as_pixels` and `checks.check_labels` take.

    class_names: one for each class. Without them there are as many classes as the greatest label says, and they are
    called by their numbers.
    Raises DataError for bad images or labels, images of unequal shape, fewer than two classes, labels beyond the
    names, or labels so large that they are no class numbers.
    """
    parts = {"train": train, "test": test} | ({"val": val} if val is not None else {})
    x, y = {}, {}
    for part, (images, labels) in parts.items():
        x[part] = as_pixels(images, name=f"{name}: x_{part}")
        known = None if class_names is None else len(class_names)
        y[part] = check_labels(labels, name=f"{name}: y_{part}", count=len(x[part]), classes=known)
        if x[part].shape[1:] != x["train"].shape[1:]:
            raise DataError(
                f"{name}: the images of x_{part} are {_size(x[part])}, those of x_train {_size(x['train'])} "
                "(height x width x channels); all must have one shape"
            )
    if class_names is None:
        class_names = _numbered(name, max(int(labels.max()) for labels in y.values()) + 1, len(x["train"]))
    if len(class_names) < 2:
        raise DataError(f"{name}: has {len(class_names)} class; a classifier needs at least two to choose from")
    return Dataset(
        name, x["train"], y["train"], x["test"], y["test"], tuple(class_names), x_val=x.get("val"), y_val=y.get("val")
    )


def _numbered(name: str, classes: int, images: int) -> tuple[str, ...]:
    """Names for classes that have none: "0", "1", ..."""
    if classes > max(_MANY_CLASSES, images):
        raise DataError(
            f"{name}: labels go up to {classes - 1}, with only {images} training images; are they class numbers? "
            "np.unique(labels, return_inverse=True)[1] numbers any labels from 0"
        )
    return tuple(str(number) for number in range(classes))


def _size(images: NDArray[np.uint8]) -> str:
    return " x ".join(map(str, images.shape[1:]))
