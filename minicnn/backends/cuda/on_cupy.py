"""Backend `cuda`: the kernels on a GPU. Every call of CuPy that minicnn makes is in this file.

A device has two streams of its own, which wait for nobody else's. Kernels run one after another in the first, so that
they need no waiting among themselves; who calls a device gets this stream as CuPy's current one, so that CuPy's own
functions, which compute what has no kernel here, stand in the same row and take memory from the same pool. Arrays from
main memory come in through the second stream, while the first computes:

    array --memcpy--> a slot of pinned memory --DMA, second stream--> device --event--> kernels, first stream

Only pinned memory, which the operating system never moves, can be copied from while the CPU goes on. There are a few
slots, taken in turn; the CPU waits for one only when all are still being read. Nothing else waits, save `to_host` and
`synchronize`. Source: CUDA C++ Programming Guide, "Asynchronous Concurrent Execution".

Memory that an input leaves is taken by later inputs. Kernels that read it may be launched and not done when it is left,
so an event is recorded then in their stream, and copies wait for it. All other arrays are used in the first stream
alone, where the order of launches suffices.

Compiled kernels are kept by CuPy from one process to the next, see `kernel_folder`.
"""

from __future__ import annotations

import math
import os
import threading
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from minicnn.backends.contract import Backend
from minicnn.backends.cuda.border import contract_on
from minicnn.backends.cuda.dense import CUBLAS, CUDA_C, GEMM, chosen_gemm
from minicnn.backends.cuda.device import DeviceArray, Dims, Matmul, check_product, host_array
from minicnn.backends.cuda.memory import Limit, held, limit_of, out_of_memory, told
from minicnn.backends.cuda.twins import launch_on_gpu, twin_for
from minicnn.errors import BackendError
from minicnn.kernels.cuda import source
from minicnn.kernels.softgpu.errors import LaunchError
from minicnn.kernels.softgpu.launching import check_arguments, grid_and_block
from minicnn.kernels.softgpu.signature import Parameter, kernels

SLOTS = 4
SLOT_BYTES = 4 * 2**20
"""Long enough to copy at full speed, short enough that a large array's first part is on its way while the CPU is still
at its second."""

INSTALL = "pip install 'minicnn[cuda12]' or 'minicnn[cuda13]', by the CUDA of your driver (nvidia-smi says which)"


class _Slot(NamedTuple):
    """Pinned memory, and an event: done when it has been read."""

    bytes: np.ndarray
    read: Any


class _Compiled(NamedTuple):
    """A kernel, and what it takes."""

    function: Any
    parameters: Sequence[Parameter]


