"""What images and labels must obey before anything is computed from them; `fit` and every data source ask here."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from minicnn.errors import DataError


def check_finite(values: NDArray[Any], *, name: str) -> None:
    """Raises DataError, naming the first place, if floating-point `values` contain NaN or infinity.

    Takes no memory: a NaN shows in the minimum, an infinity in the minimum or the maximum.
    """
    if values.dtype.kind != "f" or values.size == 0:
        return
    with np.errstate(invalid="ignore"):
        if np.isfinite(values.min()) and np.isfinite(values.max()):
            return
    bad = ~np.isfinite(values)
    place = tuple(int(i) for i in np.unravel_index(int(bad.argmax()), values.shape))
    raise DataError(
        f"{name}: contains {int(bad.sum())} values that are NaN or infinite, the first ({values[place]}) at index "
        f"{place}; remove these images or repair them, e.g. with np.nan_to_num"
    )


def check_images(images: Any, *, name: str = "images") -> NDArray[Any]:
    """`images` as an array (N, H, W, C), type unchanged; (N, H, W) gets a channel axis of one.

    Raises DataError unless they are real numbers, finite, of rank 3 or 4, and at least one image of one pixel.
    """
    images = _as_array(images, name)
    if images.dtype.kind not in "buif":
        raise DataError(f"{name}: has dtype {images.dtype}; expected numbers, uint8 0..255 or floats 0..1")
    if images.ndim not in (3, 4):
        hint = {
            1: "; stack the images with np.stack",
            2: "; is it one image? Give a batch of one: images[np.newaxis]",
        }.get(images.ndim, "")
        raise DataError(
            f"{name}: has shape {images.shape}; expected (N, height, width) or (N, height, width, channels){hint}"
        )
    if len(images) == 0:
        raise DataError(f"{name}: has shape {images.shape}, which is no image at all; expected at least one")
    if images.size == 0:
        raise DataError(f"{name}: has shape {images.shape}: images without pixels; every axis must be at least 1")
    check_finite(images, name=name)
    return images if images.ndim == 4 else images[..., np.newaxis]


def check_labels(
    labels: Any, *, name: str = "labels", count: int | None = None, classes: int | None = None
) -> NDArray[np.int64]:
    """Class numbers as int64 (N,); a trailing axis of one, as in Keras's CIFAR-10, is dropped.

    count: how many there must be, one for each image. classes: how many classes there are, so that labels are
    0 .. classes - 1; None allows any label from 0.
    Raises DataError for labels that are no whole numbers (floats may be), one-hot rows, a wrong number of them, or
    labels out of range.
    """
    labels = _as_array(labels, name)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1:
        one_hot = "; they look one-hot: give labels.argmax(axis=1)" if labels.ndim == 2 else ""
        raise DataError(f"{name}: has shape {labels.shape}; expected one class number for each image, (N,){one_hot}")
    if labels.dtype.kind == "f" and np.array_equal(labels, np.floor(labels)) and np.isfinite(labels).all():
        labels = labels.astype(np.int64)
    if labels.dtype.kind not in "iu":
        raise DataError(
            f"{name}: has dtype {labels.dtype}; expected integer class numbers 0, 1, 2, ... "
            "(labels.astype('int64') if they are whole numbers; np.unique(labels, return_inverse=True)[1] if not)"
        )
    if count is not None and len(labels) != count:
        raise DataError(f"{name}: has {len(labels)} labels for {count} images; expected one for each")
    if labels.size and (low := int(labels.min())) < 0:
        raise DataError(f"{name}: contains label {low} at index {int(labels.argmin())}; class numbers begin at 0")
    if labels.size and classes is not None and (high := int(labels.max())) >= classes:
        from_one = "; they seem to begin at 1: subtract 1" if labels.min() == 1 and high == classes else ""
        raise DataError(
            f"{name}: contains label {high} at index {int(labels.argmax())}, but with {classes} classes the labels "
            f"are 0 to {classes - 1}{from_one}"
        )
    return labels.astype(np.int64)


def as_pixels(images: Any, *, name: str = "images") -> NDArray[np.uint8]:
    """`images` as uint8 (N, H, W, C), the form in which data sets are kept.

    Takes uint8, other integers from 0 to 255, and floats from 0 to 1, which become round(255 x): exact if they were
    made as pixels / 255.
    Raises DataError for other values, for channels that stand first, and as `check_images` does.
    """
    images = check_images(images, name=name)
    if images.shape[1] in (1, 3) and images.shape[3] > 4:
        raise DataError(
            f"{name}: has shape {images.shape}, which looks like (N, channels, height, width); minicnn's order is "
            "(N, height, width, channels): give images.transpose(0, 2, 3, 1)"
        )
    if images.dtype == np.uint8:
        return images
    low, high = images.min(), images.max()
    if images.dtype.kind in "iu" and low >= 0 and high <= 255:
        return images.astype(np.uint8)
    if images.dtype.kind == "f" and low >= 0 and high <= 1:
        return np.rint(images * 255).astype(np.uint8)
    raise DataError(
        f"{name}: has {images.dtype} values from {low} to {high}; expected integers 0..255 or floats 0..1 "
        "(floats that are already 0..255: images.astype('uint8'))"
    )


def _as_array(values: Any, name: str) -> NDArray[Any]:
    try:
        return np.asarray(values)
    except ValueError as error:
        raise DataError(f"{name}: is no rectangular array ({error}); all images must have one size") from error
