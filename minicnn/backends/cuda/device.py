"""What a device does for the backend: memory, copies, launches. Two implementations.

`on_cupy` is a GPU through CuPy; `on_simulator` is `minicnn.kernels.softgpu`, which runs the same kernels on the CPU.
The rest of the backend cannot tell them apart, so what is executed without a GPU is what a GPU executes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

import numpy as np

from minicnn.kernels.recording import performed
from minicnn.kernels.softgpu import LaunchError

DeviceArray: TypeAlias = Any
"""C-contiguous, with shape, dtype, size and reshape: CuPy's, or the software GPU's. Neither mixes with NumPy's."""

Dims: TypeAlias = tuple[int, ...]
BLOCK = 256  # threads, of kernels that take one element each


Matmul: TypeAlias = Callable[[DeviceArray, DeviceArray, DeviceArray, bool, bool], None]
"""(a, b, result, a turned, b turned): result = op(a) @ op(b), matrices all, op turning one round or not."""


class Device(Protocol):
    """Memory, transfers and launches. Raises OutOfMemoryError where memory does not suffice."""

    @property
    def name(self) -> str:
        """As users call it: "cuda", "cuda:1", "cuda-sim"."""

    @property
    def matmul(self) -> Matmul | None:
        """The product of matrices by a library that is made for this device; None where there is none."""

    def empty(self, shape: tuple[int, ...], dtype: Any) -> DeviceArray:
        """Memory with nothing in it yet."""

    def to_device(self, array: np.ndarray) -> DeviceArray:
        """A contiguous copy on the device. `array` may change as soon as this returns, whether or not it is there."""

    def to_host(self, array: DeviceArray) -> np.ndarray:
        """A copy in main memory; waits until all that was launched is done."""

    def address(self, array: DeviceArray) -> int:
        """Of its first byte, on the device."""

    def run(self, family: str, kernel: str, real: np.dtype, grid: Dims, block: Dims, arguments: tuple) -> None:
        """Launches a kernel of `family`.cu, in the form for the dtype `real`, and does not wait for it.

        arguments: device arrays or None for pointers, NumPy scalars of the parameters' own types. Raises LaunchError
        for anything else.
        """

    def synchronize(self) -> None:
        """Waits until all that was launched is done."""

    def seconds(self, work: Callable[[], object]) -> float:
        """How long the device took over all that `work` launches."""

    def describe(self) -> str:
        """In a line, for people: which device it is, and what it may take."""


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


def host_array(array: Any) -> np.ndarray:
    """What `to_device` was given, C-contiguous. Raises LaunchError for what is no array in main memory."""
    if not isinstance(array, np.ndarray | np.generic):
        raise LaunchError(f"to_device copies a NumPy array, got {type(array).__name__}: is it on a device already?")
    if array.dtype.hasobject:
        raise LaunchError(f"to_device copies numbers, got an array of Python objects, shape {array.shape}")
    return np.asarray(array, order="C")


def check_product(a: DeviceArray, b: DeviceArray, result: DeviceArray, turned_a: bool, turned_b: bool) -> None:
    """Raises LaunchError unless result = op(a) @ op(b) is a product: one dtype, matrices that fit, laid row by row."""
    arrays = a, b, result
    fits = all(len(array.shape) == 2 and array.flags.c_contiguous for array in arrays)
    if fits:
        (rows, depth), (same, columns) = a.shape[:: -1 if turned_a else 1], b.shape[:: -1 if turned_b else 1]
        fits = depth == same and result.shape == (rows, columns) and a.dtype == b.dtype == result.dtype
    if not fits:
        left, right = "a.T" if turned_a else "a", "b.T" if turned_b else "b"
        told = ", ".join(f"{name} {x.dtype}{x.shape}" for name, x in zip(("a", "b", "result"), arrays, strict=True))
        raise LaunchError(f"matmul: result = {left} @ {right} takes C-contiguous matrices of one dtype; got {told}")


def _typed(argument: Any, real: np.dtype) -> Any:
    if isinstance(argument, bool | int):
        return np.int32(argument)
    return real.type(argument) if isinstance(argument, float) else argument