class CupyDevice:
    """A GPU through CuPy. Raises BackendError, saying why, where CuPy, its libraries, the driver or the GPU is missing.

    index: which GPU. memory: how much of it minicnn may take, see `memory.limit_of`.
    """

    def __init__(self, index: int = 0, memory: int | float | str | None = None) -> None:
        cupy = _usable_cupy(index)
        self.name = f"cuda:{index}" if index else "cuda"
        self._cupy = cupy
        self._device = cupy.cuda.Device(index)
        self._compiled: dict[tuple[str, str, str], _Compiled] = {}
        with self._device:
            self._stream, self._copies = (cupy.cuda.Stream(non_blocking=True) for _ in range(2))
            self._copied, self._left = (cupy.cuda.Event(disable_timing=True) for _ in range(2))
            self._slots = [self._slot() for _ in range(SLOTS)]
            self._pool = cupy.cuda.MemoryPool()
            self._limit = self._set_limit(limit_of(memory))
        self._next = 0
        self._sending = threading.Lock()  # slots are taken in turn, by whichever thread
        cupy.cuda.set_allocator(self._taken)
        self.matmul: Matmul | None = self._matmul if chosen_gemm() == CUBLAS else None
        if self.matmul:
            self._gemm = _cublas_gemm()

    def _matmul(self, a: DeviceArray, b: DeviceArray, result: DeviceArray, turned_a: bool, turned_b: bool) -> None:
        """By cuBLAS: float32 with all its digits (TF32 is for those who ask cuBLAS for it), the same bits in every run.

        cuBLAS promises the latter to those who compute in one stream, as we do. Source: cuBLAS documentation,
        "Results Reproducibility".
        """
        if any(self._address_of(array) is None for array in (a, b, result)):
            raise LaunchError(f"matmul takes arrays of {self.name}, got {', '.join(map(_told_array, (a, b, result)))}")
        check_product(a, b, result, turned_a, turned_b)
        self._enter()
        self._gemm("NT"[turned_a], "NT"[turned_b], a, b, out=result)

    def empty(self, shape: tuple[int, ...], dtype: Any) -> DeviceArray:
        """From a pool of its own, in the order of the stream: taking memory waits for nothing."""
        self._enter()
        return self._allocated(tuple(shape), np.dtype(dtype))

    def to_device(self, array: np.ndarray) -> DeviceArray:
        """A copy, which kernels launched from now on find done. See this file's head."""
        array = host_array(array)
        self._enter()
        self._copies.use()  # the pool keeps memory by stream: inputs' is taken by inputs
        try:
            result = self._allocated(array.shape, array.dtype)
        finally:
            self._stream.use()
        weakref.finalize(result, self._left.record, self._stream).atexit = False
        numbers = array.reshape(-1).view(np.uint8)
        with self._sending:
            self._copies.wait_event(self._left)
            for first in range(0, numbers.size, SLOT_BYTES):
                self._send(numbers[first : first + SLOT_BYTES], result.data + first)
            self._copied.record(self._copies)
            self._stream.wait_event(self._copied)
        return result

    def to_host(self, array: DeviceArray) -> np.ndarray:
        """A copy; waits for all kernels before it."""
        if self._address_of(array) is None:
            raise LaunchError(f"to_host copies an array of {self.name}, got {_told_array(array)}")
        return self._cupy.asnumpy(array, stream=self._stream)

    def address(self, array: DeviceArray) -> int:
        """Of its first byte, on the device."""
        return array.data.ptr

    def run(self, family: str, kernel: str, real: np.dtype, grid: Dims, block: Dims, arguments: tuple) -> None:
        """Launches the kernel, after the checks that CuPy leaves out, or its twin in Numba; does not wait."""
        sizes = grid_and_block(kernel, grid, block)
        self._enter()
        if twin := twin_for(family, kernel):
            launch_on_gpu(twin, arguments, self._stream, self.empty((0,), real))
            return
        function, parameters = self._kernel(family, kernel, real.name)
        check_arguments(kernel, parameters, arguments, self._address_of)
        function(*sizes, tuple(np.uintp(0) if a is None else a for a in arguments))

    def synchronize(self) -> None:
        """Waits until all copies and launches are done."""
        self._copies.synchronize()
        self._stream.synchronize()

    def seconds(self, work: Callable[[], object]) -> float:
        """Between two events in the stream, before and after what `work` launches."""
        self._enter()
        start, end = self._cupy.cuda.Event(), self._cupy.cuda.Event()
        start.record(self._stream)
        work()
        end.record(self._stream)
        end.synchronize()
        return self._cupy.cuda.get_elapsed_time(start, end) / 1e3

    def describe(self) -> str:
        """The GPU's name, its memory and the versions of what stands between."""
        runtime = self._cupy.cuda.runtime
        name = runtime.getDeviceProperties(self._device.id)["name"].decode()
        may = "" if self._limit is None else f", minicnn at most {told(self._limit)}"
        cuda = f"CUDA {_version(runtime.runtimeGetVersion())}, driver for {_version(runtime.driverGetVersion())}"
        product = "cuBLAS" if self.matmul else "CUDA C"
        return f"{name}, {told(self._memory())}{may}; {cuda}; CuPy {self._cupy.__version__}; dense layers by {product}"

    def _enter(self) -> None:
        """Makes this GPU and its stream the current ones of the thread that calls, and leaves them so."""
        self._device.use()
        self._stream.use()

    def _allocated(self, shape: tuple[int, ...], dtype: np.dtype) -> DeviceArray:
        memory = self._taken(math.prod(shape) * dtype.itemsize, f", {dtype}{shape}")
        return self._cupy.ndarray(shape, dtype, memptr=memory)

    def _taken(self, size: int, what: str = "") -> Any:
        """Memory from the pool, for the current stream. Raises OutOfMemoryError, which tells what is held."""
        try:
            return self._pool.malloc(size)
        except self._cupy.cuda.memory.OutOfMemoryError:
            arrays = held(self._cupy.ndarray, lambda a: a.data.mem.ptr)
            in_use, total = self._pool.used_bytes(), self._memory()
            raise out_of_memory(self.name, size, what, in_use, self._limit, total, arrays) from None

    def _slot(self) -> _Slot:
        pinned = self._cupy.cuda.alloc_pinned_memory(SLOT_BYTES)
        return _Slot(np.frombuffer(pinned, np.uint8, SLOT_BYTES), self._cupy.cuda.Event(disable_timing=True))

    def _send(self, numbers: np.ndarray, target: Any) -> None:
        """Copies bytes to a place on the device, by way of the next slot."""
        slot = self._slots[self._next]
        self._next = (self._next + 1) % SLOTS
        slot.read.synchronize()
        slot.bytes[: numbers.size] = numbers
        target.copy_from_host_async(slot.bytes.ctypes.data, numbers.size, self._copies)
        slot.read.record(self._copies)

    def _address_of(self, array: Any) -> int | None:
        """Of an array on this GPU."""
        ours = isinstance(array, self._cupy.ndarray) and array.data.device_id == self._device.id
        return array.data.ptr if ours else None

    def _kernel(self, family: str, kernel: str, real: str) -> _Compiled:
        """Compiled when it is first asked for, or loaded from CuPy's folder."""
        key = family, kernel, real
        if key not in self._compiled:
            text = source(family, real)
            module = self._cupy.RawModule(code=text, options=("-std=c++17",))  # CuPy keeps one a text
            found = kernels(text)
            if kernel not in found:
                raise LaunchError(f"{family}.cu has no kernel {kernel!r:.80}; it has {', '.join(found)}")
            self._compiled[key] = _Compiled(module.get_function(kernel), found[kernel])
        return self._compiled[key]

    def _set_limit(self, limit: Limit) -> int | None:
        """Without one of ours CuPy's own holds, CUPY_GPU_MEMORY_LIMIT."""
        if (size := limit.bytes_of(self._memory())) is not None:
            self._pool.set_limit(size=size)
        return self._pool.get_limit() or None

    def _memory(self) -> int:
        """Bytes of the whole device."""
        return self._device.mem_info[1]


