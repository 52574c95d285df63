"""Keras's `ImageDataGenerator`: pictures, turned and shifted and standardized by chance, batch after batch."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minicnn.data.checks import check_images
from minicnn.data.flows import ArrayFlow, DirectoryFlow
from minicnn.data.pictures import array_to_img, img_to_array
from minicnn.errors import ArgumentError, StateError
from minicnn.imaging.warp import FILL_MODES, warp
from minicnn.ops.checks import check_number
from minicnn.random import fresh_seed, generator
from minicnn.registry import lookup

_SMALL = 1e-6  # what Keras adds to standard deviations


class ImageDataGenerator:
    """Settings of an augmentation; `flow` and `flow_from_directory` make batches for `fit` with them.

    featurewise_center, featurewise_std_normalization, zca_whitening: subtract the mean, divide by the standard
    deviation, decorrelate all pixels (with zca_epsilon), by the numbers that `fit(x)` has found.
    samplewise_center, samplewise_std_normalization: the same by each picture's own numbers.
    rotation_range, shear_range: degrees. width_shift_range, height_shift_range: parts of the side if below 1, pixels if
    not, whole pixels if an int, or a list to choose from. brightness_range: (darkest, brightest), 1 leaves it.
    zoom_range: z for (1 - z, 1 + z), or two. channel_shift_range: values. fill_mode, cval: what comes in from outside,
    "nearest", "constant" (cval), "reflect" or "wrap". horizontal_flip, vertical_flip: by chance. rescale: factor for
    all values, after preprocessing_function, which gets each changed picture (H, W, C). validation_split: part of the
    pictures for subset="validation". interpolation_order: 1 linear, 0 nearest. dtype: of the pictures.
    Raises ArgumentError for values that make no sense.

    Turns are about the middle and height shifts move up and down (Keras 3.15 exchanges the shifts, and turns about
    another point where pictures are not square). Pictures of subset="validation" are standardized, never changed.
    """

    def __init__(
        self,
        featurewise_center: bool = False,
        samplewise_center: bool = False,
        featurewise_std_normalization: bool = False,
        samplewise_std_normalization: bool = False,
        zca_whitening: bool = False,
        zca_epsilon: float = 1e-6,
        rotation_range: float = 0,
        width_shift_range: Any = 0.0,
        height_shift_range: Any = 0.0,
        brightness_range: Sequence[float] | None = None,
        shear_range: float = 0.0,
        zoom_range: Any = 0.0,
        channel_shift_range: float = 0.0,
        fill_mode: str = "nearest",
        cval: float = 0.0,
        horizontal_flip: bool = False,
        vertical_flip: bool = False,
        rescale: float | None = None,
        preprocessing_function: Callable[[np.ndarray], Any] | None = None,
        data_format: str | None = None,
        validation_split: float = 0.0,
        interpolation_order: int = 1,
        dtype: str | None = None,
    ) -> None:
        who = "ImageDataGenerator"
        lookup(f"{who}: fill_mode", fill_mode, dict.fromkeys(FILL_MODES))
        if data_format not in (None, "channels_last"):
            raise ArgumentError(f"{who}: data_format must be 'channels_last' or None, got {data_format!r:.80}")
        if interpolation_order not in (0, 1):
            raise ArgumentError(f"{who}: interpolation_order must be 0 or 1, got {interpolation_order!r:.80}")
        self.featurewise_center = featurewise_center or featurewise_std_normalization or zca_whitening
        self.featurewise_std_normalization = featurewise_std_normalization and not zca_whitening
        self.zca_whitening = zca_whitening
        self.samplewise_center = samplewise_center or samplewise_std_normalization
        self.samplewise_std_normalization = samplewise_std_normalization
        if (self.featurewise_center, self.samplewise_center) != (featurewise_center, samplewise_center):
            warnings.warn(f"{who}: what divides by a standard deviation, or whitens, centers too", stacklevel=2)
        self.zca_epsilon = check_number(who, "zca_epsilon", zca_epsilon, least=0)
        self.rotation_range = check_number(who, "rotation_range", rotation_range)
        self.shear_range = check_number(who, "shear_range", shear_range)
        self.channel_shift_range = check_number(who, "channel_shift_range", channel_shift_range)
        self.width_shift_range, self.height_shift_range = width_shift_range, height_shift_range
        zooms = _two(who, "zoom_range", zoom_range)
        self.zoom_range: tuple[float, float] = zooms or (1.0 - zoom_range, 1.0 + zoom_range)
        self.brightness_range = None if brightness_range is None else _two(who, "brightness_range", brightness_range)
        if brightness_range is not None and self.brightness_range is None:
            raise ArgumentError(f"{who}: brightness_range must be two numbers, got {brightness_range!r:.80}")
        self.fill_mode, self.cval = fill_mode, check_number(who, "cval", cval)
        self.horizontal_flip, self.vertical_flip = horizontal_flip, vertical_flip
        self.rescale = None if rescale is None else check_number(who, "rescale", rescale)
        if preprocessing_function is not None and not callable(preprocessing_function):
            raise ArgumentError(f"{who}: preprocessing_function must be a function, got {preprocessing_function!r:.80}")
        self.preprocessing_function = preprocessing_function
        self.validation_split = check_number(who, "validation_split", validation_split, least=0, below=1)
        self.interpolation_order, self.dtype = interpolation_order, np.dtype(dtype or "float32")
        self.mean: np.ndarray | None = None
        self.std: np.ndarray | None = None
        self.zca_whitening_matrix: np.ndarray | None = None

    def flow(
        self,
        x: Any,
        y: Any = None,
        batch_size: int = 32,
        shuffle: bool = True,
        sample_weight: Any = None,
        seed: int | None = None,
        save_to_dir: str | os.PathLike[str] | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        ignore_class_split: bool = False,
        subset: str | None = None,
        *,
        workers: int | None = None,
    ) -> ArrayFlow:
        """Batches of arrays: x (N, H, W, C), (x, y) or (x, y, weights). See ArrayFlow."""
        return ArrayFlow(
            self, x, y, sample_weight, subset, ignore_class_split, batch_size=batch_size, shuffle=shuffle, seed=seed,
            save_to=(save_to_dir, save_prefix, save_format), workers=workers,
        )  # fmt: skip

    def flow_from_directory(
        self,
        directory: str | os.PathLike[str],
        target_size: Any = (256, 256),
        color_mode: str = "rgb",
        classes: Sequence[str] | None = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        save_to_dir: str | os.PathLike[str] | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        follow_links: bool = False,
        subset: str | None = None,
        interpolation: str = "nearest",
        keep_aspect_ratio: bool = False,
        *,
        workers: int | None = None,
    ) -> DirectoryFlow:
        """Batches of the pictures in a folder of class folders. See DirectoryFlow."""
        return DirectoryFlow(
            self, directory, target_size, color_mode, classes, class_mode, follow_links, subset, interpolation,
            keep_aspect_ratio, batch_size=batch_size, shuffle=shuffle, seed=seed,
            save_to=(save_to_dir, save_prefix, save_format), workers=workers,
        )  # fmt: skip

    # One picture.

    def get_random_transform(
        self, img_shape: Sequence[int], seed: int | None = None, rng: np.random.Generator | None = None
    ) -> dict[str, Any]:
        """Draws for a picture (H, W, C), as `apply_transform` takes them.

        They are theta and shear in degrees, tx and ty in pixels to the left and up, zx and zy, flip_horizontal and
        flip_vertical, channel_shift_intensity, brightness.
        """
        rng = rng or generator(fresh_seed() if seed is None else seed)

        def within(limit: float) -> float:
            return rng.uniform(-limit, limit) if limit else 0.0

        theta = within(self.rotation_range)
        ty, tx = _shift(self.height_shift_range, img_shape[0], rng), _shift(self.width_shift_range, img_shape[1], rng)
        shear = within(self.shear_range)
        zx, zy = (1.0, 1.0) if self.zoom_range == (1, 1) else rng.uniform(self.zoom_range[0], self.zoom_range[1], 2)
        flips = rng.random(2) < 0.5
        return {
            "theta": theta, "tx": tx, "ty": ty, "shear": shear, "zx": zx, "zy": zy,
            "flip_horizontal": bool(flips[0] and self.horizontal_flip),
            "flip_vertical": bool(flips[1] and self.vertical_flip),
            "channel_shift_intensity": within(self.channel_shift_range) if self.channel_shift_range else None,
            "brightness": rng.uniform(*self.brightness_range) if self.brightness_range else None,
        }  # fmt: skip

    def apply_transform(self, x: np.ndarray, transform_parameters: dict[str, Any]) -> np.ndarray:
        """A picture (H, W, C) changed by these numbers; what is not named stays as it is."""
        drawn = transform_parameters
        matrix = affine(x.shape, *(drawn.get(k, 0) for k in ("theta", "tx", "ty", "shear")),
                        *(drawn.get(k, 1) for k in ("zx", "zy")))  # fmt: skip
        if matrix is not None:
            x = warp(x[None], matrix[None], self.fill_mode, self.cval, self.interpolation_order, by_coordinate=True)[0]
        if drawn.get("channel_shift_intensity") is not None:
            x = np.clip(x + x.dtype.type(drawn["channel_shift_intensity"]), x.min(), x.max())
        if drawn.get("flip_horizontal"):
            x = x[:, ::-1]
        if drawn.get("flip_vertical"):
            x = x[::-1]
        return x if drawn.get("brightness") is None else brightened(x, drawn["brightness"])

    def random_transform(
        self, x: np.ndarray, seed: int | None = None, rng: np.random.Generator | None = None
    ) -> np.ndarray:
        """A picture (H, W, C) changed by new draws."""
        return self.apply_transform(x, self.get_random_transform(x.shape, seed, rng))

    def standardize(self, x: np.ndarray) -> np.ndarray:
        """A picture (H, W, C), or several, through what is not chance. Raises StateError if `fit` is still to come."""
        if self.preprocessing_function is not None:
            x = np.asarray(self.preprocessing_function(x), self.dtype)
        if self.rescale:
            x = x * self.dtype.type(self.rescale)
        if self.samplewise_center:
            x = x - x.mean(keepdims=True)
        if self.samplewise_std_normalization:
            x = x / (x.std(keepdims=True) + self.dtype.type(_SMALL))
        if self.featurewise_center:
            x = x - self._fitted(self.mean)
        if self.featurewise_std_normalization:
            x = x / (self._fitted(self.std) + self.dtype.type(_SMALL))
        if self.zca_whitening:
            whitening = self._fitted(self.zca_whitening_matrix)
            x = (x.reshape(-1, len(whitening)) @ whitening).reshape(x.shape)
        return x

    def fit(self, x: Any, augment: bool = False, rounds: int = 1, seed: int | None = None) -> None:
        """Finds mean, standard deviation and whitening of pictures x (N, H, W, C), as far as they are wanted.

        augment: of `rounds` changed copies of x instead. Raises DataError for what is no batch of pictures.
        Source of the whitening: Krizhevsky, Learning multiple layers of features from tiny images (2009), appendix A.
        """
        x = check_images(x, name="ImageDataGenerator.fit: x").astype(self.dtype)
        if self.rescale:
            x = x * self.dtype.type(self.rescale)
        if augment:
            rng = generator(fresh_seed() if seed is None else seed)
            x = np.stack([self.random_transform(image, rng=rng) for _ in range(rounds) for image in x])
        if self.featurewise_center:
            self.mean = x.mean(axis=(0, 1, 2)).reshape(1, 1, -1)
            x = x - self.mean
        if self.featurewise_std_normalization:
            self.std = x.std(axis=(0, 1, 2)).reshape(1, 1, -1)
        if self.zca_whitening:
            rows = x.reshape(len(x), -1)  # (N, D), N examples of D numbers
            u, s, _ = np.linalg.svd(rows.T, full_matrices=False)
            self.zca_whitening_matrix = (u * (np.sqrt(len(x)) / (s + self.zca_epsilon))) @ u.T  # (D, D)

    def _fitted(self, value: np.ndarray | None) -> np.ndarray:
        if value is None:
            raise StateError("ImageDataGenerator: it standardizes by numbers that fit(x) finds; call fit(x) first")
        return value


def affine(
    shape: Sequence[int], theta: float = 0, tx: float = 0, ty: float = 0, shear: float = 0, zx: float = 1, zy: float = 1
) -> np.ndarray | None:
    """Rotation, shift, shear and zoom of a picture (H, W, C) in one warp (2, 3) about its middle; None for none."""
    if (theta, tx, ty, shear, zx, zy) == (0, 0, 0, 0, 1, 1):
        return None
    angle, slant = np.deg2rad(theta), np.deg2rad(shear)
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    moved = np.array([[1, 0, tx], [0, 1, ty], [0, 0, 1]])
    sheared = np.array([[1, -np.sin(slant), 0], [0, np.cos(slant), 0], [0, 0, 1]])
    in_x_y = turn @ moved @ sheared @ np.diag([zx, zy, 1.0])
    linear, shift = in_x_y[1::-1, 1::-1], in_x_y[1::-1, 2]  # in rows and columns
    centre = (np.array(shape[:2]) - 1) / 2
    return np.column_stack([linear, centre - linear @ centre + shift])


def brightened(x: np.ndarray, factor: float) -> np.ndarray:
    """A picture (H, W, C) `factor` times as bright, in steps of 1/255 of its range: Pillow's, which Keras takes."""
    from PIL import ImageEnhance

    low, high = float(x.min()), float(x.max())
    beyond = low < 0 or high > 255
    pixels = img_to_array(ImageEnhance.Brightness(array_to_img(x, scale=beyond)).enhance(factor), dtype=str(x.dtype))
    return pixels / 255 * (high - low) + low if beyond else pixels


def _two(who: str, name: str, value: Any) -> tuple[float, float] | None:
    """Two numbers, or None for one. Raises ArgumentError for anything else."""
    if isinstance(value, (tuple, list)) and len(value) == 2:
        low, high = (check_number(who, name, v) for v in value)
        return low, high
    check_number(who, name, value)
    return None


def _shift(limit: Any, side: int, rng: np.random.Generator) -> float:
    """A shift in pixels: a float is a limit, an int n means whole pixels below n, a list is chosen from."""
    if not np.any(limit):
        return 0.0
    if isinstance(limit, (int, np.integer)) or np.ndim(limit):
        shift = float(rng.choice(limit) * rng.choice([-1, 1]))
    else:
        shift = rng.uniform(-limit, limit)
    return shift * side if np.max(limit) < 1 else shift
