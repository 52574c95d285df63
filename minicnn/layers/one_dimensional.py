"""Layers for sequences (N, L, C): those for images, with a height of one.

Text after an Embedding, sound and readings are images of one row: the operators and their gradients are the same.
"""

from __future__ import annotations

from typing import Any, Unpack

from minicnn import activations, constraints, initializers, ops, regularizers
from minicnn.errors import ArgumentError, ShapeError
from minicnn.geometry import Windows, is_int, pair
from minicnn.layers.arguments import LayerOptions, flag, positive
from minicnn.layers.base import Layer, Shape
from minicnn.tensor import Tensor


class _OneDimensional(Layer):
    input_ndim = 3


class Conv1D(_OneDimensional):
    """Convolution along a sequence: (N, L, C) -> (N, OL, filters). The operator: `ops.conv2d` on images of one row.

    padding: "valid", "same", "causal" (all of it on the left: no output sees what comes after it), or (left, right);
    other arguments as Conv2D, with one number where that takes two.
    Weights: kernel (kernel_size, C / groups, filters), bias (filters,).
    Raises ArgumentError for bad arguments, ShapeError at build time if the window does not fit.
    """

    bound_axes = (-1,)

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: Any = "valid",
        dilation_rate: Any = 1,
        groups: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(**options)
        self.filters, self.groups = positive(self, "filters", filters), positive(self, "groups", groups)
        if self.filters % self.groups:
            raise ArgumentError(f"Conv1D: groups must divide the {filters} filters, got {groups}")
        self.kernel_size = one("Conv1D: kernel_size", kernel_size)
        self.strides, self.dilation_rate = one("Conv1D: strides", strides), one("Conv1D: dilation_rate", dilation_rate)
        self.padding = _padding("Conv1D", padding, "valid", "same", "causal")
        self.activation = activations.get(activation)
        self.use_bias = flag(self, "use_bias", use_bias)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.bias: Any = None

    def build(self, input_shape: Shape) -> None:
        """Makes kernel and bias."""
        channels: Any = input_shape[2]
        if channels % self.groups:
            raise ArgumentError(f"groups must divide the {channels} channels of the input, got {self.groups}")
        shape = self.kernel_size, channels // self.groups, self.filters
        self.kernel = self.add_weight(
            "kernel",
            shape,
            self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        if self.use_bias:
            self.bias = self.add_weight(
                "bias",
                (self.filters,),
                self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )

    def call(self, x: Tensor, training: bool) -> Any:
        """activation(conv2d of one row + bias)."""
        kernel = self.kernel.reshape((1, *self.kernel.shape))
        return self.activation(_flat(ops.conv2d(_row(x), kernel, self.bias, groups=self.groups, **self._geometry())))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(None, OL, filters)."""
        return None, _length(input_shape, (1, self.kernel_size), **self._geometry()), self.filters

    def _geometry(self) -> dict[str, Any]:
        left = (self.kernel_size - 1) * self.dilation_rate
        padding = ((0, 0), (left, 0)) if self.padding == "causal" else _pads(self.padding)
        return {"strides": (1, self.strides), "padding": padding, "dilation": (1, self.dilation_rate)}


class _Pooling1D(_OneDimensional):
    def __init__(
        self, pool_size: Any = 2, strides: Any = None, padding: Any = "valid", **options: Unpack[LayerOptions]
    ) -> None:
        super().__init__(**options)
        who = type(self).__name__
        self.pool_size = one(f"{who}: pool_size", pool_size)
        self.strides = self.pool_size if strides is None else one(f"{who}: strides", strides)
        self.padding = _padding(who, padding, "valid", "same")

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(None, OL, C)."""
        return None, _length(input_shape, *self._window()), input_shape[2]

    def _window(self) -> Any:
        return (1, self.pool_size), (1, self.strides), _pads(self.padding)


class MaxPooling1D(_Pooling1D):
    """The largest step of each window: (N, L, C) -> (N, OL, C). The operator: `ops.max_pool2d`."""

    def call(self, x: Tensor, training: bool) -> Any:
        """max_pool2d of one row."""
        return _flat(ops.max_pool2d(_row(x), *self._window()))


class AveragePooling1D(_Pooling1D):
    """The mean of each window, padding not counted: (N, L, C) -> (N, OL, C). `ops.average_pool2d`."""

    def call(self, x: Tensor, training: bool) -> Any:
        """average_pool2d of one row."""
        return _flat(ops.average_pool2d(_row(x), *self._window()))


class _GlobalPooling1D(_OneDimensional):
    def __init__(self, keepdims: bool = False, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        self.keepdims = flag(self, "keepdims", keepdims)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(None, C), or (None, 1, C)."""
        return (None, 1, input_shape[2]) if self.keepdims else (None, input_shape[2])

    def _shaped(self, y: Tensor) -> Tensor:
        return y.reshape((y.shape[0], 1, y.shape[1])) if self.keepdims else y


class GlobalMaxPooling1D(_GlobalPooling1D):
    """The largest step of each channel: (N, L, C) -> (N, C). The operator: `ops.global_max_pool2d`."""

    def call(self, x: Tensor, training: bool) -> Tensor:
        """global_max_pool2d of one row."""
        return self._shaped(ops.global_max_pool2d(_row(x)))


class GlobalAveragePooling1D(_GlobalPooling1D):
    """The mean of each channel: (N, L, C) -> (N, C). The operator: `ops.global_average_pool2d`."""

    def call(self, x: Tensor, training: bool) -> Tensor:
        """global_average_pool2d of one row."""
        return self._shaped(ops.global_average_pool2d(_row(x)))


class ZeroPadding1D(_OneDimensional):
    """Zeros before and after each sequence: as many each, or (left, right)."""

    def __init__(self, padding: Any = 1, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        self.padding = pair(padding, "ZeroPadding1D: padding", least=0)

    def call(self, x: Tensor, training: bool) -> Any:
        """zero_pad2d of one row."""
        return _flat(ops.zero_pad2d(_row(x), ((0, 0), self.padding)))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(None, left + L + right, C)."""
        return None, (input_shape[1] or 0) + sum(self.padding), input_shape[2]


class Cropping1D(_OneDimensional):
    """Sequences without their ends: as many steps each, or (left, right)."""

    def __init__(self, cropping: Any = (1, 1), **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        self.cropping = pair(cropping, "Cropping1D: cropping", least=0)

    def call(self, x: Tensor, training: bool) -> Tensor:
        """x[:, left : L - right]."""
        return x[:, self.cropping[0] : x.shape[1] - self.cropping[1]]

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(None, L - left - right, C). Raises ShapeError if nothing is left."""
        length = (input_shape[1] or 0) - sum(self.cropping)
        if length < 1:
            raise ShapeError(f"cropping {self.cropping} leaves nothing of {input_shape[1]} steps")
        return None, length, input_shape[2]


class UpSampling1D(_OneDimensional):
    """Longer sequences, each step repeated `size` times. The operator: `ops.upsample2d`."""

    def __init__(self, size: int = 2, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        self.size = positive(self, "size", size)

    def call(self, x: Tensor, training: bool) -> Any:
        """upsample2d of one row."""
        return _flat(ops.upsample2d(_row(x), (1, self.size)))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(None, L · size, C)."""
        return None, (input_shape[1] or 0) * self.size, input_shape[2]


def one(name: str, value: Any) -> int:
    """3 or (3,) -> 3. Raises ArgumentError."""
    number = value[0] if isinstance(value, (tuple, list)) and len(value) == 1 else value
    if not is_int(number) or number < 1:
        raise ArgumentError(f"{name} must be a whole number of at least 1, got {value!r}")
    return int(number)


def _padding(who: str, padding: Any, *words: str) -> Any:
    if isinstance(padding, str):
        if padding.lower() not in words:
            raise ArgumentError(f"{who}: padding must be {', '.join(map(repr, words))} or steps, got {padding!r}")
        return padding.lower()
    return pair(padding, f"{who}: padding", least=0)


def _pads(padding: Any) -> Any:
    return padding if isinstance(padding, str) else ((0, 0), padding)


def _length(input_shape: Shape, size: Any, strides: Any, padding: Any, dilation: Any = 1) -> int:
    steps: Any = input_shape[1]
    return Windows.over((1, steps), size, strides, padding, dilation).outputs[1]


def _row(x: Tensor) -> Tensor:
    """(N, L, C) -> (N, 1, L, C)."""
    return x.reshape((x.shape[0], 1, *x.shape[1:]))


def _flat(y: Tensor) -> Tensor:
    """(N, 1, L, C) -> (N, L, C)."""
    return y.reshape((y.shape[0], *y.shape[2:]))
