"""How every Numba kernel here is compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba

from minicnn.kernels.cpu.cache import KernelCache


def kernel(function: Callable[..., Any]) -> Any:
    """Serial code: the body of a parallel kernel, or too little work to share. Compiled at its first call."""
    return _compiled(function, parallel=False)


def fma_kernel(function: Callable[..., Any]) -> Any:
    """A kernel in which a · b + c may be one instruction that rounds once, as it is in the micro-kernel."""
    return _compiled(function, parallel=False, fastmath={"contract"})


def parallel_kernel(function: Callable[..., Any]) -> Any:
    """Code whose `prange` loop runs on all threads. Each turn of it must compute the same whoever runs it."""
    return _compiled(function, parallel=True)


def _compiled(function: Callable[..., Any], parallel: bool, fastmath: bool | set[str] = False) -> Any:
    # Division by zero gives infinity or NaN, as NumPy has it; without the GIL other Python threads load data meanwhile.
    dispatcher = numba.njit(parallel=parallel, fastmath=fastmath, nogil=True, error_model="numpy")(function)
    dispatcher._cache = KernelCache(function)
    return dispatcher
