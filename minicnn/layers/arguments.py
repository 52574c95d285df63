"""What layers take, and check, of their arguments: the errors name the layer's class and the argument."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, TypedDict

import numpy as np

from minicnn.errors import ArgumentError
from minicnn.geometry import is_int
from minicnn.layers.shapes import Shape, show
from minicnn.registry import unknown_argument

# More numbers than that, 4 GiB of float32, in one variable or one example's output are a slip or an attack.
LARGEST = 2**30


class LayerOptions(TypedDict, total=False):
    """What every layer's constructor takes besides its own arguments."""

    name: str | None
    dtype: str | None
    trainable: bool
    input_shape: tuple[int | None, ...] | None
    activity_regularizer: Any


def check_affordable(name: str, shape: Shape) -> None:
    """Raises ArgumentError if an array of this shape would hold more than LARGEST numbers."""
    if (count := math.prod(n or 0 for n in shape)) > LARGEST:
        raise ArgumentError(
            f"{name} of shape {show(shape)} would hold {count:,} numbers, more than the {LARGEST:,} that minicnn "
            "makes; choose smaller sizes"
        )


def check_shape_argument(name: str, shape: Any) -> tuple[int | None, ...]:
    """A tuple of whole numbers (or None where a size is open). Raises ArgumentError."""
    if not isinstance(shape, (tuple, list)) or not all(n is None or (is_int(n) and n > 0) for n in shape):
        raise ArgumentError(
            f"{name} must be the shape of one example, e.g. (28, 28, 1): positive whole numbers; got {shape!r}"
        )
    return tuple(None if n is None else int(n) for n in shape)


def in_older_words(cls: type, given: Mapping[str, Any], input_shape: Any) -> Any:
    """The input_shape, also where it was given as `input_dim=n` or `input_length=n`, which stand for (n,).

    given: the arguments that the layer does not have. Raises ArgumentError for channels that come first, TypeError for
    arguments that nobody knows.
    """
    for name, value in given.items():
        if name == "data_format":
            if value not in (None, "channels_last"):
                raise ArgumentError(
                    f"{cls.__name__}: data_format must be 'channels_last', got {value!r:.80}; images are "
                    "(N, height, width, channels) here: x.transpose(0, 2, 3, 1)"
                )
        elif name not in ("input_dim", "input_length"):
            raise TypeError(unknown_argument(cls, name))
        elif input_shape is None and value is not None:
            input_shape = (value,)
    return input_shape


def positive(owner: object, name: str, value: Any) -> int:
    """A whole number of at least 1. Raises ArgumentError that names the layer's class and the argument."""
    if not is_int(value) or value < 1:
        raise ArgumentError(f"{type(owner).__name__}: {name} must be a whole number of at least 1, got {value!r}")
    return int(value)


def flag(owner: object, name: str, value: Any) -> bool:
    """True or False. Raises ArgumentError that names the layer's class and the argument."""
    if not isinstance(value, (bool, np.bool_)):
        raise ArgumentError(f"{type(owner).__name__}: {name} must be True or False, got {value!r}")
    return bool(value)
