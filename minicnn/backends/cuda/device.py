"""The device: the one module that allocates on it, copies to and from it, and launches kernels. Two implementations.

`CupyDevice` is a GPU through CuPy; `SimulatedDevice` is `minicnn.kernels.softgpu`, which runs the same kernels on the
CPU. The rest of the backend cannot tell them apart, so what is executed without a GPU is what a GPU executes.
"""

from __future__ import annotations

import math
from typing import Any, Protocol, TypeAlias

import numpy as np

from minicnn.errors import BackendError
from minicnn.kernels.cuda import source

DeviceArray: TypeAlias = Any
"""C-contiguous, with shape, dtype, size and reshape: CuPy's, or the software GPU's. Neither mixes with NumPy's."""

Dims: TypeAlias = tuple[int, ...]
BLOCK = 256  # threads, of kernels that take one element each


class Device(Protocol):
    """Memory, transfers and launches."""

    def empty(self, shape: tuple[int, ...], dtype: Any) -> DeviceArray:
        """Memory with nothing in it yet."""

    def to_device(self, array: np.ndarray) -> DeviceArray:
        """A copy on the device, contiguous."""

    def to_host(self, array: DeviceArray) -> np.ndarray:
        """A copy in main memory; waits until all that was launched is done."""

    def address(self, array: DeviceArray) -> int:
        """Of its first byte, on the device."""

    def run(self, family: str, kernel: str, real: np.dtype, grid: Dims, block: Dims, arguments: tuple) -> None:
        """Launches a kernel of `family`.cu, in the form for the dtype `real`."""


class SimulatedDevice:
    """The software GPU. Raises BackendError where it cannot run.

    mode: "fast", or "check", which watches every access for races and bounds, and takes far longer.
    """

    def __init__(self, mode: str = "fast") -> None:
        from minicnn.kernels import softgpu

        self._softgpu = softgpu
        self._mode = mode
        try:
            self._module("sums", "float32")  # what cannot be compiled, cannot be compiled here
        except softgpu.CompilerMissing as error:
            raise BackendError(str(error)) from None

    def empty(self, shape: tuple[int, ...], dtype: Any) -> DeviceArray:
        """Of NaN, where it is floats: what is read before it is written shows."""
        return self._softgpu.empty(shape, dtype)

    def to_device(self, array: np.ndarray) -> DeviceArray:
        """A copy that no NumPy function takes by accident."""
        return self._softgpu.to_device(np.asarray(array, order="C"))

    def to_host(self, array: DeviceArray) -> np.ndarray:
        """A copy."""
        return array.to_host()

    def address(self, array: DeviceArray) -> int:
        """Of its first byte."""
        return array.address

    def run(self, family: str, kernel: str, real: np.dtype, grid: Dims, block: Dims, arguments: tuple) -> None:
        """Runs the kernel to its end."""
        self._module(family, real.name).kernel(kernel)(grid, block, arguments)

    def _module(self, family: str, real: str) -> Any:
        return self._softgpu.compile(source(family, real), name=f"{family}.cu", mode=self._mode)


class CupyDevice:
    """A GPU through CuPy: its memory pool, and a stream of its own. Raises BackendError; says why, without one."""

    def __init__(self) -> None:
        try:
            import cupy
        except ImportError as error:
            raise BackendError(
                f"CuPy is not installed ({error}); install the one for your CUDA, e.g. pip install cupy-cuda13x"
            ) from None
        try:
            devices = cupy.cuda.runtime.getDeviceCount()
        except cupy.cuda.runtime.CUDARuntimeError as error:
            raise BackendError(f"there is no usable CUDA driver: {error}") from None
        if not devices:
            raise BackendError("there is a CUDA driver, but no device")
        self._cupy = cupy
        self._stream = cupy.cuda.Stream(non_blocking=True)
        self._modules: dict[tuple[str, str], Any] = {}

    def empty(self, shape: tuple[int, ...], dtype: Any) -> DeviceArray:
        """From CuPy's pool."""
        with self._stream:
            return self._cupy.empty(shape, dtype)

    def to_device(self, array: np.ndarray) -> DeviceArray:
        """A copy, in the order of the stream."""
        with self._stream:
            return self._cupy.array(array, order="C")

    def to_host(self, array: DeviceArray) -> np.ndarray:
        """A copy; waits for the stream."""
        return self._cupy.asnumpy(array, stream=self._stream)

    def address(self, array: DeviceArray) -> int:
        """Of its first byte, on the device."""
        return array.data.ptr

    def run(self, family: str, kernel: str, real: np.dtype, grid: Dims, block: Dims, arguments: tuple) -> None:
        """Launches and does not wait."""
        given = tuple(np.uintp(0) if a is None else a for a in arguments)
        with self._stream:
            self._module(family, real.name).get_function(kernel)(grid, block, given)

    def _module(self, family: str, real: str) -> Any:
        if (family, real) not in self._modules:
            code = source(family, real)
            self._modules[family, real] = self._cupy.RawModule(code=code, options=("-std=c++17",))
        return self._modules[family, real]


def launch(device: Device, family: str, kernel: str, real: np.dtype, grid: Dims, block: Dims, *arguments: Any) -> None:
    """Launches, with Python's numbers as kernels call them: an int is an `int`, a float a `Real`.

    Other types are given as NumPy's, np.int64(n) for a `long long`. A grid with nothing in it is not launched: CUDA
    would refuse it, and there is nothing to do.
    """
    if math.prod(grid):
        device.run(family, kernel, real, grid, block, tuple(_typed(a, real) for a in arguments))


def for_each(device: Device, family: str, kernel: str, real: np.dtype, n: int, *arguments: Any) -> None:
    """Launches one thread for each of `n` numbers; n itself is the kernel's last argument."""
    launch(device, family, kernel, real, (-(-n // BLOCK),), (BLOCK,), *arguments, np.int64(n))


def _typed(argument: Any, real: np.dtype) -> Any:
    if isinstance(argument, bool | int):
        return np.int32(argument)
    return real.type(argument) if isinstance(argument, float) else argument
