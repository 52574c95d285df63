"""Layers that bring pictures to the size, and numbers to the scale, that a network wants."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Unpack

import numpy as np

from minicnn import initializers, ops
from minicnn.backends import beside, to_host
from minicnn.errors import ArgumentError, DataError, ShapeError
from minicnn.geometry import is_int
from minicnn.imaging.resample import INTERPOLATIONS, centre_crop, resize, resize_cropped, resize_padded
from minicnn.layers.arguments import LayerOptions, positive
from minicnn.layers.base import Layer, Shape
from minicnn.layers.images import ImageLayer, changed
from minicnn.numeric import numeric
from minicnn.ops.checks import check_number
from minicnn.registry import lookup
from minicnn.tensor import Tensor

EPSILON = 1e-7  # Keras's


class Resizing(ImageLayer):
    """Pictures of `height` x `width` pixels, by one of `imaging.resample`'s methods.

    crop_to_aspect_ratio, pad_to_aspect_ratio: keep proportions by leaving out the edges, or by a margin of fill_value.
    antialias: where pictures shrink, take all pixels covered into account.
    """

    def __init__(
        self,
        height: int,
        width: int,
        interpolation: str = "bilinear",
        crop_to_aspect_ratio: bool = False,
        pad_to_aspect_ratio: bool = False,
        fill_mode: str = "constant",
        fill_value: float = 0.0,
        antialias: bool = False,
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(**options)
        self.height, self.width = positive(self, "height", height), positive(self, "width", width)
        lookup("Resizing: interpolation", interpolation, dict.fromkeys(INTERPOLATIONS))
        if fill_mode != "constant":
            raise ArgumentError(f"Resizing: fill_mode must be 'constant', got {fill_mode!r:.80}")
        if crop_to_aspect_ratio and pad_to_aspect_ratio:
            raise ArgumentError("Resizing: give only one of crop_to_aspect_ratio and pad_to_aspect_ratio")
        self.interpolation, self.antialias = interpolation, bool(antialias)
        self.crop_to_aspect_ratio, self.pad_to_aspect_ratio = bool(crop_to_aspect_ratio), bool(pad_to_aspect_ratio)
        self.fill_mode, self.fill_value = fill_mode, check_number("Resizing", "fill_value", fill_value)

    def call(self, x: Tensor, training: bool) -> Tensor:
        """Resized pictures."""
        images, size = to_host(self.pixels(x)), (self.height, self.width)
        if self.crop_to_aspect_ratio:
            return changed(resize_cropped(images, size, self.interpolation), x)
        if self.pad_to_aspect_ratio:
            return changed(resize_padded(images, size, self.interpolation, self.fill_value), x)
        return changed(resize(images, size, self.interpolation, self.antialias), x)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(None, height, width, C)."""
        return None, self.height, self.width, input_shape[3]


