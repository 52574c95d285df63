"""Activations by name, as layers take them: `Dense(10, activation="relu")`. Names and formulas are Keras 3's.

Those of `minicnn.ops` have kernels of their own; the others here are made of them, and of arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minicnn import ops
from minicnn.errors import ArgumentError
from minicnn.ops import (
    elu,
    gelu,
    leaky_relu,
    log_softmax,
    relu,
    relu6,
    selu,
    sigmoid,
    silu,
    softmax,
    softplus,
    tanh,
)
from minicnn.registry import lookup

__all__ = [
    "elu",
    "exponential",
    "gelu",
    "get",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "leaky_relu",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "mish",
    "relu",
    "relu6",
    "selu",
    "serialize",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "softsign",
    "swish",
    "tanh",
]

Activation = Callable[[Any], Any]


def linear(x: Any) -> Any:
    """x itself."""
    return x


def exponential(x: Any) -> Any:
    """exp(x)."""
    return ops.exp(x)


def softsign(x: Any) -> Any:
    """x / (1 + |x|). Source: Bergstra et al., Quadratic polynomials learn better image features (2009)."""
    return ops.divide(x, ops.absolute(x) + 1)


def hard_tanh(x: Any) -> Any:
    """x, cut off at -1 and 1."""
    return relu(x + 1, max_value=2.0) - 1


def hard_sigmoid(x: Any) -> Any:
    """x / 6 + 1/2, cut off at 0 and 1. Source: Courbariaux, Bengio and David, BinaryConnect (2015)."""
    return relu(x + 3, max_value=6.0) / 6


def hard_silu(x: Any) -> Any:
    """x · hard_sigmoid(x). Source: Howard et al., Searching for MobileNetV3 (2019), section 5.2."""
    return ops.multiply(x, hard_sigmoid(x))


def mish(x: Any) -> Any:
    """x · tanh(softplus(x)). Source: Misra, Mish: a self regularized non-monotonic activation function (2020)."""
    return ops.multiply(x, tanh(softplus(x)))


def log_sigmoid(x: Any) -> Any:
    """log(sigmoid(x)) = - softplus(-x)."""
    return ops.negative(softplus(ops.negative(x)))


swish, hard_swish = silu, hard_silu

_KNOWN: dict[str, Activation] = {
    "elu": elu,
    "exponential": exponential,
    "gelu": gelu,
    "hard_sigmoid": hard_sigmoid,
    "hard_silu": hard_silu,
    "hard_swish": hard_silu,
    "hard_tanh": hard_tanh,
    "leaky_relu": leaky_relu,
    "linear": linear,
    "log_sigmoid": log_sigmoid,
    "log_softmax": log_softmax,
    "mish": mish,
    "relu": relu,
    "relu6": relu6,
    "selu": selu,
    "sigmoid": sigmoid,
    "silu": silu,
    "softmax": softmax,
    "softplus": softplus,
    "softsign": softsign,
    "swish": silu,
    "tanh": tanh,
}


def get(identifier: Any) -> Activation:
    """The function for a name; None stands for linear; a function is taken as it is. Raises ArgumentError."""
    if identifier is None:
        return linear
    if callable(identifier):
        return identifier
    return lookup("activation", identifier, _KNOWN)


def serialize(activation: Activation) -> str:
    """The name of an activation. Raises ArgumentError for a function of your own: it cannot be saved."""
    for name, known in _KNOWN.items():
        if known is activation:
            return name
    raise ArgumentError(f"the activation {activation!r} is not one of {', '.join(sorted(_KNOWN))}: it cannot be saved")
