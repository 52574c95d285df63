"""Compiled kernels and their launches. Every mistake that hardware would take in silence is refused here."""

from __future__ import annotations

import ctypes
import re
import subprocess
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from minicnn.kernels.softgpu import abi
from minicnn.kernels.softgpu.errors import KernelError, LaunchError, Place
from minicnn.kernels.softgpu.launching import check_arguments, grid_and_block, is_int
from minicnn.kernels.softgpu.memory import allocations
from minicnn.kernels.softgpu.orders import chosen
from minicnn.kernels.softgpu.signature import Parameter

MODES = ("fast", "check", "prof")  # as in `enum Watch` of runtime/runtime.h
_one_at_a_time = threading.Lock()  # there is one GPU


@dataclass(frozen=True)
class Traffic:
    """What the accesses of one source line would cost a GPU's memory.

    space: "global", moved in sectors of 32 bytes, or "shared", whose 32 banks serve one word each in a cycle. nbytes:
    of one thread's access. requests: of warps. moved: sectors, or cycles; ideal: as few as the same bytes need.
    moved / ideal is 1 for coalesced accesses and for those without bank conflicts.
    """

    line: str
    space: str
    access: str
    nbytes: int
    requests: int
    moved: int
    ideal: int


def by_line(rows: Sequence[Traffic]) -> list[Traffic]:
    """One row for each line, memory and kind of access: what several accesses of a line cost together."""
    totals: dict[tuple[str, str, str, int], Traffic] = {}
    for row in rows:
        key = row.line, row.space, row.access, row.nbytes
        before = totals.get(key)
        if before is None:
            totals[key] = row
            continue
        counts = {name: getattr(before, name) + getattr(row, name) for name in ("requests", "moved", "ideal")}
        totals[key] = replace(before, **counts)
    return list(totals.values())


class Module:
    """The kernels of one source. name: of the source, for messages; mode: one of MODES."""

    def __init__(self, name: str, mode: str, library: Path, kernels: dict[str, tuple[Parameter, ...]]) -> None:
        self.name = name
        self.mode = mode
        self.kernels = kernels
        self._path = library
        self._library = ctypes.CDLL(str(library))
        self._library.softgpu_dynamic.restype = ctypes.c_void_p

    def kernel(self, name: str) -> Kernel:
        """One of them. Raises LaunchError, listing what there is, for an unknown name."""
        if name not in self.kernels:
            raise LaunchError(f"{self.name} has no kernel {name!r:.80}; it has {', '.join(self.kernels)}")
        return Kernel(self, name, self.kernels[name])

    def traffic(self) -> list[Traffic]:
        """What the last launch of mode "prof" counted, by source line. Empty in the other modes."""
        rows = abi.profile_of(self._library) if self.mode == "prof" else []
        found = [
            Traffic(
                line=self.line(row.where),
                space="shared" if row.shared else "global",
                access=("read", "write", "atomic")[row.kind],
                nbytes=row.bytes,
                requests=row.requests,
                moved=row.moved,
                ideal=row.ideal,
            )
            for row in rows
        ]
        return sorted(found, key=lambda traffic: int(traffic.line.rpartition(":")[2] or 0))

    @cached_property
    def shared_bytes(self) -> int:
        """How much `__shared__` memory all kernels of the source declare together, the dynamic one left out."""
        command = ["readelf", "--symbols", "--wide", str(self._path)]
        symbols = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        found = re.findall(
            r"^ *\d+: \w+ +(\d+) TLS +LOCAL", symbols, re.MULTILINE
        )  # thread_local to g++, as all of it is
        return sum(map(int, found))

    def line(self, place: int) -> str:
        """The "file:line" of a place in the library; "" if nobody knows."""
        if not place:
            return ""
        # The instruction before: a place is where a call returns to. -i: what was inlined, the innermost first.
        command = ["addr2line", "-i", "-e", str(self._path), hex(place - 1)]
        try:
            lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\n")
        except (OSError, subprocess.CalledProcessError):
            return ""
        found = [Path(line.split(" ")[0]).name for line in lines if re.search(r":\d", line)]
        own = [line for line in found if not line.startswith(("cuda.h:", "cuda_"))]  # not in what stands for CUDA
        return (own or found or [""])[0]


