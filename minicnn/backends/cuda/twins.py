"""In which language kernels are launched: CUDA C, or Numba where a kernel of `minicnn.kernels.numba_cuda` is its twin.

Both are there to be read side by side and raced. Devices ask `twin_for` at every launch, so that nothing else of the
backend knows.
"""

from __future__ import annotations

import importlib.util
import os
from contextvars import ContextVar
from typing import Any

import numpy as np

from minicnn.errors import BackendError

CUDA_C, NUMBA = LANGUAGES = ("cuda-c", "numba")
VARIABLE = "MINICNN_CUDA_KERNELS"
_chosen: ContextVar[str | None] = ContextVar("kernels", default=None)


class use_cuda_kernels:
    """Chooses the kernels of the GPU backends for what follows, or for a block: `with use_cuda_kernels("numba"):`.

    "cuda-c", the default, or "numba": then the kernels that have no twin are CUDA C, too. The environment variable
    MINICNN_CUDA_KERNELS says it for a whole run. Raises BackendError for another name, and where there is no
    numba-cuda.
    """

    def __init__(self, language: str) -> None:
        _check(language, "use_cuda_kernels")
        self._before = _chosen.get()
        _chosen.set(language)

    def __enter__(self) -> use_cuda_kernels:
        return self

    def __exit__(self, *_: object) -> None:
        _chosen.set(self._before)


def current_kernels() -> str:
    """The language in use. Raises BackendError for a MINICNN_CUDA_KERNELS that is none."""
    language = _chosen.get()
    if language is None:
        language = os.environ.get(VARIABLE) or CUDA_C
        _check(language, VARIABLE)
        _chosen.set(language)
    return language


def twin_for(family: str, kernel: str) -> Any:
    """The `Twin` that is launched in the place of a CUDA C kernel, None if it is launched itself."""
    if current_kernels() == CUDA_C:
        return None
    from minicnn.kernels.numba_cuda import twin_of  # here: it brings Numba along

    return twin_of(family, kernel)


def run_on_simulator(twin: Any, family: str, real: np.dtype, arguments: tuple, mode: str) -> None:
    """The twin's PTX, on the software GPU. Its launch takes what the sibling's would, and nothing else."""
    from minicnn.kernels.numba_cuda.ptx import described, ptx
    from minicnn.kernels.softgpu.ptx import translate

    parameters = described(twin, family, real.name)
    grid, block = twin.launch_shape(arguments)
    module = translate(ptx(twin, parameters), {twin.name: parameters}, name=f"{twin.name}.ptx", mode=mode)
    module.kernel(twin.name)(grid, block, arguments)


def launch_on_gpu(twin: Any, arguments: tuple, stream: Any, empty: Any) -> None:
    """The twin, on CuPy's arrays and CuPy's stream; does not wait. empty: stands for an array that is None."""
    from minicnn.kernels.numba_cuda.target import cuda

    def flat(argument: Any) -> Any:
        array = empty if argument is None else argument
        if isinstance(array, np.generic):
            return array
        # Not synchronized: the launch is in the order of the stream that the array belongs to.
        return cuda.as_cuda_array(array.reshape(-1), sync=False)

    grid, block = twin.launch_shape(arguments)
    twin.kernel[grid, block, cuda.external_stream(stream.ptr)](*map(flat, arguments))


def _check(language: str, what: str) -> None:
    if language not in LANGUAGES:
        raise BackendError(f"{what} must be one of {', '.join(LANGUAGES)}, got {language!r:.80}")
    if language == NUMBA and importlib.util.find_spec("numba_cuda") is None:
        raise BackendError(f"{what} is {NUMBA!r}, which needs numba-cuda: pip install 'minicnn[numba-cuda]'")
