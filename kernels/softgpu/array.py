"""Arrays in device memory, stand-ins for CuPy's: NumPy's functions compute on them, and mix them with no other arrays.

On a GPU an array lies where NumPy cannot reach it. These could be reached, and refuse: code that forgets a transfer
fails here as it would fail there. What CuPy computes with kernels of its own (arithmetic, sums, indexing, ...) is
computed by NumPy here, by way of the same two protocols, `__array_ufunc__` and `__array_function__`, so that code
written for any array library runs on both. Kernels of ours take arrays that are contiguous.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NoReturn

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from minicnn.kernels.softgpu.memory import Allocation, note_transfer

_FUNCTIONS = (
    *("argmax", "argsort", "asarray", "broadcast_to", "clip", "concatenate", "copyto", "einsum", "empty_like"),
    *("expand_dims", "eye", "full_like", "max", "may_share_memory", "mean", "min", "ndim", "ones_like", "pad"),
    *("put_along_axis", "repeat", "reshape", "shape", "stack", "sum", "swapaxes", "take", "take_along_axis"),
    *("transpose", "where", "zeros_like"),
)
"""NumPy's functions, beside its ufuncs, that device arrays answer for: CuPy has them all. `asarray` and `eye` make
arrays where `like=` says (NEP 35)."""

_METHODS = (
    *("all", "any", "argmax", "argsort", "astype", "clip", "copy", "max", "mean", "min", "ravel", "reshape"),
    *("squeeze", "sum", "swapaxes", "take", "transpose"),
)


class DeviceArray(NDArrayOperatorsMixin):
    """An array in device memory, contiguous or a view by strides. Made by `empty` and `to_device`.

    `get()`, or `to_host()`, copies to main memory; so do `item()`, `float()`, `int()` and `bool()` of a single number,
    as CuPy's do: each of them waits for the device.
    """

    __slots__ = ("__weakref__", "_allocation", "_view")

    def __init__(self, allocation: Allocation, view: np.ndarray) -> None:
        self._allocation = allocation
        self._view = view

    @property
    def address(self) -> int:
        """Of the first element."""
        return self._view.__array_interface__["data"][0] if self._view.size else self._allocation.address

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of each axis."""
        return self._view.shape

    @property
    def dtype(self) -> np.dtype:
        """The element type."""
        return self._view.dtype

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self._view.ndim

    @property
    def size(self) -> int:
        """The number of elements."""
        return self._view.size

    @property
    def nbytes(self) -> int:
        """The number of bytes."""
        return self._view.nbytes

    @property
    def flags(self) -> Any:
        """c_contiguous and f_contiguous, among others."""
        return self._view.flags

    @property
    def T(self) -> DeviceArray:
        """The axes in reverse order."""
        return _on_device(self._view.T, [self])

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("a device array without axes has no length")
        return self.shape[0]

    def __iter__(self) -> Iterator[DeviceArray]:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        return f"DeviceArray(shape={self.shape}, dtype={self.dtype})"

    def __getitem__(self, index: Any) -> DeviceArray:
        return _on_device(self._view[_bare(index, host=True)], [self])

    def __setitem__(self, index: Any, value: Any) -> None:
        self._view[_bare(index, host=True)] = _bare(value)

    # To main memory and from it.

    def get(self) -> np.ndarray:
        """A copy, as a NumPy array."""
        note_transfer("host", self.nbytes)
        return self._view.copy()

    to_host = get

    def set(self, values: np.ndarray) -> None:
        """Copies `values` here, of the same shape and dtype. Raises TypeError or ValueError for any other."""
        if not isinstance(values, np.ndarray):
            raise TypeError(f"set takes a NumPy array, got {type(values).__name__}")
        if values.dtype != self.dtype or values.shape != self.shape:
            raise ValueError(f"{values.dtype}{values.shape} does not fit into {self.dtype}{self.shape}")
        note_transfer("device", values.nbytes)
        self._view[...] = values

    def item(self) -> Any:
        """The one number that the array holds, as Python's."""
        return self.get().item()

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __bool__(self) -> bool:
        return bool(self.item())

    def __deepcopy__(self, memo: Any) -> DeviceArray:
        return _on_device(self._view.copy(), [])

    def __array__(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError("a device array is not turned into a NumPy array by itself: copy it with .get()")

    # What CuPy computes.

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        if method != "__call__":
            return NotImplemented  # CuPy's own ways with `at` and `reduceat` are less exact, or differ from run to run
        out = options.pop("out", (None,))[0]
        given = tuple(_bare(a) for a in inputs)
        if out is not None:
            options["out"] = (_bare(out),)
        with np.errstate(all="ignore"):  # a GPU does not warn
            result = ufunc(*given, **options)
        return _on_device(result, inputs) if out is None else out

    def __array_function__(self, function: Any, types: Any, given: tuple[Any, ...], options: dict[str, Any]) -> Any:
        name = function.__name__
        if name == "asarray":  # a copy from main memory
            return to_device(function(*(_bare(a, host=True) for a in given), **options))
        if name not in _FUNCTIONS:
            return NotImplemented
        with np.errstate(all="ignore"):
            result = function(*_bare(given), **{key: _bare(a) for key, a in options.items()})
        return _on_device(result, given)


def empty(shape: int | Sequence[int], dtype: Any) -> DeviceArray:
    """An array whose floats are NaN until somebody writes them."""
    lengths = (shape,) if isinstance(shape, int | np.integer) else tuple(shape)
    lengths = tuple(int(length) for length in lengths)
    dtype = np.dtype(dtype)
    if any(length < 0 for length in lengths) or dtype.hasobject:
        raise ValueError(f"there is no device array of shape {lengths} and dtype {dtype}")
    allocation = Allocation(math.prod(lengths) * dtype.itemsize)
    return DeviceArray(allocation, allocation.bytes.view(dtype).reshape(lengths))


def to_device(array: np.ndarray) -> DeviceArray:
    """A copy of a NumPy array in device memory. Raises TypeError for anything else."""
    if not isinstance(array, np.ndarray | np.generic):
        raise TypeError(f"to_device takes a NumPy array, got {type(array).__name__}")
    copy = empty(array.shape, array.dtype)
    copy.set(np.asarray(array))
    return copy


def _bare(given: Any, host: bool = False) -> Any:
    """The memory under device arrays, also in lists and tuples. host: NumPy's arrays may stand beside them.

    Raises TypeError for other arrays, as CuPy does.
    """
    if isinstance(given, DeviceArray):
        return given._view
    if isinstance(given, list | tuple):
        return type(given)(_bare(a, host) for a in given)
    if isinstance(given, np.ndarray) and not host:
        raise TypeError(
            "a device array does not mix with a NumPy array: copy one of them, to the device or with .get() from it"
        )
    return given


def _on_device(result: Any, inputs: Sequence[Any]) -> Any:
    """What NumPy computed, as a device array: a view if it shares an input's memory, else in memory of its own."""
    if isinstance(result, tuple):
        return tuple(_on_device(a, inputs) for a in result)
    if not isinstance(result, np.ndarray | np.generic):
        return result
    values = np.asarray(result)
    for a in inputs:
        if isinstance(a, DeviceArray) and np.may_share_memory(values, a._allocation.bytes):
            return DeviceArray(a._allocation, values)
    turned = values.flags.f_contiguous and not values.flags.c_contiguous
    copy = empty(values.shape[::-1] if turned else values.shape, values.dtype)
    if turned:  # an array whose operands lie column by column lies so, too
        copy = DeviceArray(copy._allocation, copy._view.T)
    copy._view[...] = values
    return copy


def _computed(name: str) -> Callable[..., Any]:
    """The method of NumPy's arrays of that name, on device memory."""

    def method(self: DeviceArray, *given: Any, **options: Any) -> Any:
        with np.errstate(all="ignore"):
            result = getattr(self._view, name)(*_bare(given), **options)
        return _on_device(result, [self])

    method.__name__, method.__doc__ = name, f"As numpy.ndarray.{name}."
    return method


for _name in _METHODS:
    setattr(DeviceArray, _name, _computed(_name))
