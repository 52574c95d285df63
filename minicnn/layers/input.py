"""What a network starts from."""

from __future__ import annotations

from typing import Any

from minicnn.errors import ArgumentError
from minicnn.layers.base import Layer, check_shape_argument
from minicnn.tensor import Tensor


class InputLayer(Layer):
    """Holds the shape of one example, without the batch; passes its input on."""

    def __init__(self, shape: Any, dtype: str | None = None, name: str | None = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.shape = check_shape_argument("Input: shape", shape)
        self.given_input_shape = self.shape

    def call(self, x: Tensor, training: bool) -> Tensor:
        """x itself."""
        return x

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, ready for JSON."""
        return {"shape": list(self.shape), "dtype": self.dtype, "name": self.name}


def Input(
    shape: Any = None, batch_size: int | None = None, dtype: str | None = None, name: str | None = None
) -> InputLayer:
    """The start of a Sequential model: `Input(shape=(28, 28, 1))`, without the batch. Raises ArgumentError.

    batch_size is accepted for Keras's sake; batches of any size are.
    """
    if shape is None:
        raise ArgumentError("Input needs the shape of one example, e.g. Input(shape=(28, 28, 1))")
    return InputLayer(shape, dtype=dtype, name=name)
