"""Activations as layers of their own."""

from __future__ import annotations

from typing import Any, Unpack

import numpy as np

from minicnn import activations, constraints, initializers, ops, regularizers
from minicnn.errors import ArgumentError
from minicnn.geometry import is_int
from minicnn.layers.arguments import LayerOptions
from minicnn.layers.base import Layer, Shape
from minicnn.ops.checks import check_number
from minicnn.tensor import Tensor


class Activation(Layer):
    """Any activation, by name or as a function."""

    keeps_shape = True

    def __init__(self, activation: Any, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        self.activation = activations.get(activation)

    def call(self, x: Tensor, training: bool) -> Tensor:
        """activation(x)."""
        return self.activation(x)


class ReLU(Layer):
    """max_value above max_value, x from threshold on, negative_slope · (x - threshold) below. `ops.relu`."""

    keeps_shape = True
    base_name = "re_lu"  # so Keras calls it

    def __init__(
        self,
        max_value: float | None = None,
        negative_slope: float = 0.0,
        threshold: float = 0.0,
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(**options)
        self.max_value = None if max_value is None else check_number("ReLU", "max_value", max_value, least=0)
        self.negative_slope = check_number("ReLU", "negative_slope", negative_slope, least=0)
        self.threshold = check_number("ReLU", "threshold", threshold, least=0)

    def call(self, x: Tensor, training: bool) -> Tensor:
        """relu(x)."""
        return ops.relu(x, negative_slope=self.negative_slope, max_value=self.max_value, threshold=self.threshold)


class LeakyReLU(Layer):
    """x where positive, negative_slope · x elsewhere. Older courses call it alpha."""

    keeps_shape = True
    base_name = "leaky_re_lu"

    def __init__(self, negative_slope: float = 0.3, **options: Any) -> None:
        negative_slope = options.pop("alpha", negative_slope)
        super().__init__(**options)
        self.negative_slope = check_number("LeakyReLU", "negative_slope", negative_slope, least=0)

    def call(self, x: Tensor, training: bool) -> Tensor:
        """relu(x, negative_slope)."""
        return ops.relu(x, negative_slope=self.negative_slope)


class ELU(Layer):
    """x where positive, alpha · (exp(x) - 1) elsewhere. `ops.elu`."""

    keeps_shape = True

    base_name = "elu"

    def __init__(self, alpha: float = 1.0, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        self.alpha = check_number("ELU", "alpha", alpha)

    def call(self, x: Tensor, training: bool) -> Tensor:
        """elu(x, alpha)."""
        return ops.elu(x, self.alpha)


class PReLU(Layer):
    """x where positive, alpha · x elsewhere, alpha learned. The operator: `ops.prelu`.

    shared_axes: axes (the batch is 0) along which one alpha serves all, e.g. (1, 2) for one alpha a channel.
    Weights: alpha, of the shape of one example with 1 at the shared axes.
    """

    keeps_shape = True
    base_name = "p_re_lu"

    def __init__(
        self,
        alpha_initializer: Any = "zeros",
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: Any = None,
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(**options)
        self.alpha_initializer = initializers.get(alpha_initializer)
        self.alpha_regularizer = regularizers.get(alpha_regularizer)
        self.alpha_constraint = constraints.get(alpha_constraint)
        axes = () if shared_axes is None else (shared_axes,) if is_int(shared_axes) else shared_axes
        if not isinstance(axes, (tuple, list)) or not all(is_int(a) and a >= 1 for a in axes):
            raise ArgumentError(f"PReLU: shared_axes must be axis numbers from 1 (0 is the batch), got {shared_axes!r}")
        self.shared_axes = tuple(int(a) for a in axes)

    def build(self, input_shape: Shape) -> None:
        """Makes alpha."""
        if any(a >= len(input_shape) for a in self.shared_axes):
            raise ArgumentError(f"shared_axes {self.shared_axes} must be below {len(input_shape)}, the number of axes")
        self.bound_axes = tuple(a for a in range(1, len(input_shape)) if a not in self.shared_axes)
        shape = tuple(1 if a in self.shared_axes else int(n or 0) for a, n in enumerate(input_shape) if a > 0)
        self.alpha = self.add_weight(
            "alpha",
            shape,
            self.alpha_initializer,
            regularizer=self.alpha_regularizer,
            constraint=self.alpha_constraint,
        )

    def call(self, x: Tensor, training: bool) -> Tensor:
        """prelu(x, alpha)."""
        return ops.prelu(x, self.alpha)


class Softmax(Layer):
    """Probabilities along `axis` (default the last). The operator: `ops.softmax`."""

    keeps_shape = True

    def __init__(self, axis: int = -1, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        if not is_int(axis):
            raise ArgumentError(f"Softmax: axis must be a whole number, got {axis!r}")
        self.axis = int(axis)

    def build(self, input_shape: Shape) -> None:
        """Nothing to make; checks the axis."""
        if not -len(input_shape) <= self.axis < len(input_shape):
            raise ArgumentError(f"axis {self.axis} is not one of the {len(input_shape)} axes of the input")

    def call(self, x: Tensor, training: bool) -> Tensor:
        """softmax(x) along the axis."""
        axis = self.axis % x.ndim
        if axis == x.ndim - 1:
            return ops.softmax(x)
        to_last = [a for a in range(x.ndim) if a != axis] + [axis]
        back = [int(a) for a in np.argsort(to_last)]
        return ops.softmax(x.transpose(to_last)).transpose(back)
