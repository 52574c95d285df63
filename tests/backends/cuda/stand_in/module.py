"""The module itself: `import cupy` within `installed(...)`."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from minicnn.kernels import softgpu
from tests.backends.cuda.stand_in import memory, streams
from tests.backends.cuda.stand_in.array import ndarray

MEMORY = 8 * 10**9


class CUDARuntimeError(RuntimeError):
    pass


class Machine:
    """What a process knows of its GPUs: the current device, each one's current stream, and the policy of copies."""

    def __init__(self, devices: int, early: bool) -> None:
        self.devices = devices
        self.early = early
        self.current = 0
        self.streams: dict[int, Any] = {}
        self.launches: list[str] = []
        self.waits: list[tuple[int, ...]] = []  # for arrays of these shapes, which went to main memory
        self.allocator: Any = None

    def stream(self) -> Any:
        return self.streams[self.current]

    def set_allocator(self, allocator: Callable[[int], Any]) -> None:
        self.allocator = allocator

    def enqueued_a_copy(self, stream: Any) -> None:
        if self.early:
            stream.synchronize()


class Device:
    """A context in which it is the current one."""

    def __init__(self, machine: Machine, device: int) -> None:
        assert 0 <= device < machine.devices
        self.id = device
        self.mem_info = MEMORY // 2, MEMORY
        self._machine = machine
        self._before: list[int] = []

    def use(self) -> Device:
        self._machine.current = self.id
        return self

    def __enter__(self) -> Device:
        self._before.append(self._machine.current)
        self._machine.current = self.id
        return self

    def __exit__(self, *_: object) -> None:
        self._machine.current = self._before.pop()


class RawModule:
    """Kernels of a text, compiled when one of them is asked for."""

    def __init__(self, machine: Machine, *, code: str, options: tuple[str, ...] = ()) -> None:
        assert options == ("-std=c++17",)
        self._machine, self._code = machine, code

    def get_function(self, name: str) -> Callable[..., None]:
        named = re.search(r'#line 1 "(\w+\.cu)"', self._code)
        kernel = softgpu.compile(self._code, name=named[1] if named else "kernel.cu").kernel(name)

        def launch(grid: tuple[int, ...], block: tuple[int, ...], args: tuple[Any, ...]) -> None:
            stream = self._machine.stream()
            assert stream.device_id == self._machine.current
            values = [_passed(arg, stream.device_id) for arg in args]
            self._machine.launches.append(name)
            stream.add(lambda: kernel(grid, block, values))

        return launch


def _passed(arg: Any, device_id: int) -> Any:
    if isinstance(arg, ndarray):
        assert arg.data.device_id == device_id, "cudaErrorIllegalAddress"
        return arg.simulated
    return None if isinstance(arg, np.uintp) and not arg else arg


def _asnumpy(array: ndarray, stream: Any) -> np.ndarray:
    stream.machine.waits.append(array.shape)
    stream.synchronize()
    return array.simulated.to_host()


def _gemm(machine: Machine, transa: str, transb: str, a: ndarray, b: ndarray, out: ndarray) -> ndarray:
    assert a.dtype == b.dtype == out.dtype
    left, right, result = (array.simulated for array in (a, b, out))
    machine.launches.append("gemm")

    def compute() -> None:
        x, y = left.to_host(), right.to_host()
        result.set((x.T if transa == "T" else x) @ (y.T if transb == "T" else y))

    machine.stream().add(compute)
    return out


def stand_in(
    devices: int | Exception = 1,
    driver: int = 13000,
    built: int = 12090,
    nvrtc: Exception | None = None,
    early: bool = False,
) -> Any:
    """A module like `cupy` of a machine with so many devices, a driver for one CUDA and a CuPy built for another.

    devices: an error is what asking for their number raises. nvrtc: what looking for the compiler raises. early:
    copies overtake what they need not wait for. `launches` lists the kernels that were launched.
    """
    machine = Machine(devices if isinstance(devices, int) else 0, early)

    def count() -> int:
        if isinstance(devices, Exception):
            raise devices
        return devices

    def version() -> tuple[int, int]:
        if nvrtc is not None:
            raise nvrtc
        return built // 1000, built % 1000 // 10

    module: Any = ModuleType("cupy")
    module.__version__ = "14.2.0"
    module.launches = machine.launches
    module.ndarray = ndarray
    module.machine = machine
    module.asnumpy = _asnumpy
    module.RawModule = partial(RawModule, machine)
    module.cuda = SimpleNamespace(
        Device=partial(Device, machine),
        Event=streams.Event,
        MemoryPool=partial(memory.MemoryPool, machine),
        Stream=partial(streams.Stream, machine),
        alloc_pinned_memory=memory.alloc_pinned_memory,
        get_elapsed_time=streams.get_elapsed_time,
        memory=SimpleNamespace(OutOfMemoryError=memory.OutOfMemoryError),
        set_allocator=machine.set_allocator,
        nvrtc=SimpleNamespace(getVersion=version),
        runtime=SimpleNamespace(
            CUDARuntimeError=CUDARuntimeError,
            driverGetVersion=lambda: driver,
            getDeviceCount=count,
            getDeviceProperties=lambda device: {"name": f"stand-in {device}".encode()},
            runtimeGetVersion=lambda: built,
        ),
    )
    module.cublas = ModuleType("cupy.cublas")
    module.cublas.gemm = partial(_gemm, machine)
    return module


@contextmanager
def installed(module: Any) -> Iterator[Any]:
    """Within, `import cupy` gives this module; None: there is no CuPy."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "cupy", module)
        patch.setitem(sys.modules, "cupy.cublas", getattr(module, "cublas", None))
        yield module
