"""The CUDA kernels with all mutants in them, on the software GPU in check mode, and the switch that turns one on."""

from __future__ import annotations

import ctypes
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

from minicnn.backends.cuda.border import contract_on
from minicnn.backends.cuda.on_simulator import SimulatedDevice
from minicnn.kernels import cuda, softgpu
from tests.mutations.cuda.sites import Site, render, sites

_SWITCH = """extern "C" { int mutant; }
SOFTGPU_UNCHECKED __attribute__((noinline)) static bool planted(int number) { return mutant == number; }
"""


class Mutant(NamedTuple):
    """One bug. number: what switches it on, from 1; line: of the file, as it is.

    name: file, function and what is wrong, and a (2) where that is so for a second time. It stays when lines move.
    """

    number: int
    name: str
    file: str
    line: int
    site: Site


def _texts() -> dict[str, str]:
    files = sorted([*cuda.FOLDER.glob("*.cu"), *cuda.FOLDER.glob("*.cuh")])
    return {file.name: file.read_text(encoding="utf-8") for file in files}


@cache
def mutants() -> tuple[Mutant, ...]:
    """All that there are, file by file."""
    found: list[Mutant] = []
    times = Counter[str]()
    for file, text in _texts().items():
        for site in sites(text):
            name = f"{file} {site.function}: {site.what}"
            times[name] += 1
            name += f" ({times[name]})" if times[name] > 1 else ""
            found.append(Mutant(len(found) + 1, name, file, 1 + text[: site.start].count("\n"), site))
    return tuple(found)


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    """A copy of kernels/cuda in which everything is planted, and nothing switched on."""
    folder = tempfile.TemporaryDirectory(prefix="minicnn-mutants-")
    for file, text in _texts().items():
        own = [(mutant.number, mutant.site) for mutant in mutants() if mutant.file == file]
        Path(folder.name, file).write_text(render(text, own), encoding="utf-8")
    return folder


@cache
def _module(family: str, real: str) -> softgpu.Module:
    with patch.object(cuda, "FOLDER", Path(_folder().name)):
        text = cuda.source.__wrapped__(family, real)
    return softgpu.compile(_SWITCH + text, name=f"{family}.cu", mode="check")


class PlantedDevice(SimulatedDevice):
    """The software GPU with the planted kernels."""

    on = 0  # the mutant that is switched on

    def __init__(self) -> None:
        super().__init__("check")

    def _module(self, family: str, real: str) -> Any:
        module = _module(family, real)
        ctypes.c_int.in_dll(module._library, "mutant").value = self.on
        return module


@cache
def _device() -> PlantedDevice:
    return PlantedDevice()


@cache
def planted_backend() -> Any:
    """The backend on that device."""
    return contract_on(_device(), "cuda-sim")


@contextmanager
def switched_on(mutant: Mutant) -> Iterator[None]:
    """Inside, the mutant is what the kernels do."""
    _device().on = mutant.number
    try:
        yield
    finally:
        _device().on = 0