class Kernel:
    """A kernel: `kernel(grid, block, args, shared_bytes=0)` runs it, and comes back when it has ended."""

    def __init__(self, module: Module, name: str, parameters: tuple[Parameter, ...]) -> None:
        self.module = module
        self.name = name
        self.parameters = parameters

    @cached_property
    def _entry(self) -> int:
        return ctypes.cast(getattr(self.module._library, f"softgpu_call_{self.name}"), ctypes.c_void_p).value or 0

    def __call__(self, grid: Sequence[int], block: Sequence[int], args: Sequence[Any], shared_bytes: int = 0) -> None:
        """Runs grid x block threads.

        grid, block: 1 to 3 ints, x first. args: for a pointer a device array of its dtype, or None; for a number a
        NumPy scalar of exactly the parameter's type. shared_bytes: of the `extern __shared__` array. Raises
        LaunchError before anything runs, and KernelError for what the threads do wrong.
        """
        sizes = grid_and_block(self.name, grid, block)
        library = self.module._library
        capacity = ctypes.c_size_t.in_dll(library, "softgpu_dynamic_capacity").value
        if not is_int(shared_bytes) or not 0 <= shared_bytes <= capacity:
            raise LaunchError(f"{self.name}: shared_bytes must be 0 to {capacity}, got {shared_bytes!r:.80}")
        check_arguments(self.name, self.parameters, args, _address_of)
        passed = zip(self.parameters, args, strict=True)
        values = [word for parameter, arg in passed for word in _words(parameter, arg)]
        addresses = (ctypes.c_void_p * max(1, len(values)))(*[ctypes.addressof(value) for value in values])
        with _one_at_a_time:
            regions = self._regions(args)
            order, seed = chosen()
            launch = abi.Launch(
                call=self._entry,
                arguments=ctypes.addressof(addresses),
                grid=sizes[0],
                block=sizes[1],
                dynamic_shared=library.softgpu_dynamic(),
                dynamic_bytes=shared_bytes,
                dynamic_capacity=capacity,
                order=order,
                seed=seed,
                watch=MODES.index(self.module.mode),
                regions=ctypes.addressof(regions),
                region_count=len(regions),
            )
            if library.softgpu_launch(ctypes.byref(launch)):
                self._raise()

    def _regions(self, args: Sequence[Any]) -> ctypes.Array[abi.Region]:
        """What the kernel may touch: its arguments. Behind tables of addresses any allocation may stand."""
        found = [
            abi.Region(arg.address, arg.nbytes, arg.dtype.itemsize, parameter.name.encode())
            for parameter, arg in zip(self.parameters, args, strict=True)
            if parameter.is_pointer and arg is not None
        ]
        if any(parameter.to_pointers for parameter in self.parameters):
            found += [abi.Region(address, nbytes, 1, b"some other array") for address, nbytes in allocations()]
        return (abi.Region * len(found))(*found)

    def _raise(self) -> None:
        fault = abi.fault_of(self.module._library)
        line = self.module.line(fault.where)
        place = Place(self.name, tuple(fault.block), tuple(fault.thread), line)
        other = self.module.line(fault.other_where)
        what = fault.message.decode(errors="replace") + (f" (the other access: {other})" if other else "")
        raise abi.ERRORS.get(fault.kind, KernelError)(place, what)


def _address_of(arg: Any) -> int | None:
    """Of an array in device memory. NumPy's lie where no device reaches, and have no such thing."""
    if isinstance(arg, np.ndarray | np.generic) or not all(hasattr(arg, a) for a in ("address", "dtype", "flags")):
        return None
    return int(arg.address)


def _words(parameter: Parameter, arg: Any) -> list[ctypes.Array[ctypes.c_char]]:
    """What is passed, one value after another: a number, an address, or all that Numba describes an array by."""
    if not parameter.is_pointer:
        return [ctypes.create_string_buffer(arg.tobytes(), arg.nbytes)]
    words = [0 if arg is None else int(arg.address)]
    if parameter.described:  # owner, parent, length, bytes of a number, address, shape, strides
        size, nbytes = (0 if arg is None else arg.size), parameter.dtype.itemsize if parameter.dtype else 1
        words = [0, 0, size, nbytes, *words, size, nbytes]
    return [ctypes.create_string_buffer(word.to_bytes(8, "little"), 8) for word in words]
