"""What a network starts from."""

from __future__ import annotations

from typing import Any

from minicnn.errors import ArgumentError
from minicnn.layers.arguments import check_shape_argument
from minicnn.layers.base import Layer
from minicnn.tensor import Call, Symbolic, Tensor

DTYPES = ("float32", "float64", "uint8", "int32", "int64")


class InputLayer(Layer):
    """Holds the shape of one example, without the batch, which older courses call input_shape; passes its input on.

    dtype: of the numbers that come. Whole numbers are converted to what the model computes in.
    """

    keeps_shape = True

    def __init__(
        self, shape: Any = None, dtype: str | None = None, name: str | None = None, input_shape: Any = None
    ) -> None:
        shape = input_shape if shape is None else shape
        if dtype not in (None, *DTYPES):
            raise ArgumentError(f"Input: dtype must be one of {', '.join(DTYPES)}; got {dtype!r}")
        super().__init__(name=name, dtype=dtype if dtype in ("float32", "float64") else None)
        self.shape = check_shape_argument("Input: shape", shape)
        self.given_input_shape, self.given_dtype = self.shape, dtype

    def call(self, x: Tensor, training: bool) -> Tensor:
        """x itself."""
        return x

    def symbolic(self) -> Symbolic:
        """The tensor that a model begins with; the same at every call."""
        if not self.calls:
            self.build_for((None, *self.shape))
            call = Call(self, [])
            call.outputs = Symbolic((None, *self.shape), self.dtype or "float32", call)
            self.calls.append(call)
        tensor: Symbolic = self.calls[0].outputs
        return tensor

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, ready for JSON."""
        return {"shape": list(self.shape), "dtype": self.given_dtype, "name": self.name}


def Input(
    shape: Any = None,
    batch_size: int | None = None,
    dtype: str | None = None,
    name: str | None = None,
    batch_shape: Any = None,
) -> Symbolic:
    """The start of a model: `Input(shape=(28, 28, 1))`, without the batch: a symbolic tensor to call layers on.

    batch_shape: the same with the batch. Its size, like batch_size, is accepted for Keras's sake: batches of any size
    are. Raises ArgumentError, ShapeError for a size that
    is not known.
    """
    if shape is None and isinstance(batch_shape, (tuple, list)):
        shape = batch_shape[1:]
    if shape is None:
        raise ArgumentError("Input needs the shape of one example, e.g. Input(shape=(28, 28, 1))")
    return InputLayer(shape, dtype=dtype, name=name).symbolic()
