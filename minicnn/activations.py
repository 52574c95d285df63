"""Activations by name, as layers take them: `Dense(10, activation="relu")`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minicnn.errors import ArgumentError
from minicnn.ops import leaky_relu, relu, relu6, sigmoid, softmax, tanh
from minicnn.registry import lookup

__all__ = ["get", "leaky_relu", "linear", "relu", "relu6", "serialize", "sigmoid", "softmax", "tanh"]

Activation = Callable[[Any], Any]


def linear(x: Any) -> Any:
    """x itself."""
    return x


_KNOWN: dict[str, Activation] = {
    "linear": linear,
    "relu": relu,
    "relu6": relu6,
    "leaky_relu": leaky_relu,
    "sigmoid": sigmoid,
    "tanh": tanh,
    "softmax": softmax,
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
