"""The batch-normalization layer."""

from __future__ import annotations

from typing import Any, Unpack

import numpy as np

from minicnn import constraints, initializers, ops, regularizers
from minicnn.backends import beside
from minicnn.errors import ArgumentError
from minicnn.kernels.recording import performed
from minicnn.layers.arguments import LayerOptions, flag
from minicnn.layers.base import Layer, Shape
from minicnn.ops.checks import check_number
from minicnn.tensor import Array, Tensor


class BatchNormalization(Layer):
    """Each channel (last axis) to mean 0 and variance 1, then scaled by gamma and shifted by beta, which are learned.

    While training, with the statistics of the batch, which also enter the running averages:
        moving = momentum · moving + (1 - momentum) · batch          (momentum weighs the OLD value, as in Keras)
    with the biased variance (1/n). Otherwise, and if the layer is not trainable, with the running averages.
    Weights: gamma, beta, moving_mean, moving_variance, all (C,). The operators: `ops.batch_norm`,
    `ops.batch_norm_inference`. Raises ArgumentError for bad arguments.
    Source: Ioffe and Szegedy, Batch Normalization (2015).
    """

    keeps_shape = True
    bound_axes = (-1,)

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(**options)
        if axis not in (-1, 3, 1):
            raise ArgumentError(f"BatchNormalization: axis must be the last one, -1 (channels last), got {axis!r}")
        self.axis = int(axis)
        self.momentum = check_number("BatchNormalization", "momentum", momentum, least=0, below=1)
        self.epsilon = check_number("BatchNormalization", "epsilon", epsilon, least=0)
        self.center, self.scale = flag(self, "center", center), flag(self, "scale", scale)
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.gamma_constraint = constraints.get(gamma_constraint)

    def build(self, input_shape: Shape) -> None:
        """Makes gamma, beta and the running averages."""
        if self.axis not in (-1, len(input_shape) - 1):
            raise ArgumentError(f"axis must be the last one, -1 or {len(input_shape) - 1}; got {self.axis}")
        shape = (int(input_shape[-1] or 0),)
        self.gamma: Any = None
        self.beta: Any = None
        if self.scale:
            self.gamma = self.add_weight(
                "gamma",
                shape,
                self.gamma_initializer,
                regularizer=self.gamma_regularizer,
                constraint=self.gamma_constraint,
            )
        if self.center:
            self.beta = self.add_weight(
                "beta",
                shape,
                self.beta_initializer,
                regularizer=self.beta_regularizer,
                constraint=self.beta_constraint,
            )
        self.moving_mean = self.add_weight("moving_mean", shape, self.moving_mean_initializer, trainable=False)
        self.moving_variance = self.add_weight(
            "moving_variance", shape, self.moving_variance_initializer, trainable=False
        )
        dtype = self.moving_mean.dtype
        self._one = initializers.Ones()(shape, dtype)
        self._zero = initializers.Zeros()(shape, dtype)

    def to(self, device: str) -> BatchNormalization:
        """Moves variables and constants."""
        super().to(device)
        if self.built:
            self._one, self._zero = beside(self._one, self.moving_mean.data), beside(self._zero, self.moving_mean.data)
        return self

    def call(self, x: Tensor, training: bool) -> Tensor:
        """batch_norm(x), updating the running averages, or batch_norm_inference(x)."""
        gamma, beta = self._parameters()
        if self.takes_batch_statistics(training):
            return ops.batch_norm(x, gamma, beta, epsilon=self.epsilon, observe=self._observe)
        return ops.batch_norm_inference(
            x, gamma, beta, self.moving_mean.data, self.moving_variance.data, epsilon=self.epsilon
        )

    def takes_batch_statistics(self, training: bool) -> bool:
        """Whether a call normalizes by the moments of its batch, rather than by the running averages."""
        return training and self.trainable

    def relu(self, x: Tensor, pool_size: Any) -> Tensor:
        """max_pool2d(relu(batch_norm(x))) as one, updating the running averages; pool_size 1 pools nothing."""
        gamma, beta = self._parameters()
        y: Tensor = ops.batch_norm_relu(
            x, gamma, beta, epsilon=self.epsilon, pool_size=pool_size, observe=self._observe
        )
        return y

    def add(self, x: Tensor, shortcut: Tensor, relu: str | None) -> Tensor:
        """relu(batch_norm(x) + shortcut) as one, updating the running averages; relu: as in `ops.batch_norm_add`."""
        gamma, beta = self._parameters()
        y: Tensor = ops.batch_norm_add(x, gamma, beta, shortcut, relu=relu, epsilon=self.epsilon, observe=self._observe)
        return y

    def folded_into(self, kernel: Array, bias: Array | None) -> tuple[Array, Array]:
        """Kernel and bias of one convolution that computes batch_norm_inference(conv2d(x, kernel, bias))."""
        folded = np.empty_like(kernel), np.empty_like(self._one)
        performed(self._fold, kernel, bias, *folded)
        return folded

    def _fold(self, kernel: Array, bias: Array | None, kernel_out: Array, bias_out: Array) -> None:
        gamma, beta = (p.data if isinstance(p, Tensor) else p for p in self._parameters())
        scale = gamma / np.sqrt(self.moving_variance.data + gamma.dtype.type(self.epsilon))
        np.multiply(kernel, scale, out=kernel_out)
        bias_out[:] = beta - self.moving_mean.data * scale
        if bias is not None:
            bias_out += bias * scale

    def _parameters(self) -> tuple[Any, Any]:
        return self._one if self.gamma is None else self.gamma, self._zero if self.beta is None else self.beta

    def _observe(self, mean: Array, variance: Array) -> None:
        performed(self._average, mean, variance)

    def _average(self, mean: Array, variance: Array) -> None:
        for moving, batch in ((self.moving_mean.data, mean), (self.moving_variance.data, variance)):
            moving *= self.momentum
            moving += (1 - self.momentum) * batch
