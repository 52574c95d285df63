"""Reading a source: its kernels with their parameters, and its dynamic shared arrays."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_BOUNDS = r"(?:__launch_bounds__\s*\([^)]*\)\s*)?"
_KERNEL = re.compile(rf"__global__\s+(?:static\s+)?{_BOUNDS}void\s+{_BOUNDS}(\w+)\s*\(([^)]*)\)\s*\{{")
_DYNAMIC = re.compile(r"extern\s+__shared__\s+(?:__align__\s*\(\s*\d+\s*\)\s*)?[\w\s]+?(\w+)\s*\[\s*\]")
_QUALIFIER = re.compile(r"\b(?:const|volatile|__restrict__|__restrict|restrict|__grid_constant__|struct)\b")

_SCALARS = {
    "float32": ["float"],
    "float64": ["double"],
    "bool": ["bool"],
    "int8": ["char", "signed char", "int8_t"],
    "uint8": ["unsigned char", "uint8_t"],
    "int16": ["short", "short int", "int16_t"],
    "uint16": ["unsigned short", "unsigned short int", "uint16_t"],
    "int32": ["int", "signed", "signed int", "int32_t"],
    "uint32": ["unsigned", "unsigned int", "uint32_t"],
    "int64": ["long long", "long", "long int", "long long int", "int64_t", "ptrdiff_t"],
    "uint64": ["unsigned long long", "unsigned long", "unsigned long long int", "uint64_t", "size_t"],
}
DTYPES = {spelling: np.dtype(name) for name, spellings in _SCALARS.items() for spelling in spellings}
_VECTORS = {
    **{"float": "float32", "double": "float64", "int": "int32", "uint": "uint32", "char": "int8", "uchar": "uint8"},
    **{"short": "int16", "ushort": "uint16", "longlong": "int64", "ulonglong": "uint64"},
}
_RESTRICT = re.compile(r"\s*\b__restrict__\b\s*")  # a promise to the compiler, and nothing to a caller
_VECTOR = re.compile(rf"({'|'.join(_VECTORS)})([1-4])")


@dataclass(frozen=True)
class Parameter:
    """One parameter of a kernel.

    dtype: of the scalar, or of the elements behind the pointer; None for void* and for a pointer to pointers, which
    take any. vector: 4 for a float4*, whose memory must be whole vectors. described: the pointer stands among
    the words by which Numba describes a contiguous array of one axis.
    """

    name: str
    spelling: str
    dtype: np.dtype | None
    is_pointer: bool
    vector: int = 1
    to_pointers: bool = False
    described: bool = False

    @property
    def widths(self) -> tuple[int, ...]:
        """Bytes of each word that is passed for it."""
        if self.is_pointer or self.dtype is None:
            return (8,) * (7 if self.described else 1)
        return (self.dtype.itemsize,)


def kernels(source: str) -> dict[str, tuple[Parameter, ...]]:
    """The kernels of a source with their parameters. Raises ValueError for a parameter of a type that is not known."""
    plain = _COMMENT.sub(" ", source)
    found = {}
    for name, parameters in _KERNEL.findall(plain):
        listed = [] if parameters.strip() in ("", "void") else parameters.split(",")
        found[name] = tuple(_parameter(name, " ".join(_RESTRICT.sub("", text).split())) for text in listed)
    return found


def dynamic_arrays(source: str) -> list[str]:
    """The names of all `extern __shared__` arrays."""
    return sorted(set(_DYNAMIC.findall(_COMMENT.sub(" ", source))))


def _parameter(kernel: str, text: str) -> Parameter:
    plain = " ".join(_QUALIFIER.sub(" ", text).split())
    match = re.fullmatch(r"(.*?)\s*((?:\*\s*)*)(\w+)", plain)
    spelling, stars, name = match.groups() if match else (plain, "", "")
    depth = stars.count("*")
    vector = _VECTOR.fullmatch(spelling)
    if depth > 1 or (depth == 1 and spelling == "void"):
        return Parameter(name, text, None, True, to_pointers=depth > 1)
    if depth == 1 and vector:
        return Parameter(name, text, np.dtype(_VECTORS[vector[1]]), True, int(vector[2]))
    if not name or spelling not in DTYPES:
        raise ValueError(f"{kernel}: parameter {text!r} is neither a number nor a pointer, and cannot be passed")
    return Parameter(name, text, DTYPES[spelling], depth == 1)
