"""Backend `cuda-sim`: the kernels on the software GPU."""

from __future__ import annotations

from typing import Any

import numpy as np

from minicnn.backends.contract import Backend
from minicnn.backends.cuda.border import contract_on
from minicnn.backends.cuda.device import DeviceArray, Dims
from minicnn.backends.cuda.twins import run_on_simulator, twin_for
from minicnn.errors import BackendError
from minicnn.kernels.cuda import source


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
        """Runs the kernel, or its twin in Numba, to its end."""
        if twin := twin_for(family, kernel):
            run_on_simulator(twin, family, real, arguments, self._mode)
        else:
            self._module(family, real.name).kernel(kernel)(grid, block, arguments)

    def _module(self, family: str, real: str) -> Any:
        return self._softgpu.compile(source(family, real), name=f"{family}.cu", mode=self._mode)


def load() -> Backend:
    """The backend. Raises BackendError, saying why, where there is no g++."""
    return contract_on(SimulatedDevice(), "cuda-sim")
