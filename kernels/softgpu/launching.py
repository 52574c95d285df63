"""What may be launched: the same rules for the software GPU and, through CuPy, for a real one.

A driver takes what it is given. A Python int for an `int` parameter goes in as eight bytes, a float64 array for a
`float *` as it is, a row of every second element as if it were contiguous; a grid with nothing in it becomes a grid of
one. Each of them is refused here, before anything runs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minicnn.kernels.softgpu.errors import LaunchError
from minicnn.kernels.softgpu.signature import Parameter

MAX_THREADS = 1024  # a block; so on every device there is
_MAX_BLOCK = (1024, 1024, 64)
_MAX_GRID = (2**31 - 1, 65535, 65535)

Dims = tuple[int, int, int]
AddressOf = Callable[[Any], int | None]
"""The address of the first byte of an array of the device that launches; None for whatever else it is given."""


def grid_and_block(kernel: str, grid: Sequence[int], block: Sequence[int]) -> tuple[Dims, Dims]:
    """Both with their three lengths, x first. Raises LaunchError for what no device has."""
    sizes = _dims(kernel, "grid", grid, _MAX_GRID), _dims(kernel, "block", block, _MAX_BLOCK)
    if sizes[1][0] * sizes[1][1] * sizes[1][2] > MAX_THREADS:
        raise LaunchError(f"{kernel}: a block has at most {MAX_THREADS} threads, got block {sizes[1]}")
    return sizes


def check_arguments(kernel: str, parameters: Sequence[Parameter], args: Sequence[Any], address_of: AddressOf) -> None:
    """Raises LaunchError unless each argument is what its parameter takes.

    For a pointer that is a contiguous array of the device, of the right dtype, or None; for a number a NumPy scalar of
    exactly the parameter's type.
    """
    if len(args) != len(parameters):
        names = ", ".join(parameter.spelling for parameter in parameters)
        raise LaunchError(f"{kernel} takes {len(parameters)} arguments ({names}), got {len(args)}")
    for parameter, arg in zip(parameters, args, strict=True):
        if not parameter.is_pointer:
            if not isinstance(arg, np.generic) or arg.dtype != parameter.dtype:
                wanted = f"a NumPy scalar of type {parameter.dtype}, np.{parameter.dtype}(...)"
                raise _refusal(kernel, parameter, wanted, arg)
        elif arg is not None:
            _check_array(kernel, parameter, arg, address_of(arg))


def _check_array(kernel: str, parameter: Parameter, arg: Any, address: int | None) -> None:
    wanted = f"a device array of {parameter.dtype}" if parameter.dtype else "a device array"
    if address is None or (parameter.dtype is not None and arg.dtype != parameter.dtype):
        raise _refusal(kernel, parameter, wanted, arg)
    flags = getattr(arg, "flags", None)
    if flags is not None and not flags.c_contiguous:
        raise _refusal(kernel, parameter, f"{wanted} that is contiguous, a copy of this view", arg)
    if parameter.to_pointers and arg.dtype != np.uint64:
        raise _refusal(kernel, parameter, "a device array of addresses, uint64", arg)
    if parameter.vector > 1 and parameter.dtype is not None:
        whole = parameter.dtype.itemsize * parameter.vector
        aligned = parameter.vector == 3 or address % min(whole, 16) == 0
        if arg.nbytes % whole or not aligned:
            raise _refusal(kernel, parameter, f"whole and aligned vectors of {whole} bytes", arg)


def _dims(kernel: str, what: str, lengths: Sequence[int], limits: Dims) -> Dims:
    if not isinstance(lengths, tuple | list) or not 1 <= len(lengths) <= 3 or not all(map(is_int, lengths)):
        raise LaunchError(f"{kernel}: {what} must be 1 to 3 ints, got {lengths!r:.80}")
    x, y, z = (*map(int, lengths), 1, 1)[:3]
    whole = x, y, z
    if not all(1 <= length <= limit for length, limit in zip(whole, limits, strict=True)):
        raise LaunchError(f"{kernel}: {what} must be 1 to {limits} along x, y and z, got {whole}")
    return whole


def _refusal(kernel: str, parameter: Parameter, wanted: str, arg: Any) -> LaunchError:
    dtype, shape = getattr(arg, "dtype", None), getattr(arg, "shape", None)
    got = f"{type(arg).__name__}" + (f" of {dtype} and shape {shape}" if dtype is not None else f" {arg!r:.40}")
    return LaunchError(f"{kernel}: {parameter.spelling!r} takes {wanted}; got {got}")


def is_int(value: Any) -> bool:
    """Whether it is a whole number; True is none."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool | np.bool_)
