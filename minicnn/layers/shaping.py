"""Layers that move pixels about and compute nothing."""

from __future__ import annotations

import math
from typing import Any, Unpack

import numpy as np

from minicnn import ops
from minicnn.backends import beside
from minicnn.errors import ArgumentError, ShapeError
from minicnn.geometry import explicit_pads, is_int, pair
from minicnn.layers.arguments import LayerOptions, positive
from minicnn.layers.base import Layer, Shape
from minicnn.layers.shapes import show
from minicnn.tensor import Tensor


class Flatten(Layer):
    """One row an image: (N, H, W, C) -> (N, H·W·C), channels fastest."""

    def call(self, x: Tensor, training: bool) -> Tensor:
        """reshape(x, (N, everything else))."""
        return x.reshape((x.shape[0], math.prod(x.shape[1:])))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(None, H·W·C)."""
        return None, math.prod(n or 0 for n in input_shape[1:])


class Reshape(Layer):
    """Another shape for the same numbers; `target_shape` is without the batch, one -1 stands for what is left."""

    def __init__(self, target_shape: tuple[int, ...], **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        sizes = tuple(target_shape) if isinstance(target_shape, (tuple, list)) else (target_shape,)
        if not all(is_int(n) and (n > 0 or n == -1) for n in sizes) or sizes.count(-1) > 1:
            raise ArgumentError(
                f"Reshape: target_shape must be positive whole numbers, at most one of them -1; got {target_shape!r}"
            )
        self.target_shape = sizes

    def call(self, x: Tensor, training: bool) -> Tensor:
        """reshape(x, (N, *target_shape))."""
        return x.reshape((x.shape[0], *self.compute_output_shape((None, *x.shape[1:]))[1:]))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(None, *target_shape)."""
        total = math.prod(n or 0 for n in input_shape[1:])
        known = math.prod(n for n in self.target_shape if n != -1)
        if total % known or (-1 not in self.target_shape and total != known):
            raise ShapeError(f"{total} numbers of shape {input_shape[1:]} do not fit target_shape {self.target_shape}")
        return None, *(total // known if n == -1 else n for n in self.target_shape)


class ZeroPadding2D(Layer):
    """Zeros around each image. padding: pixels, (vertical, horizontal), or ((top, bottom), (left, right))."""

    input_ndim = 4

    def __init__(self, padding: Any = (1, 1), **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        self.padding = explicit_pads(padding, "ZeroPadding2D: padding")

    def call(self, x: Tensor, training: bool) -> Tensor:
        """zero_pad2d(x)."""
        return ops.zero_pad2d(x, self.padding)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(None, top + H + bottom, left + W + right, C)."""
        _, height, width, channels = input_shape
        return None, (height or 0) + sum(self.padding[0]), (width or 0) + sum(self.padding[1]), channels


class UpSampling2D(Layer):
    """Larger images, each pixel repeated ("nearest") or blended ("bilinear"). The operator: `ops.upsample2d`."""

    input_ndim = 4

    def __init__(self, size: Any = (2, 2), interpolation: str = "nearest", **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        self.size = pair(size, "UpSampling2D: size")
        if interpolation not in ("nearest", "bilinear"):
            raise ArgumentError(f"UpSampling2D: interpolation must be 'nearest' or 'bilinear', got {interpolation!r}")
        self.interpolation = interpolation

    def call(self, x: Tensor, training: bool) -> Tensor:
        """upsample2d(x)."""
        return ops.upsample2d(x, self.size, self.interpolation)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(None, H · size, W · size, C)."""
        _, height, width, channels = input_shape
        return None, (height or 0) * self.size[0], (width or 0) * self.size[1], channels


class Cropping2D(Layer):
    """Images without a rim: cropping in pixels, (vertical, horizontal), or ((top, bottom), (left, right))."""

    input_ndim = 4

    def __init__(self, cropping: Any = ((0, 0), (0, 0)), **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        self.cropping = explicit_pads(cropping, "Cropping2D: cropping")

    def call(self, x: Tensor, training: bool) -> Tensor:
        """x[:, top : H - bottom, left : W - right]."""
        (top, bottom), (left, right) = self.cropping
        return x[:, top : x.shape[1] - bottom, left : x.shape[2] - right]

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(None, H - top - bottom, W - left - right, C). Raises ShapeError if nothing is left."""
        _, height, width, channels = input_shape
        image = (height or 0) - sum(self.cropping[0]), (width or 0) - sum(self.cropping[1])
        if min(image) < 1:
            raise ShapeError(f"cropping {self.cropping} leaves nothing of {height}x{width} pixels")
        return None, *image, channels


class Permute(Layer):
    """The axes after the batch in another order: dims (2, 1) swaps the two of (N, A, B)."""

    def __init__(self, dims: tuple[int, ...], **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        given = tuple(dims) if isinstance(dims, (tuple, list)) else (dims,)
        if not all(is_int(d) for d in given) or sorted(given) != list(range(1, len(given) + 1)):
            raise ArgumentError(f"Permute: dims must name each axis after the batch once, from 1; got {dims!r}")
        self.dims = tuple(int(d) for d in given)

    def call(self, x: Tensor, training: bool) -> Tensor:
        """transpose(x, (0, *dims))."""
        return x.transpose((0, *self.dims))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The sizes in their new order. Raises ShapeError for another number of axes."""
        if len(input_shape) != len(self.dims) + 1:
            raise ShapeError(f"dims {self.dims} are for {len(self.dims)} axes after the batch; got {show(input_shape)}")
        return None, *(input_shape[d] for d in self.dims)


class RepeatVector(Layer):
    """Each row n times: (N, F) -> (N, n, F)."""

    input_ndim = 2

    def __init__(self, n: int, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        self.n = positive(self, "n", n)

    def call(self, x: Tensor, training: bool) -> Any:
        """x times ones, broadcast over the new axis."""
        return x.reshape((x.shape[0], 1, x.shape[1])) * beside(np.ones((self.n, 1), x.dtype), x.data)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(None, n, F)."""
        return None, self.n, input_shape[1]
