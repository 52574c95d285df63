"""Convolution layers: kernels and biases as variables around the operators of `minicnn.ops`."""

from __future__ import annotations

from typing import Any, Unpack

from minicnn import activations, constraints, initializers, ops, regularizers
from minicnn.errors import ArgumentError
from minicnn.geometry import Windows, explicit_pads, pair
from minicnn.layers.arguments import LayerOptions, flag, positive
from minicnn.layers.base import Layer, Shape
from minicnn.ops.convolution import check_algorithm
from minicnn.tensor import Tensor


class _Convolution(Layer):
    """What the four share: a window, a bias, an activation."""

    input_ndim = 4
    bound_axes = (-1,)

    def __init__(
        self,
        kernel_size: Any,
        strides: Any,
        padding: Any,
        dilation_rate: Any,
        activation: Any,
        use_bias: bool,
        bias_initializer: Any,
        bias_regularizer: Any,
        bias_constraint: Any,
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(**options)
        who = type(self).__name__
        self.kernel_size = pair(kernel_size, f"{who}: kernel_size")
        self.strides = pair(strides, f"{who}: strides")
        self.dilation_rate = pair(dilation_rate, f"{who}: dilation_rate")
        self.padding = padding_argument(who, padding)
        self.activation = activations.get(activation)
        self.use_bias = flag(self, "use_bias", use_bias)
        self.bias_initializer = initializers.get(bias_initializer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.bias_constraint = constraints.get(bias_constraint)
        self.bias: Any = None

    def _make_bias(self, filters: int) -> None:
        if self.use_bias:
            self.bias = self.add_weight(
                "bias",
                (filters,),
                self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )

    def _outputs(self, input_shape: Shape) -> tuple[int, int]:
        image: Any = input_shape[1:3]
        return Windows.over(image, self.kernel_size, self.strides, self.padding, self.dilation_rate).outputs

    def _geometry(self) -> dict[str, Any]:
        return {"strides": self.strides, "padding": self.padding, "dilation": self.dilation_rate}


class Conv2D(_Convolution):
    """Convolution with learned filters: (N, H, W, C) -> (N, OH, OW, filters). The operator: `ops.conv2d`.

    filters: how many kernels; kernel_size, strides, dilation_rate: pixels, one number or (height, width);
    padding: "valid", "same", pixels, or ((top, bottom), (left, right)); groups: filters see only their part of the
    channels; activation: a name or function, applied last; algorithm: "auto", "direct", "winograd" or "im2col", how
    it is computed, as in the operator (Keras has no such argument).
    Weights: kernel (R, S, C / groups, filters), bias (filters,).
    Raises ArgumentError for bad arguments, ShapeError at build time if the window does not fit.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = (1, 1),
        padding: Any = "valid",
        dilation_rate: Any = (1, 1),
        groups: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        algorithm: str = "auto",
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(
            kernel_size,
            strides,
            padding,
            dilation_rate,
            activation,
            use_bias,
            bias_initializer,
            bias_regularizer,
            bias_constraint,
            **options,
        )
        self.filters = positive(self, "filters", filters)
        self.groups = positive(self, "groups", groups)
        if self.filters % self.groups:
            raise ArgumentError(f"Conv2D: groups must divide the {filters} filters, got {groups}")
        self.algorithm = check_algorithm(
            "Conv2D", algorithm, self.kernel_size, self.strides, self.dilation_rate, self.groups
        )
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)

    def build(self, input_shape: Shape) -> None:
        """Makes kernel and bias."""
        channels: Any = input_shape[3]
        if channels % self.groups:
            raise ArgumentError(f"groups must divide the {channels} channels of the input, got {self.groups}")
        shape = (*self.kernel_size, channels // self.groups, self.filters)
        self.kernel = self.add_weight(
            "kernel",
            shape,
            self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self._make_bias(self.filters)

    def call(self, x: Tensor, training: bool) -> Tensor:
        """activation(conv2d(x, kernel) + bias)."""
        return self.activation(
            ops.conv2d(x, self.kernel, self.bias, groups=self.groups, algorithm=self.algorithm, **self._geometry())
        )

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(None, OH, OW, filters)."""
        return None, *self._outputs(input_shape), self.filters


class DepthwiseConv2D(_Convolution):
    """Every channel with filters of its own: (N, H, W, C) -> (N, OH, OW, C · depth_multiplier).

    The operator: `ops.depthwise_conv2d`. Weights: kernel (R, S, C, depth_multiplier), bias (C · depth_multiplier,).
    Arguments and errors as Conv2D.
    """

    def __init__(
        self,
        kernel_size: Any,
        strides: Any = (1, 1),
        padding: Any = "valid",
        depth_multiplier: int = 1,
        dilation_rate: Any = (1, 1),
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        depthwise_constraint: Any = None,
        bias_constraint: Any = None,
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(
            kernel_size,
            strides,
            padding,
            dilation_rate,
            activation,
            use_bias,
            bias_initializer,
            bias_regularizer,
            bias_constraint,
            **options,
        )
        self.depth_multiplier = positive(self, "depth_multiplier", depth_multiplier)
        self.depthwise_initializer = initializers.get(depthwise_initializer)
        self.depthwise_regularizer = regularizers.get(depthwise_regularizer)
        self.depthwise_constraint = constraints.get(depthwise_constraint)

    def build(self, input_shape: Shape) -> None:
        """Makes kernel and bias."""
        channels: Any = input_shape[3]
        shape = (*self.kernel_size, channels, self.depth_multiplier)
        self.kernel = self.add_weight(
            "kernel",
            shape,
            self.depthwise_initializer,
            regularizer=self.depthwise_regularizer,
            constraint=self.depthwise_constraint,
        )
        self._make_bias(channels * self.depth_multiplier)

    def call(self, x: Tensor, training: bool) -> Tensor:
        """activation(depthwise_conv2d(x, kernel) + bias)."""
        return self.activation(ops.depthwise_conv2d(x, self.kernel, self.bias, **self._geometry()))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(None, OH, OW, C · depth_multiplier)."""
        channels: Any = input_shape[3]
        return None, *self._outputs(input_shape), channels * self.depth_multiplier


class SeparableConv2D(_Convolution):
    """A depthwise convolution, then a 1x1 convolution that mixes the channels: (N, H, W, C) -> (N, OH, OW, filters).

    Weights: depthwise_kernel (R, S, C, depth_multiplier), pointwise_kernel (1, 1, C · depth_multiplier, filters),
    bias (filters,). Arguments and errors as Conv2D.
    Source: Chollet, Xception (2017), section 1.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = (1, 1),
        padding: Any = "valid",
        dilation_rate: Any = (1, 1),
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        pointwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        depthwise_constraint: Any = None,
        pointwise_constraint: Any = None,
        bias_constraint: Any = None,
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(
            kernel_size,
            strides,
            padding,
            dilation_rate,
            activation,
            use_bias,
            bias_initializer,
            bias_regularizer,
            bias_constraint,
            **options,
        )
        self.filters = positive(self, "filters", filters)
        self.depth_multiplier = positive(self, "depth_multiplier", depth_multiplier)
        self.depthwise_initializer = initializers.get(depthwise_initializer)
        self.depthwise_regularizer = regularizers.get(depthwise_regularizer)
        self.depthwise_constraint = constraints.get(depthwise_constraint)
        self.pointwise_initializer = initializers.get(pointwise_initializer)
        self.pointwise_regularizer = regularizers.get(pointwise_regularizer)
        self.pointwise_constraint = constraints.get(pointwise_constraint)

    def build(self, input_shape: Shape) -> None:
        """Makes both kernels and the bias."""
        channels: Any = input_shape[3]
        between = channels * self.depth_multiplier
        self.depthwise_kernel = self.add_weight(
            "depthwise_kernel",
            (*self.kernel_size, channels, self.depth_multiplier),
            self.depthwise_initializer,
            regularizer=self.depthwise_regularizer,
            constraint=self.depthwise_constraint,
        )
        self.pointwise_kernel = self.add_weight(
            "pointwise_kernel",
            (1, 1, between, self.filters),
            self.pointwise_initializer,
            regularizer=self.pointwise_regularizer,
            constraint=self.pointwise_constraint,
        )
        self._make_bias(self.filters)

    def call(self, x: Tensor, training: bool) -> Tensor:
        """activation(conv2d(depthwise_conv2d(x, depthwise_kernel), pointwise_kernel) + bias)."""
        x = ops.depthwise_conv2d(x, self.depthwise_kernel, **self._geometry())
        return self.activation(ops.conv2d(x, self.pointwise_kernel, self.bias))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(None, OH, OW, filters)."""
        return None, *self._outputs(input_shape), self.filters


class Conv2DTranspose(_Convolution):
    """Transposed convolution, which enlarges by its stride: (N, H, W, C) -> (N, H', W', filters).

    The operator: `ops.conv2d_transpose`. Weights: kernel (R, S, filters, C), bias (filters,).
    output_padding: pixels added at the bottom and right (default: Keras's sizes). Other arguments as Conv2D.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = (1, 1),
        padding: Any = "valid",
        output_padding: Any = None,
        dilation_rate: Any = (1, 1),
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
        super().__init__(
            kernel_size,
            strides,
            padding,
            dilation_rate,
            activation,
            use_bias,
            bias_initializer,
            bias_regularizer,
            bias_constraint,
            **options,
        )
        self.filters = positive(self, "filters", filters)
        self.output_padding = (
            None if output_padding is None else pair(output_padding, "Conv2DTranspose: output_padding", least=0)
        )
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)

    def build(self, input_shape: Shape) -> None:
        """Makes kernel and bias."""
        channels: Any = input_shape[3]
        shape = (*self.kernel_size, self.filters, channels)
        self.kernel = self.add_weight(
            "kernel",
            shape,
            self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self._make_bias(self.filters)

    def call(self, x: Tensor, training: bool) -> Tensor:
        """activation(conv2d_transpose(x, kernel) + bias)."""
        return self.activation(
            ops.conv2d_transpose(x, self.kernel, self.bias, output_padding=self.output_padding, **self._geometry())
        )

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(None, H', W', filters)."""
        image: Any = input_shape[1:3]
        windows = Windows.transposed(
            image, self.kernel_size, self.strides, self.padding, self.dilation_rate, self.output_padding
        )
        return None, *windows.image, self.filters


def padding_argument(who: str, padding: Any) -> Any:
    """ "valid", "same" in any case, or explicit pads. Raises ArgumentError."""
    if isinstance(padding, str):
        if padding.lower() not in ("valid", "same"):
            raise ArgumentError(f"{who}: padding must be 'valid', 'same' or numbers of pixels, got {padding!r}")
        return padding.lower()
    return explicit_pads(padding, f"{who}: padding")
