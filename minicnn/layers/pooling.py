"""Pooling layers. They have no weights."""

from __future__ import annotations

from typing import Any, Unpack

from minicnn import ops
from minicnn.errors import ArgumentError
from minicnn.geometry import Windows, ceil_pads, pair
from minicnn.layers.arguments import LayerOptions, flag
from minicnn.layers.base import Layer, Shape
from minicnn.layers.convolution import padding_argument
from minicnn.tensor import Tensor


class _Pooling(Layer):
    input_ndim = 4

    def __init__(
        self,
        pool_size: Any = (2, 2),
        strides: Any = None,
        padding: Any = "valid",
        ceil_mode: bool = False,
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(**options)
        who = type(self).__name__
        self.pool_size = pair(pool_size, f"{who}: pool_size")
        self.strides = self.pool_size if strides is None else pair(strides, f"{who}: strides")
        self.padding = padding_argument(who, padding)
        self.ceil_mode = flag(self, "ceil_mode", ceil_mode)
        if self.ceil_mode and self.padding != "valid":
            raise ArgumentError(f"{who}: ceil_mode is for padding='valid', got padding={padding!r}")

    def pads_for(self, image: Any) -> Any:
        """The padding of an image (H, W), as operators take it."""
        return ceil_pads(image, self.pool_size, self.strides) if self.ceil_mode else self.padding

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(None, OH, OW, C)."""
        image: Any = input_shape[1:3]
        windows = Windows.over(image, self.pool_size, self.strides, self.pads_for(image))
        return None, *windows.outputs, input_shape[3]


class MaxPooling2D(_Pooling):
    """The largest pixel of each window: (N, H, W, C) -> (N, OH, OW, C). The operator: `ops.max_pool2d`.

    ceil_mode: a last window that the image cuts counts, too (Keras has no such argument; PyTorch has).
    """

    def call(self, x: Tensor, training: bool) -> Tensor:
        """max_pool2d(x)."""
        return ops.max_pool2d(x, self.pool_size, self.strides, self.pads_for(x.shape[1:3]))


class AveragePooling2D(_Pooling):
    """The mean of each window, padding not counted: (N, H, W, C) -> (N, OH, OW, C). `ops.average_pool2d`.

    ceil_mode: a last window that the image cuts counts, too, as the mean of what it holds.
    """

    def call(self, x: Tensor, training: bool) -> Tensor:
        """average_pool2d(x)."""
        return ops.average_pool2d(x, self.pool_size, self.strides, self.pads_for(x.shape[1:3]))


class _GlobalPooling(Layer):
    input_ndim = 4

    def __init__(self, keepdims: bool = False, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        self.keepdims = flag(self, "keepdims", keepdims)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(None, C), or (None, 1, 1, C)."""
        return (None, 1, 1, input_shape[3]) if self.keepdims else (None, input_shape[3])

    def _shaped(self, y: Tensor) -> Tensor:
        return y.reshape((y.shape[0], 1, 1, y.shape[1])) if self.keepdims else y


class GlobalMaxPooling2D(_GlobalPooling):
    """The largest pixel of each channel: (N, H, W, C) -> (N, C). The operator: `ops.global_max_pool2d`."""

    def call(self, x: Tensor, training: bool) -> Tensor:
        """global_max_pool2d(x)."""
        return self._shaped(ops.global_max_pool2d(x))


class GlobalAveragePooling2D(_GlobalPooling):
    """The mean of each channel: (N, H, W, C) -> (N, C). The operator: `ops.global_average_pool2d`."""

    def call(self, x: Tensor, training: bool) -> Tensor:
        """global_average_pool2d(x)."""
        return self._shaped(ops.global_average_pool2d(x))
