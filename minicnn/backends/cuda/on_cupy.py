"""Backend `cuda`: the kernels on a GPU, through CuPy."""

from __future__ import annotations

from typing import Any

import numpy as np

from minicnn.backends.contract import Backend
from minicnn.backends.cuda.border import contract_on
from minicnn.backends.cuda.device import DeviceArray, Dims
from minicnn.backends.cuda.twins import launch_on_gpu, twin_for
from minicnn.errors import BackendError
from minicnn.kernels.cuda import source


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
        """Launches the kernel, or its twin in Numba, and does not wait."""
        if twin := twin_for(family, kernel):
            launch_on_gpu(twin, arguments, self._stream, self.empty((0,), real))
            return
        given = tuple(np.uintp(0) if a is None else a for a in arguments)
        with self._stream:
            self._module(family, real.name).get_function(kernel)(grid, block, given)

    def _module(self, family: str, real: str) -> Any:
        if (family, real) not in self._modules:
            code = source(family, real)
            self._modules[family, real] = self._cupy.RawModule(code=code, options=("-std=c++17",))
        return self._modules[family, real]


def load() -> Backend:
    """The backend. Raises BackendError, saying why, where CuPy, the driver or a device is missing."""
    return contract_on(CupyDevice(), "cuda")
