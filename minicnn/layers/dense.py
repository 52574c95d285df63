"""The dense layer."""

from __future__ import annotations

import math
from typing import Any, Unpack

from minicnn import activations, constraints, initializers, ops, regularizers
from minicnn.layers.arguments import LayerOptions, flag, positive
from minicnn.layers.base import Layer, Shape
from minicnn.tensor import Tensor


class Dense(Layer):
    """Weighted sums of all inputs: (N, ..., I) -> (N, ..., units). The operator: `ops.dense`.

    Weights: kernel (I, units), bias (units,). Axes between the first and the last are kept, as in Keras.
    Raises ArgumentError for bad arguments.
    """

    bound_axes = (-1,)

    def __init__(
        self,
        units: int,
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
        self.units = positive(self, "units", units)
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
        inputs: Any = input_shape[-1]
        self.kernel = self.add_weight(
            "kernel",
            (inputs, self.units),
            self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        if self.use_bias:
            self.bias = self.add_weight(
                "bias",
                (self.units,),
                self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )

    def call(self, x: Tensor, training: bool) -> Tensor:
        """activation(x @ kernel + bias)."""
        if x.ndim == 2:
            return self.activation(ops.dense(x, self.kernel, self.bias))
        rows = x.reshape((math.prod(x.shape[:-1]), x.shape[-1]))
        y = ops.dense(rows, self.kernel, self.bias).reshape((*x.shape[:-1], self.units))
        return self.activation(y)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(None, ..., units)."""
        return *input_shape[:-1], self.units
