"""NVIDIA's run-time compiler, the one that CuPy uses, without a driver: by ctypes from its pip package.

It says whether the kernels are CUDA C, not only what g++ takes for it, and what they cost on each architecture.
"""

from __future__ import annotations

import ctypes
import importlib.util
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

HOW = "pip install 'minicnn[nvrtc]'"


class NvrtcError(RuntimeError):
    """The source does not compile; the message is the compiler's."""


@dataclass(frozen=True)
class Cost:
    """What one thread, or one block, of a kernel takes."""

    registers: int
    shared_bytes: int
    stack_bytes: int
    spilled_bytes: int


@cache
def library() -> ctypes.CDLL | None:
    """NVRTC, None where it is not installed."""
    found = importlib.util.find_spec("nvidia")
    folders = [Path(place) for place in found.submodule_search_locations or []] if found else []
    for folder in folders:
        for file in sorted(folder.glob("cu1*/lib/libnvrtc.so.*")):
            if "alt" in file.name:
                continue
            for builtins in file.parent.glob("libnvrtc-builtins.so.*"):
                ctypes.CDLL(str(builtins), mode=ctypes.RTLD_GLOBAL)  # which NVRTC looks for by its bare name
            return ctypes.CDLL(str(file))
    return None


@cache
def costs(source: str, architecture: str) -> dict[str, Cost]:
    """Kernel -> what it costs on "sm_90", say. Raises NvrtcError."""
    _, log = _compiled(source, [f"-arch={architecture}", "--ptxas-options=-v"])
    return {name: _cost(said) for name, said in re.findall(r"entry function '(\w+)'(.*?)(?=Compiling|\Z)", log, re.S)}


def ptx(source: str, architecture: str) -> str:
    """The instructions, for "compute_80", say. Raises NvrtcError."""
    return _compiled(source, [f"-arch={architecture}"])[0]


def _cost(said: str) -> Cost:
    def number(pattern: str) -> int:
        match = re.search(pattern, said)
        return int(match[1]) if match else 0

    spilled = number(r"(\d+) bytes spill stores") + number(r"(\d+) bytes spill loads")
    return Cost(number(r"Used (\d+) registers"), number(r"(\d+) bytes smem"), number(r"(\d+) bytes stack"), spilled)


def _compiled(source: str, options: list[str]) -> tuple[str, str]:
    """The PTX, and what the compiler said."""
    nvrtc = library()
    if nvrtc is None:
        raise NvrtcError(f"NVRTC is not installed: {HOW}")
    program = ctypes.c_void_p()
    nvrtc.nvrtcCreateProgram(ctypes.byref(program), source.encode(), b"kernel.cu", 0, None, None)
    try:
        given = [option.encode() for option in ["-std=c++17", *options]]
        status = nvrtc.nvrtcCompileProgram(program, len(given), (ctypes.c_char_p * len(given))(*given))
        log = _text(nvrtc.nvrtcGetProgramLogSize, nvrtc.nvrtcGetProgramLog, program)
        if status:
            raise NvrtcError(log)
        return _text(nvrtc.nvrtcGetPTXSize, nvrtc.nvrtcGetPTX, program), log
    finally:
        nvrtc.nvrtcDestroyProgram(ctypes.byref(program))


def _text(size: ctypes._NamedFuncPointer, get: ctypes._NamedFuncPointer, program: ctypes.c_void_p) -> str:
    length = ctypes.c_size_t()
    size(program, ctypes.byref(length))
    text = ctypes.create_string_buffer(length.value + 1)
    get(program, text)
    return text.value.decode()