class CenterCrop(ImageLayer):
    """The middle of `height` x `width` pixels; smaller pictures are cropped to these proportions and resized."""

    def __init__(self, height: int, width: int, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        self.height, self.width = positive(self, "height", height), positive(self, "width", width)

    def call(self, x: Tensor, training: bool) -> Tensor:
        """The middle."""
        images, size = self.pixels(x), (self.height, self.width)
        if images.shape[1] < self.height or images.shape[2] < self.width:
            return changed(resize_cropped(to_host(images), size), x)
        return Tensor(centre_crop(images, size).copy())

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(None, height, width, C)."""
        return None, self.height, self.width, input_shape[3]


class Rescaling(Layer):
    """x · scale + offset: `Rescaling(1 / 255)`, `Rescaling(1 / 127.5, offset=-1)`; also lists, a number a channel."""

    keeps_shape = True

    def __init__(self, scale: Any, offset: Any = 0.0, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        self.scale, self.offset = _numbers("Rescaling: scale", scale), _numbers("Rescaling: offset", offset)

    def call(self, x: Tensor, training: bool) -> Tensor:
        """x · scale + offset."""
        return x * _constant(np.asarray(self.scale), x) + _constant(np.asarray(self.offset), x)


class Normalization(Layer):
    """(x - mean) / standard deviation, both learned from data by `adapt`, before training, or given.

    axis: the axes that keep means of their own, the channels by default; None: one mean for all. mean, variance: given
    at once. invert: x · standard deviation + mean instead. Variables: mean, variance and count, as in Keras.
    """

    keeps_shape = True

    def __init__(
        self,
        axis: Any = -1,
        mean: Any = None,
        variance: Any = None,
        invert: bool = False,
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(**options)
        axes = () if axis is None else (axis,) if is_int(axis) else axis
        if not isinstance(axes, (tuple, list)) or not all(is_int(a) for a in axes):
            raise ArgumentError(f"Normalization: axis must be a whole number, several, or None; got {axis!r:.80}")
        if (mean is None) != (variance is None):
            raise ArgumentError("Normalization: give both mean and variance, or none and call adapt(data)")
        self.axis = None if axis is None else int(axis) if is_int(axis) else tuple(axes)
        self._axes = tuple(axes)
        self.mean = None if mean is None else _numbers("Normalization: mean", mean)
        self.variance = None if variance is None else _numbers("Normalization: variance", variance)
        self.invert = bool(invert)

    def build(self, input_shape: Shape) -> None:
        """mean, variance and count, unless they were given."""
        if any(not -len(input_shape) <= a < len(input_shape) for a in self._axes):
            raise ShapeError(f"axis {self.axis} is not among the axes of inputs of {len(input_shape)} axes")
        self._kept = self.bound_axes = tuple(sorted(a % len(input_shape) for a in self._axes))
        if 0 in self._kept:
            raise ShapeError("axis 0 is that of the batch: examples cannot have means of their own")
        shape = tuple(input_shape[a] or 0 for a in self._kept)
        if self.mean is None:
            for name, start in (("mean", initializers.Zeros()), ("variance", initializers.Ones())):
                self.add_weight(name, shape, start, trainable=False)
            self.add_weight("count", (), initializers.Zeros(), trainable=False)

    def adapt(self, data: Any) -> None:
        """Takes mean and variance from data: an array (N, ...), or batches, each x or (x, ...), in one pass.

        Raises DataError if there is nothing in it, ShapeError if it does not fit, StateError if both were given.
        """
        if self.mean is not None:
            raise ArgumentError(f"{self._who()} was given its mean and variance: there is nothing to adapt")
        total, mean, variance = 0, np.zeros(()), np.zeros(())
        for batch in _batches_of(data):
            if not self.built:
                self.build_for((None, *batch.shape[1:]))
            if not self.serves(batch.shape):
                raise ShapeError(f"{self._who()} was built for {self.input_shape}, the data have shape {batch.shape}")
            others = tuple(a for a in range(batch.ndim) if a not in self._kept)
            count = batch.size // int(np.prod([batch.shape[a] for a in self._kept], dtype=int))
            batch_mean, batch_variance = batch.mean(axis=others), batch.var(axis=others)
            # Two parts as one: Chan, Golub and LeVeque, Algorithms for computing the sample variance (1983), eq. 2.1.
            share = count / (total := total + count)
            step = batch_mean - mean
            variance = variance * (1 - share) + batch_variance * share + step**2 * share * (1 - share)
            mean = mean + step * share
        if not total:
            raise DataError(f"{self._who()}: there is nothing in the data to adapt to")
        for variable, value in zip(self.variables, (mean, variance, np.asarray(total)), strict=True):
            variable.assign(value)

    def call(self, x: Tensor, training: bool) -> Tensor:
        """Normalized numbers, or with `invert` the way back."""
        mean, variance = (self._beside(v, x) for v in (self.variables[:2] or (self.mean, self.variance)))
        deviation = ops.maximum(ops.sqrt(variance), EPSILON)
        y: Tensor = x * deviation + mean if self.invert else (x - mean) / deviation
        return y

    def _beside(self, statistic: Any, x: Tensor) -> Tensor:
        """A variable or given numbers in the type of x, where x lives, in a form that broadcasts over a batch."""
        if not self.variables:
            statistic = _constant(np.asarray(statistic), x)
        shape = [n if a in self._kept and statistic.size > 1 else 1 for a, n in enumerate(x.shape)]
        return Tensor(statistic.data.astype(x.dtype, copy=False).reshape(shape))


def _constant(value: np.ndarray, x: Tensor) -> Any:
    """A constant in the type of x, where x lives."""
    value = value.astype(x.dtype)
    return Tensor(beside(value if value.size > 1 else value.reshape([1] * x.ndim), x.data))


def _batches_of(data: Any) -> Iterable[np.ndarray]:
    """Batches as float64 arrays."""
    if hasattr(data, "shape") or isinstance(data, list):
        data = [data]
    for batch in data:
        x = numeric(batch[0] if isinstance(batch, tuple) else batch, "the data to adapt to").astype(np.float64)
        if x.size:
            yield x


def _numbers(name: str, value: Any) -> Any:
    """A number, or a list of numbers: what a config holds."""
    array = numeric(value, name).astype(np.float64)
    if not np.isfinite(array).all():
        raise ArgumentError(f"{name} must be finite, got {value!r:.80}")
    return array.tolist()
