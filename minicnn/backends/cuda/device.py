"""What a device does for the backend: memory, copies, launches. Two implementations.

`on_cupy` is a GPU through CuPy; `on_simulator` is `minicnn.kernels.softgpu`, which runs the same kernels on the CPU.
The rest of the backend cannot tell them apart, so what is executed without a GPU is what a GPU executes.
"""

from __future__ import annotations

import math
from typing import Any, Protocol, TypeAlias

import numpy as np

from minicnn.kernels.recording import performed

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


def launch(device: Device, family: str, kernel: str, real: np.dtype, grid: Dims, block: Dims, *arguments: Any) -> None:
    """Launches, with Python's numbers as kernels call them: an int is an `int`, a float a `Real`.

    Other types are given as NumPy's, np.int64(n) for a `long long`. A grid with nothing in it is not launched: CUDA
    would refuse it, and there is nothing to do. Where a computation is being recorded, the launch is noted.
    """
    if math.prod(grid):
        performed(device.run, family, kernel, real, grid, block, tuple(_typed(a, real) for a in arguments))


def for_each(device: Device, family: str, kernel: str, real: np.dtype, n: int, *arguments: Any) -> None:
    """Launches one thread for each of `n` numbers; n itself is the kernel's last argument."""
    launch(device, family, kernel, real, (-(-n // BLOCK),), (BLOCK,), *arguments, np.int64(n))


def _typed(argument: Any, real: np.dtype) -> Any:
    if isinstance(argument, bool | int):
        return np.int32(argument)
    return real.type(argument) if isinstance(argument, float) else argument
