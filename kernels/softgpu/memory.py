"""Device memory: arrays that kernels work on, and that do not mix with NumPy's unasked.

On a GPU an array lies where NumPy cannot reach it. These could be reached, and refuse: code that forgets a transfer
fails here as it would fail there.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

import numpy as np

ALIGNMENT = 256  # bytes; what cudaMalloc promises
_GUARD = 256  # bytes on either side that belong to nobody, so that no access is "in the next array by chance"
_POISON = 0xFF  # fresh memory is NaN, as floats

_live: weakref.WeakSet[_Allocation] = weakref.WeakSet()


class _Allocation:
    """A stretch of device memory; freed when the last array over it is gone."""

    def __init__(self, nbytes: int) -> None:
        self.nbytes = nbytes
        self._block = np.full(nbytes + 2 * _GUARD + ALIGNMENT, _POISON, np.uint8)
        first = self._block.ctypes.data + _GUARD
        self.address = -(-first // ALIGNMENT) * ALIGNMENT
        start = self.address - self._block.ctypes.data
        self.bytes = self._block[start : start + nbytes]
        _live.add(self)


def allocations() -> Iterator[tuple[int, int]]:
    """Address and number of bytes of all device memory in use."""
    return ((allocation.address, allocation.nbytes) for allocation in list(_live))


class DeviceArray:
    """A C-contiguous array in device memory. Made by `empty` and `to_device`.

    Of arithmetic it knows nothing: kernels do that. Slicing the first axis, by 1, and `reshape` give views.
    """

    __array_ufunc__ = None  # NumPy's operators leave us to Python, which finds nothing and raises TypeError
    __iter__ = None

    def __init__(self, allocation: _Allocation, offset: int, shape: tuple[int, ...], dtype: np.dtype) -> None:
        self._allocation = allocation
        self._offset = offset
        self.shape = shape
        self.dtype = dtype

    @property
    def address(self) -> int:
        """Of the first element."""
        return self._allocation.address + self._offset

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """The number of bytes."""
        return self.size * self.dtype.itemsize

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("a device array without axes has no length")
        return self.shape[0]

    def __repr__(self) -> str:
        return f"DeviceArray(shape={self.shape}, dtype={self.dtype})"

    def reshape(self, *shape: Any) -> DeviceArray:
        """The same memory under another shape, one length of which may be -1. Raises ValueError if it does not fit."""
        return DeviceArray(self._allocation, self._offset, self._host_view().reshape(*shape).shape, self.dtype)

    def __getitem__(self, rows: slice) -> DeviceArray:
        if not isinstance(rows, slice) or rows.step not in (None, 1) or not self.shape:
            raise TypeError(f"a device array is sliced along its first axis, by steps of 1; got [{rows!r:.80}]")
        start, stop, _ = rows.indices(self.shape[0])
        row = math.prod(self.shape[1:]) * self.dtype.itemsize
        shape = (max(0, stop - start), *self.shape[1:])
        return DeviceArray(self._allocation, self._offset + start * row, shape, self.dtype)

    def to_host(self) -> np.ndarray:
        """A copy, as a NumPy array."""
        return self._host_view().copy()

    def set(self, values: np.ndarray) -> None:
        """Copies `values` here, of the same shape and dtype. Raises TypeError or ValueError for any other."""
        if not isinstance(values, np.ndarray):
            raise TypeError(f"set takes a NumPy array, got {type(values).__name__}")
        if values.dtype != self.dtype or values.shape != self.shape:
            raise ValueError(f"{values.dtype}{values.shape} does not fit into {self.dtype}{self.shape}")
        self._host_view()[...] = values

    def _host_view(self) -> np.ndarray:
        stretch = self._allocation.bytes[self._offset : self._offset + self.nbytes]
        return stretch.view(self.dtype).reshape(self.shape)

    def __array__(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError("a device array is not turned into a NumPy array by itself: copy it with .to_host()")

    def __bool__(self) -> NoReturn:
        raise TypeError("a device array has no truth value: its numbers are not on the host")


def empty(shape: int | Sequence[int], dtype: Any) -> DeviceArray:
    """An array whose floats are NaN until somebody writes them."""
    lengths = (shape,) if isinstance(shape, int | np.integer) else tuple(shape)
    lengths = tuple(int(length) for length in lengths)
    dtype = np.dtype(dtype)
    if any(length < 0 for length in lengths) or dtype.hasobject:
        raise ValueError(f"there is no device array of shape {lengths} and dtype {dtype}")
    return DeviceArray(_Allocation(math.prod(lengths) * dtype.itemsize), 0, lengths, dtype)


def to_device(array: np.ndarray) -> DeviceArray:
    """A copy of a NumPy array in device memory. Raises TypeError for anything else."""
    if not isinstance(array, np.ndarray | np.generic):
        raise TypeError(f"to_device takes a NumPy array, got {type(array).__name__}")
    copy = empty(array.shape, array.dtype)
    copy.set(np.asarray(array))
    return copy