def load(index: int = 0) -> Backend:
    """The backend on a GPU. Raises BackendError, saying why, where it cannot run."""
    device = CupyDevice(index)
    return contract_on(device, device.name)


def kernel_folder() -> Path:
    """Where CuPy keeps compiled kernels."""
    return Path(os.environ.get("CUPY_CACHE_DIR") or Path.home() / ".cupy" / "kernel_cache")


def _usable_cupy(index: int) -> Any:
    """The module `cupy`, after a look at all that it needs. Raises BackendError."""
    try:
        import cupy
    except ImportError as error:
        raise BackendError(f"CuPy is not installed ({error}): {INSTALL}") from None
    runtime = cupy.cuda.runtime
    built, driver = runtime.runtimeGetVersion(), runtime.driverGetVersion()
    if not driver:
        raise BackendError("there is no NVIDIA driver: nvidia.com/drivers has it; CuPy brings none")
    if driver // 1000 < built // 1000:
        raise BackendError(
            f"this CuPy is built for CUDA {_version(built)}, and the driver goes up to {_version(driver)}: update the "
            f"driver, or pip uninstall CuPy and {INSTALL}"
        )
    try:
        devices = runtime.getDeviceCount()
    except runtime.CUDARuntimeError as error:
        if "NoDevice" not in str(error):
            raise BackendError(f"the NVIDIA driver does not work: {error}") from None
        devices = 0
    if not devices:
        raise BackendError("there is an NVIDIA driver, but no GPU that it shows (CUDA_VISIBLE_DEVICES hides some)")
    if not 0 <= index < devices:
        one = "is one GPU, cuda:0" if devices == 1 else f"are {devices} GPUs, cuda:0 to cuda:{devices - 1}"
        raise BackendError(f"there is no GPU cuda:{index}: there {one}")
    try:
        cupy.cuda.nvrtc.getVersion()
    except (ImportError, RuntimeError) as error:
        raise BackendError(
            f"NVRTC, which compiles the kernels, cannot be loaded ({_first_line(error)}): {INSTALL}"
        ) from None
    return cupy


def _cublas_gemm() -> Callable[..., Any]:
    """CuPy's door to cuBLAS. Raises BackendError where the library is missing."""
    try:
        from cupy.cublas import gemm
    except (ImportError, RuntimeError) as error:
        raise BackendError(
            f"cuBLAS, which computes dense layers, cannot be loaded ({_first_line(error)}): {INSTALL}; "
            f"or do without it: {GEMM}={CUDA_C}"
        ) from None
    return gemm


def _version(number: int) -> str:
    """12090 -> "12.9"."""
    return f"{number // 1000}.{number % 1000 // 10}"


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0]


def _told_array(array: Any) -> str:
    where = f" of cuda:{array.data.device_id}" if hasattr(array, "data") and hasattr(array.data, "device_id") else ""
    return f"{type(array).__name__}{where}"
