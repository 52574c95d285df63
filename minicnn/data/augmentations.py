"""Augmentations with settings, for `augment=` of `Batches` and `Loader`: each makes a function (x, rng) -> x.

    >>> augment = in_turn(random_resized_crop((32, 32)), colour_jitter(0.2, 0.2), cutout(8))

x is a batch of pictures of floats (n, H, W, C), each changed by draws of its own; what comes back is new. `mixup` also
mixes the labels, and says so. None is applied to data for validation: `fit` augments what it trains on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minicnn.errors import ArgumentError
from minicnn.geometry import is_int
from minicnn.imaging import colours
from minicnn.imaging.resample import check_batch, check_size, resize
from minicnn.ops.checks import check_number

Array = np.ndarray
Augmentation = Callable[..., Any]


def in_turn(*augmentations: Augmentation) -> Augmentation:
    """One after another, with the same generator."""

    def change(x: Array, rng: np.random.Generator) -> Array:
        for augment in augmentations:
            x = augment(x, rng)
        return x

    if any(getattr(augment, "changes_labels", False) for augment in augmentations):
        raise ArgumentError("in_turn: an augmentation that changes labels stands alone: pass it as augment= by itself")
    return change


def random_resized_crop(
    size: tuple[int, int], scale: tuple[float, float] = (0.08, 1.0), ratio: tuple[float, float] = (3 / 4, 4 / 3)
) -> Augmentation:
    """A part of each picture, resized to `size` (height, width).

    scale: the part's area as a part of the picture's. ratio: its width by its height, drawn evenly in the logarithm.
    Source: Szegedy et al., Going deeper with convolutions (2015), section 6.
    """
    size = check_size("random_resized_crop: size", size)
    scale = _pair("random_resized_crop", "scale", scale, most=1)
    ratio = _pair("random_resized_crop", "ratio", ratio)

    def change(x: Array, rng: np.random.Generator) -> Array:
        check_batch(x, "random_resized_crop")
        n, height, width, channels = x.shape
        area = height * width * rng.uniform(*scale, n)
        shape = np.exp(rng.uniform(np.log(ratio[0]), np.log(ratio[1]), n))
        heights = np.clip(np.rint(np.sqrt(area / shape)), 1, height).astype(int)
        widths = np.clip(np.rint(np.sqrt(area * shape)), 1, width).astype(int)
        tops = (rng.random(n) * (height - heights + 1)).astype(int)
        lefts = (rng.random(n) * (width - widths + 1)).astype(int)
        out = np.empty((n, *size, channels), np.result_type(x, np.float32))
        for image, target, top, left, h, w in zip(x, out, tops, lefts, heights, widths, strict=True):
            target[...] = resize(image[top : top + h, left : left + w], size)
        return out

    return change


def colour_jitter(
    brightness: float = 0.0,
    contrast: float = 0.0,
    saturation: float = 0.0,
    hue: float = 0.0,
    value_range: tuple[float, float] = (0.0, 1.0),
) -> Augmentation:
    """Brightness, contrast and saturation by up to these parts, more or less, and hue by up to this part of a circle.

    value_range: the least and the largest value of a pixel; values stay in it. In this order.
    """
    who = "colour_jitter"
    limits = {
        name: check_number(who, name, value, least=0)
        for name, value in {
            "brightness": brightness,
            "contrast": contrast,
            "saturation": saturation,
            "hue": hue,
        }.items()
    }
    low, high = (check_number(who, "value_range", v) for v in value_range)

    def change(x: Array, rng: np.random.Generator) -> Array:
        check_batch(x, who)
        draws = rng.uniform(-1, 1, (4, len(x)))
        x = colours.brightness(x, draws[0] * limits["brightness"] * (high - low), (low, high))
        if limits["contrast"]:
            x = colours.contrast(x, 1 + draws[1] * limits["contrast"], (low, high))
        if limits["saturation"]:
            x = colours.saturation(x, 1 + draws[2] * limits["saturation"], (low, high))
        return colours.hue(x, draws[3] * limits["hue"], (low, high)) if limits["hue"] else x

    return change


def gaussian_noise(stddev: float) -> Augmentation:
    """Normal noise of this standard deviation on every number."""
    stddev = check_number("gaussian_noise", "stddev", stddev, least=0)
    return lambda x, rng: x + rng.normal(0, stddev, x.shape).astype(x.dtype)


def cutout(size: int, fill_value: float = 0.0) -> Augmentation:
    """A square of `size` pixels filled, its middle anywhere in the picture, so that a part may lie outside.

    Source: DeVries and Taylor, Improved regularization of convolutional neural networks with cutout (2017).
    """
    if not is_int(size) or size < 1:
        raise ArgumentError(f"cutout: size must be a whole number of at least 1, got {size!r:.80}")
    fill_value = check_number("cutout", "fill_value", fill_value)

    def change(x: Array, rng: np.random.Generator) -> Array:
        check_batch(x, "cutout")
        n, height, width, _ = x.shape
        top = rng.integers(0, height, (n, 1)) - size // 2
        left = rng.integers(0, width, (n, 1)) - size // 2
        rows, columns = np.arange(height), np.arange(width)
        in_rows, in_columns = (rows >= top) & (rows < top + size), (columns >= left) & (columns < left + size)
        return np.where((in_rows[:, :, None] & in_columns[:, None, :])[..., None], x.dtype.type(fill_value), x)

    return change


def mixup(alpha: float = 0.2) -> Augmentation:
    """Each example mixed with another one of the batch, pictures and one-hot labels by the same parts.

    The part is drawn from the Beta(alpha, alpha) distribution. It takes (x, y, rng), y one-hot (n, classes) floats, and
    gives (x, y): for a Loader. Source: Zhang et al., mixup: beyond empirical risk minimization (2018).
    """
    if check_number("mixup", "alpha", alpha, least=0) == 0:
        raise ArgumentError("mixup: alpha must be above 0")

    def change(x: Array, y: Array, rng: np.random.Generator) -> tuple[Array, Array]:
        if y is None or y.ndim != 2 or y.dtype.kind != "f":
            raise ArgumentError(
                "mixup: labels must be one-hot rows of floats, (n, classes): utils.to_categorical makes them of "
                f"class numbers; got {'none' if y is None else f'{y.dtype} {y.shape}'}"
            )
        other, part = rng.permutation(len(x)), rng.beta(alpha, alpha, len(x))

        def mixed(a: Array) -> Array:
            share = part.reshape(-1, *[1] * (a.ndim - 1)).astype(a.dtype)
            return a * share + a[other] * (1 - share)

        return mixed(x), mixed(y)

    change.changes_labels = True  # type: ignore[attr-defined]
    return change


def _pair(who: str, name: str, value: Any, most: float = np.inf) -> tuple[float, float]:
    """Two numbers above 0, in order. Raises ArgumentError."""
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        raise ArgumentError(f"{who}: {name} must be two numbers, got {value!r:.80}")
    low, high = (check_number(who, name, v, least=0) for v in value)
    if not 0 < low <= high <= most:
        upper = "" if most == np.inf else f" and at most {most:g}"
        raise ArgumentError(f"{who}: {name} must be above 0{upper}, the smaller first; got {value!r:.80}")
    return low, high
