"""NVIDIA's compiler's own instructions for every CUDA C kernel, executed: they compute what g++'s do."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from minicnn import use_backend
from minicnn.backends import current_backend
from minicnn.backends.cuda.border import contract_on
from minicnn.backends.cuda.on_simulator import SimulatedDevice
from minicnn.backends.dispatch import status
from minicnn.gradient_check import CASES
from minicnn.kernels import softgpu
from minicnn.kernels.cuda import FAMILIES, source
from minicnn.kernels.softgpu.ptx import translate
from minicnn.kernels.softgpu.signature import kernels
from minicnn.random import generator
from tests.backends.cuda.conftest import WITHOUT_COMPILER, computing
from tests.backends.cuda.odd_shapes import odd_shapes
from tests.kernels.cuda.nvrtc import HOW, library, ptx
from tests.ops.calls import run, upstream_for

pytestmark = [
    pytest.mark.skipif(library() is None, reason=f"NVRTC is not installed: {HOW}"),
    pytest.mark.skipif(status()["cuda-sim"] is not None, reason=WITHOUT_COMPILER),
]
ARCHITECTURE = "compute_80"
TOLERANCE = {"float32": 1e-5, "float64": 1e-12}


@cache
def translated(family: str, dtype: str, mode: str) -> softgpu.Module:
    text = source(family, dtype)
    return translate(ptx(text, ARCHITECTURE), kernels(text), name=f"{family}.ptx", mode=mode)


class Both(SimulatedDevice):
    """Runs every launch twice from the same memory, by g++ and by NVRTC's PTX, and compares all arrays it touched."""

    def __init__(self, mode: str) -> None:
        super().__init__("fast")
        self._ptx_mode = mode
        self.ran: set[str] = set()

    def run(self, family: str, kernel: str, real: np.dtype, grid: Any, block: Any, arguments: tuple) -> None:
        self.ran.add(kernel)
        arrays = [a for a in arguments if isinstance(a, softgpu.DeviceArray)]
        by_table = any(a.dtype == np.uint64 for a in arrays)  # what lies behind addresses is not seen here
        before = [a.to_host() for a in arrays]
        expected = before
        if not by_table:
            super().run(family, kernel, real, grid, block, arguments)
            expected = [a.to_host() for a in arrays]
            for a, content in zip(arrays, before, strict=True):
                a.set(content)
        translated(family, real.name, self._ptx_mode).kernel(kernel)(grid, block, arguments)
        tolerance = TOLERANCE[real.name]
        for a, content in zip(arrays, expected, strict=True):
            np.testing.assert_allclose(a.to_host(), content, rtol=tolerance, atol=tolerance, err_msg=kernel)


def updated(dtype: str) -> list[np.ndarray]:
    """Parameters and state after one step of each optimizer by the backend in use."""
    rng, backend = generator(12), current_backend()
    p, g, *state = ([rng.uniform(0.5, 1, 5000).astype(dtype)] for _ in range(7))
    means = [rng.uniform(0, 0.5, 5000).astype(dtype)]  # less than the root of any square
    backend.sgd_update(p, g, state[0], 0.1, 0.9, True)
    backend.adam_update(p, g, state[1], state[2], 0.01, 0.9, 0.99, 1e-3, 3)
    backend.rmsprop_update(p, g, state[3], state[4], means, 0.01, 0.9, 0.8, 1e-3)
    return [a for arrays in (p, *state, means) for a in arrays]


@pytest.mark.parametrize("mode", ["fast", "check"])
@pytest.mark.parametrize("dtype", TOLERANCE)
def test_every_kernel_computes_what_gplusplus_makes_of_it(dtype: str, mode: str) -> None:
    device, rng = Both(mode), generator(11)
    with use_backend("numpy"):
        expected = updated(dtype)
    with computing(contract_on(device, "cuda-sim")):
        for draw in CASES.values():
            case = draw(rng).astype(dtype)
            run(case, upstream_for(case, rng))
        odd_shapes(dtype)
        for a, b in zip(updated(dtype), expected, strict=True):
            np.testing.assert_allclose(a, b, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype] / 10)
    assert device.ran == {kernel for family in FAMILIES for kernel in kernels(source(family, dtype))}
