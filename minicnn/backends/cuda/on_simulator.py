"""Backend `cuda-sim`: the kernels on the software GPU."""

from __future__ import annotations

import gc
import math
import os
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from minicnn.backends.contract import Backend
from minicnn.backends.cuda.border import contract_on
from minicnn.backends.cuda.device import DeviceArray, Dims, host_array
from minicnn.backends.cuda.memory import held, limit_of, out_of_memory, told
from minicnn.backends.cuda.twins import run_on_simulator, twin_for
from minicnn.errors import BackendError
from minicnn.kernels.cuda import source
from minicnn.kernels.softgpu import LaunchError


class SimulatedDevice:
    """The software GPU. Raises BackendError where it cannot run.

    mode: "fast", or "check", which watches every access for races and bounds, and takes far longer. memory: how much
    it may take, see `memory.limit_of`; all software GPUs of a process share one memory.
    """

    name = "cuda-sim"
    matmul = None  # a library's product would be no kernel that can be watched

    def __init__(self, mode: str = "fast", memory: int | float | str | None = None) -> None:
        from minicnn.kernels import softgpu

        self._softgpu = softgpu
        self._mode = mode
        self._limit = limit_of(memory).bytes_of(_main_memory())
        try:
            self._module("sums", "float32")  # what cannot be compiled, cannot be compiled here
        except softgpu.CompilerMissing as error:
            raise BackendError(str(error)) from None

    def empty(self, shape: tuple[int, ...], dtype: Any) -> DeviceArray:
        """Of NaN, where it is floats: what is read before it is written shows."""
        self._make_room(shape, np.dtype(dtype))
        return self._softgpu.empty(shape, dtype)

    def to_device(self, array: np.ndarray) -> DeviceArray:
        """A copy that no NumPy function takes by accident."""
        array = host_array(array)
        self._make_room(array.shape, array.dtype)
        return self._softgpu.to_device(array)

    def to_host(self, array: DeviceArray) -> np.ndarray:
        """A copy."""
        if not isinstance(array, self._softgpu.DeviceArray):
            raise LaunchError(f"to_host copies an array of {self.name}, got {type(array).__name__}")
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

    def synchronize(self) -> None:
        """Nothing is ever under way."""

    def seconds(self, work: Callable[[], object]) -> float:
        """Of this CPU's time. It says nothing about any GPU's."""
        start = time.perf_counter()
        work()
        return time.perf_counter() - start

    def describe(self) -> str:
        """What it is, and its limit."""
        may = "" if self._limit is None else f", at most {told(self._limit)}"
        return f"software GPU on this CPU{may}"

    def _make_room(self, shape: tuple[int, ...], dtype: np.dtype) -> None:
        """Raises OutOfMemoryError where an array of that shape would pass the limit."""
        limit, needed = self._limit, math.prod(shape) * dtype.itemsize
        if limit is None or self._in_use() + needed <= limit:
            return
        gc.collect()  # what only a circle of references holds is free
        if self._in_use() + needed > limit:
            arrays = held(self._softgpu.DeviceArray, lambda a: id(a._allocation))
            raise out_of_memory(self.name, needed, f", {dtype}{shape}", self._in_use(), limit, _main_memory(), arrays)

    def _in_use(self) -> int:
        return sum(nbytes for _, nbytes in self._softgpu.memory.allocations())

    def _module(self, family: str, real: str) -> Any:
        return self._softgpu.compile(source(family, real), name=f"{family}.cu", mode=self._mode)


def load() -> Backend:
    """The backend. Raises BackendError, saying why, where there is no g++."""
    return contract_on(SimulatedDevice(), "cuda-sim")


def _main_memory() -> int:
    """Bytes of this machine."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
