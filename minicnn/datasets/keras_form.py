"""The form in which Keras hands out data sets, `(x_train, y_train), (x_test, y_test)`, and its check."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from minicnn.datasets.npz import read_npz
from minicnn.errors import DataError

Pixels: TypeAlias = NDArray[np.uint8]
Split: TypeAlias = tuple[Pixels, Pixels]
KerasData: TypeAlias = tuple[Split, Split]

ARRAYS = ("x_train", "y_train", "x_test", "y_test")
"""What the arrays are called in Keras's `.npz` files."""


@dataclass(frozen=True)
class KerasForm:
    """What a known data set must look like, exactly; `data.checks` holds what any data set must obey.

    image_shape: of one image, e.g. (28, 28). label_shape: of one label, () or (1,). classes: how many.
    """

    image_shape: tuple[int, ...]
    label_shape: tuple[int, ...] = ()
    classes: int = 10

    def check(self, name: str, arrays: dict[str, NDArray[Any]]) -> KerasData:
        """The four arrays in Keras's form; `name` is what messages call their source.

        Raises DataError for images or labels of another shape or type, unequal numbers, or labels out of range.
        """
        return self._check_split(name, "train", arrays), self._check_split(name, "test", arrays)

    def read_npz(self, path: Path, *, name: str | None = None) -> KerasData:
        """The four arrays of an `.npz` file, checked. Raises DataError as `check` and `npz.read_npz` do."""
        return self.check(name or str(path), read_npz(path, ARRAYS, name=name))

    def _check_split(self, name: str, split: str, arrays: dict[str, NDArray[Any]]) -> Split:
        x, y = arrays[f"x_{split}"], arrays[f"y_{split}"]
        if x.dtype != np.uint8 or x.shape[1:] != self.image_shape or len(x) == 0:
            raise DataError(
                f"{name}: x_{split} is {x.dtype} of shape {x.shape}; expected uint8 of shape "
                f"(N, {', '.join(map(str, self.image_shape))}) with N >= 1. Is it another data set?"
            )
        if y.dtype.kind not in "iu" or y.shape not in {(len(x),), (len(x), *self.label_shape)}:
            raise DataError(
                f"{name}: y_{split} is {y.dtype} of shape {y.shape}; "
                f"expected one integer for each of the {len(x)} images of x_{split}"
            )
        if y.min() < 0 or y.max() >= self.classes:
            raise DataError(
                f"{name}: y_{split} goes from {y.min()} to {y.max()}; expected class numbers 0 to {self.classes - 1}"
            )
        return x, y.astype(np.uint8, copy=False).reshape(len(x), *self.label_shape)
