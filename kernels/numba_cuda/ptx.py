"""What the compiler makes of a twin, without GPU or driver: PTX, which the software GPU runs and the tests read."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from minicnn.kernels.cuda import source
from minicnn.kernels.numba_cuda.launching import Twin
from minicnn.kernels.numba_cuda.target import cuda, from_dtype, types
from minicnn.kernels.softgpu.signature import Parameter, kernels

ARCHITECTURE = 8, 0
"""Compute capability that is compiled for."""


@cache
def described(twin: Twin, family: str, dtype: str) -> tuple[Parameter, ...]:
    """What the twin takes for one dtype ("float32" or "float64"): its sibling's parameters, arrays in Numba's form.

    Raises TypeError if the two do not have the same parameters.
    """
    sibling = kernels(source(family, dtype))[twin.name]
    names = tuple(parameter.name for parameter in sibling)
    if names != twin.parameters:
        raise TypeError(f"{twin.name} of {family}.cu takes {', '.join(names)}; its twin {', '.join(twin.parameters)}")
    return tuple(_in_numbas_form(parameter) for parameter in sibling)


@cache
def ptx(twin: Twin, parameters: tuple[Parameter, ...]) -> str:
    """The twin compiled for these parameters, under its own name; lines of the Python source are in it.

    Raises Numba's errors for what it cannot compile, and for a missing NVVM.
    """
    signature = tuple(map(_type, parameters))
    text, _ = cuda.compile_ptx(twin.kernel.py_func, signature, cc=ARCHITECTURE, lineinfo=True)
    mangled = text.split(".visible .entry ")[1].split("(")[0]
    return text.replace(mangled, twin.name)


def _in_numbas_form(parameter: Parameter) -> Parameter:
    if not parameter.is_pointer:
        return parameter
    dtype = np.dtype(np.uint64) if parameter.to_pointers else parameter.dtype
    return replace(parameter, dtype=dtype, vector=1, described=True)


def _type(parameter: Parameter) -> Any:
    scalar = from_dtype(parameter.dtype)
    return types.Array(scalar, 1, "C") if parameter.is_pointer else scalar
