"""How every Numba kernel here is compiled, and launched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba.core.registry import CPUDispatcher

from minicnn.kernels.cpu.cache import KernelCache
from minicnn.kernels.recording import note


class Kernel(CPUDispatcher):
    """A function that Numba compiles at its first call, and that notes its launches where they are recorded."""

    def __call__(self, *arguments: Any) -> Any:
        """Launches the kernel. Code of other kernels that calls this one comes straight to the machine code."""
        note(self.launch, *arguments)
        return self.launch(*arguments)

    launch = CPUDispatcher.__call__


def kernel(function: Callable[..., Any]) -> Any:
    """Serial code: the body of a parallel kernel, or too little work to share. Compiled at its first call."""
    return _compiled(function, parallel=False)


def fma_kernel(function: Callable[..., Any]) -> Any:
    """A kernel in which a · b + c may be one instruction that rounds once, as it is in the micro-kernel."""
    return _compiled(function, parallel=False, fastmath={"contract"})


def parallel_kernel(function: Callable[..., Any]) -> Any:
    """Code whose `prange` loop runs on all threads. Each turn of it must compute the same whoever runs it."""
    return _compiled(function, parallel=True)


def _compiled(function: Callable[..., Any], parallel: bool, fastmath: bool | set[str] = False) -> Kernel:
    # Division by zero gives infinity or NaN, as NumPy has it; without the GIL other Python threads load data meanwhile.
    options = {"parallel": parallel, "fastmath": fastmath, "nogil": True, "nopython": True, "error_model": "numpy"}
    made = Kernel(function, targetoptions={**options, "boundscheck": None})
    made._cache = KernelCache(function)
    return made
