"""Arrays of the stand-in: kernels get them late, and what CuPy computes itself is computed when it is asked for.

That is by way of the software GPU's arrays, which compute as CuPy's do. It waits for the current stream and for no
other, so that work in another one is missed, as on a GPU.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from minicnn.kernels import softgpu
from minicnn.kernels.softgpu.array import _METHODS
from tests.backends.cuda.stand_in.memory import MemoryPointer


class ndarray(NDArrayOperatorsMixin):
    """A place in memory with a shape, a dtype and strides."""

    def __init__(self, shape: Any, dtype: Any = float, memptr: MemoryPointer | None = None) -> None:
        assert memptr is not None, "memory is taken from minicnn's own pool"
        block = memptr.mem.block if memptr.mem.block is not None else softgpu.empty((0,), np.uint8)
        dtype = np.dtype(dtype)
        stretch = block[memptr.offset : memptr.offset + int(np.prod(shape)) * dtype.itemsize]
        view = stretch._view.view(dtype).reshape(tuple(shape))
        self._set(memptr, softgpu.DeviceArray(block._allocation, view), None)

    def _set(self, data: MemoryPointer, simulated: softgpu.DeviceArray, base: ndarray | None) -> ndarray:
        """simulated: the same numbers as the software GPU has them; it keeps the block from nobody."""
        self.data, self.simulated, self.base = data, simulated, base
        return self

    def __getattr__(self, name: str) -> Any:
        if name in ("shape", "dtype", "ndim", "size", "nbytes", "flags"):
            return getattr(self.simulated, name)
        raise AttributeError(f"CuPy's arrays may have {name!r}, but minicnn has not asked for it so far")

    def __len__(self) -> int:
        return len(self.simulated)

    def __getitem__(self, index: Any) -> ndarray:
        return self._wrapped(self._settled()[_bare(index)])

    def __setitem__(self, index: Any, value: Any) -> None:
        assert not isinstance(value, np.ndarray), "CuPy copies from main memory without being asked; minicnn asks"
        self._settled()[_bare(index)] = _bare(value)

    @property
    def T(self) -> ndarray:
        return self._wrapped(self.simulated.T)

    def get(self) -> np.ndarray:
        self.data.mem.pool.machine.waits.append(self.shape)
        return self._settled().get()

    def item(self) -> Any:
        return self.get().item()

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __bool__(self) -> bool:
        return bool(self.item())

    def __deepcopy__(self, memo: Any) -> ndarray:
        return self.copy()

    def __array__(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError("Implicit conversion to a NumPy array is not allowed.")

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        self._settled()
        out = options.get("out", (None,))[0]
        result = getattr(ufunc, method)(*_bare(inputs), **{key: _bare(a) for key, a in options.items()})
        return self._wrapped(result) if out is None else out

    def __array_function__(self, function: Any, types: Any, given: tuple[Any, ...], options: dict[str, Any]) -> Any:
        self._settled()
        if function.__name__ == "asarray":
            return self._wrapped(softgpu.to_device(function(*given, **options)))
        return self._wrapped(function(*_bare(given), **{key: _bare(a) for key, a in options.items()}))

    def _settled(self) -> softgpu.DeviceArray:
        """After all that the current stream has to do."""
        self.data.mem.pool.machine.stream().synchronize()
        return self.simulated

    def _wrapped(self, result: Any) -> Any:
        """A view of this array as such; what is new in memory of CuPy's allocator."""
        if isinstance(result, tuple):
            return tuple(map(self._wrapped, result))
        if not isinstance(result, softgpu.DeviceArray):
            return result
        if result._allocation is self.simulated._allocation:
            moved = result.address - self.simulated.address
            return ndarray.__new__(ndarray)._set(self.data + moved, result, self if self.base is None else self.base)
        new = ndarray(result.shape, result.dtype, self.data.mem.pool.machine.allocator(result.nbytes))
        new.simulated[...] = result
        return new


ndarray.__module__ = "cupy"  # by which minicnn tells whose an array is


def _bare(given: Any) -> Any:
    """The software GPU's arrays under the stand-in's, also in lists and tuples."""
    if isinstance(given, ndarray):
        return given.simulated
    if isinstance(given, list | tuple):
        return type(given)(map(_bare, given))
    return given


def _computed(name: str) -> Callable[..., Any]:
    def method(self: ndarray, *given: Any, **options: Any) -> Any:
        return self._wrapped(getattr(self._settled(), name)(*_bare(given), **options))

    return method


for _name in _METHODS:
    setattr(ndarray, _name, _computed(_name))
