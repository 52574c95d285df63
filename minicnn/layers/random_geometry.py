"""Layers that move the pixels of each picture by chance: flips, turns, zooms, shifts, crops."""

from __future__ import annotations

from typing import Any, Unpack

import numpy as np

from minicnn.backends import to_host
from minicnn.errors import ArgumentError
from minicnn.imaging.resample import resize_cropped
from minicnn.imaging.warp import FILL_MODES, about_centre, rotation, warp
from minicnn.layers.arguments import LayerOptions, positive
from minicnn.layers.base import Shape
from minicnn.layers.images import RandomImageLayer, changed, factor_range
from minicnn.ops.checks import check_number
from minicnn.random import Key, next_key, uniform
from minicnn.registry import lookup
from minicnn.tensor import Array, Tensor

_ORDERS = {"nearest": 0, "bilinear": 1}


class RandomFlip(RandomImageLayer):
    """Each picture mirrored, or not, with equal chance; "horizontal_and_vertical": either way by a draw of its own.

    (Keras 3.15 draws once for both ways: its pictures are turned by half a circle, or not.)
    """

    def __init__(
        self, mode: str = "horizontal_and_vertical", seed: int | None = None, **options: Unpack[LayerOptions]
    ) -> None:
        super().__init__(seed, **options)
        if mode not in ("horizontal", "vertical", "horizontal_and_vertical"):
            raise ArgumentError(
                f"RandomFlip: mode must be 'horizontal', 'vertical' or 'horizontal_and_vertical', got {mode!r:.80}"
            )
        self.mode = mode

    def change(self, images: Array, key: Key) -> Array:
        """Flips."""
        images = images.copy()
        across, down = map(np.flatnonzero, uniform(key, 2 * len(images)).reshape(2, len(images)) < 0.5)
        if self.mode != "vertical":
            images[across] = images[across, :, ::-1]
        if self.mode != "horizontal":
            images[down] = images[down, ::-1]
        return images


class _RandomWarp(RandomImageLayer):
    """What layers that interpolate have in common."""

    def __init__(
        self,
        fill_mode: str,
        interpolation: str,
        seed: int | None,
        fill_value: float,
        options: LayerOptions,
    ) -> None:
        super().__init__(seed, **options)
        lookup(f"{type(self).__name__}: fill_mode", fill_mode, dict.fromkeys(FILL_MODES))
        lookup(f"{type(self).__name__}: interpolation", interpolation, _ORDERS)
        self.fill_mode, self.interpolation = fill_mode, interpolation
        self.fill_value = check_number(type(self).__name__, "fill_value", fill_value)

    def change(self, images: Array, key: Key) -> Array:
        """Each picture through its warp."""
        warps = self.warps(len(images), (images.shape[1], images.shape[2]), key)
        return warp(to_host(images), warps, self.fill_mode, self.fill_value, _ORDERS[self.interpolation])

    def warps(self, n: int, size: tuple[int, int], key: Key) -> np.ndarray:
        """A warp (2, 3) for each of n pictures: (n, 2, 3)."""
        raise TypeError(f"{type(self).__name__} must define warps(n, size, key)")


class RandomRotation(_RandomWarp):
    """Each picture turned about its middle by an angle between two parts of a full circle.

    factor: two numbers, or one f for (-f, f); 0.1 is 36 degrees, positive ones turn counter-clockwise. fill_mode: what
    comes in from outside, see `imaging.warp`. interpolation: "bilinear" or "nearest". fill_value: for "constant".
    """

    def __init__(
        self,
        factor: Any,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(fill_mode, interpolation, seed, fill_value, options)
        self.factor, self._range = factor, factor_range(self, "factor", factor, -1, 1)

    def warps(self, n: int, size: tuple[int, int], key: Key) -> np.ndarray:
        """Rotations."""
        degrees = 360 * uniform(key, n, *self._range)
        return np.stack([about_centre(rotation(angle), (0, 0), size) for angle in degrees])


class RandomZoom(_RandomWarp):
    """Each picture larger or smaller about its middle: 1 + factor of what was there is seen.

    height_factor, width_factor: two numbers, or one f for (-f, f); -0.2 zooms in, 0.2 zooms out. Without a width_factor
    proportions stay. Other arguments: as RandomRotation.
    """

    def __init__(
        self,
        height_factor: Any,
        width_factor: Any = None,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(fill_mode, interpolation, seed, fill_value, options)
        self.height_factor, self.width_factor = height_factor, width_factor
        self._height = factor_range(self, "height_factor", height_factor, -1, 1)
        self._width = None if width_factor is None else factor_range(self, "width_factor", width_factor, -1, 1)

    def warps(self, n: int, size: tuple[int, int], key: Key) -> np.ndarray:
        """Zooms."""
        draws = uniform(key, 2 * n).reshape(2, n)
        high = 1 + _scaled(draws[0], self._height)
        wide = high if self._width is None else 1 + _scaled(draws[1], self._width)
        return np.stack([about_centre(np.diag(zoom), (0, 0), size) for zoom in zip(high, wide, strict=True)])


class RandomTranslation(_RandomWarp):
    """Each picture moved down and to the right by parts of its height and width.

    height_factor, width_factor: two numbers, or one f for (-f, f); negative ones move up and left. Other arguments: as
    RandomRotation.
    """

    def __init__(
        self,
        height_factor: Any,
        width_factor: Any,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(fill_mode, interpolation, seed, fill_value, options)
        self.height_factor, self.width_factor = height_factor, width_factor
        self._height = factor_range(self, "height_factor", height_factor, -1, 1)
        self._width = factor_range(self, "width_factor", width_factor, -1, 1)

    def warps(self, n: int, size: tuple[int, int], key: Key) -> np.ndarray:
        """Shifts."""
        draws = uniform(key, 2 * n).reshape(2, n)
        down, right = size[0] * _scaled(draws[0], self._height), size[1] * _scaled(draws[1], self._width)
        return np.stack([about_centre(np.eye(2), shift, size) for shift in zip(-down, -right, strict=True)])


class RandomCrop(RandomImageLayer):
    """A part of `height` x `width` pixels, in one place of all pictures of a batch that chance decides.

    In inference, and where pictures are not larger than that: the largest part in the middle that has these
    proportions, resized. (Keras 3.15 leaves pictures uncropped in inference, against its documentation.)
    """

    def __init__(self, height: int, width: int, seed: int | None = None, **options: Unpack[LayerOptions]) -> None:
        super().__init__(seed, **options)
        self.height, self.width = positive(self, "height", height), positive(self, "width", width)

    def call(self, x: Tensor, training: bool) -> Tensor:
        """The part."""
        images = self.pixels(x)
        if not training or images.shape[1] <= self.height or images.shape[2] <= self.width:
            return changed(resize_cropped(to_host(images), (self.height, self.width)), x)
        return changed(self.change(images, next_key(self.generator)), x)

    def change(self, images: Array, key: Key) -> Array:
        """The part in the place that chance decides."""
        free = images.shape[1] - self.height + 1, images.shape[2] - self.width + 1
        top, left = (int(draw * places) for draw, places in zip(uniform(key, 2), free, strict=True))
        return images[:, top : top + self.height, left : left + self.width].copy()

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(None, height, width, C)."""
        return None, self.height, self.width, input_shape[3]


def _scaled(draws: np.ndarray, limits: tuple[float, float]) -> np.ndarray:
    return limits[0] + (limits[1] - limits[0]) * draws
