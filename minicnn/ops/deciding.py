"""Keras's `ops` that have no gradient: comparisons, the place of the largest, conversions. Tensors give Tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minicnn.backends import to_host
from minicnn.errors import DTypeError
from minicnn.tensor import Tensor, as_array


def _decided(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def decide(*given: Any) -> Any:
        y = function(*(a.data if isinstance(a, Tensor) else a for a in given))
        return Tensor(y) if any(isinstance(a, Tensor) for a in given) else y

    decide.__name__ = name
    decide.__doc__ = f"NumPy's `{function.__name__}`, element by element with broadcasting: True or False."
    return decide


equal = _decided("equal", np.equal)
not_equal = _decided("not_equal", np.not_equal)
greater = _decided("greater", np.greater)
greater_equal = _decided("greater_equal", np.greater_equal)
less = _decided("less", np.less)
less_equal = _decided("less_equal", np.less_equal)
logical_and = _decided("logical_and", np.logical_and)
logical_or = _decided("logical_or", np.logical_or)
logical_not = _decided("logical_not", np.logical_not)
isnan = _decided("isnan", np.isnan)


def argmax(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """Where the largest is along an axis (in all, flattened, if None); the first one of ties."""
    return _like(x, _data(x).argmax(axis=axis, keepdims=keepdims))


def argmin(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """Where the smallest is along an axis (in all, flattened, if None); the first one of ties."""
    return _like(x, _data(x).argmin(axis=axis, keepdims=keepdims))


def one_hot(x: Any, num_classes: int, dtype: str = "float32") -> Any:
    """Class numbers (...) as rows (..., num_classes) with a 1 at the number, else zeros."""
    return _like(x, (_data(x)[..., None] == np.arange(num_classes)).astype(dtype))


def cast(x: Any, dtype: Any) -> Any:
    """x in another element type. Raises DTypeError where a gradient would have to pass: a model has one dtype."""
    if isinstance(x, Tensor) and x.dtype == dtype:
        return x
    if isinstance(x, Tensor) and x.requires_grad:
        raise DTypeError(f"cast: no gradient passes from {dtype} to {x.dtype}; cast x.detach(), or what is beside it")
    return _like(x, _data(x).astype(dtype))


def stop_gradient(x: Any) -> Any:
    """The same numbers as a constant."""
    return x.detach() if isinstance(x, Tensor) else x


def zeros(shape: Any, dtype: str = "float32") -> np.ndarray:
    """An array of zeros."""
    return np.zeros(shape, dtype)


def ones(shape: Any, dtype: str = "float32") -> np.ndarray:
    """An array of ones."""
    return np.ones(shape, dtype)


def zeros_like(x: Any, dtype: Any = None) -> Any:
    """Zeros in the shape of x, and in its dtype unless another is given."""
    return _like(x, np.zeros_like(_data(x), dtype))


def ones_like(x: Any, dtype: Any = None) -> Any:
    """Ones in the shape of x, and in its dtype unless another is given."""
    return _like(x, np.ones_like(_data(x), dtype))


def convert_to_tensor(x: Any, dtype: Any = None) -> Tensor:
    """A Tensor of x: itself if it is one of this dtype. Raises DTypeError for no numbers."""
    tensor = x if isinstance(x, Tensor) else Tensor(as_array(x))
    converted: Tensor = tensor if dtype is None else cast(tensor, dtype)
    return converted


def convert_to_numpy(x: Any) -> np.ndarray:
    """x as an array in main memory."""
    return to_host(_data(x))


def shape(x: Any) -> tuple[Any, ...]:
    """The shape; None for the batch axis of a symbolic tensor."""
    return tuple(x.shape) if hasattr(x, "shape") else np.shape(x)


def size(x: Any) -> int:
    """How many elements x has."""
    return x.size if isinstance(x, Tensor) else int(np.size(x))


def _data(x: Any) -> Any:
    return x.data if isinstance(x, Tensor) else as_array(x)


def _like(x: Any, y: Any) -> Any:
    return Tensor(as_array(y)) if isinstance(x, Tensor) else y
