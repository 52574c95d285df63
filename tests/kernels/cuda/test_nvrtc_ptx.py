"""NVIDIA's compiler's own instructions for every CUDA C kernel, executed: they say what g++ makes of the same source."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import numpy as np
import pytest

from minicnn import use_backend
from minicnn.backends.cuda.border import contract_on
from minicnn.backends.cuda.on_simulator import SimulatedDevice
from minicnn.gradient_check import CASES
from minicnn.kernels import softgpu
from minicnn.kernels.cuda import FAMILIES, REALS, source
from minicnn.kernels.softgpu.ptx import translate
from minicnn.kernels.softgpu.signature import kernels
from tests.backends import formulas
from tests.backends.cuda.conftest import computing
from tests.backends.cuda.test_kernels import arrays, results
from tests.kernels.cuda.nvrtc import HOW, library, ptx

pytestmark = [
    pytest.mark.skipif(library() is None, reason=f"NVRTC is not installed: {HOW}"),
    pytest.mark.usefixtures("_compiler"),
]
ARCHITECTURE = "compute_80"


@pytest.fixture
def _compiler() -> None:
    """The software GPU needs g++, which whoever has NVRTC may lack."""
    try:
        SimulatedDevice()
    except RuntimeError as error:
        pytest.skip(str(error))


@cache
def translated(family: str, dtype: str, mode: str) -> softgpu.Module:
    text = source(family, dtype)
    return translate(ptx(text, ARCHITECTURE), kernels(text), name=f"{family}.ptx", mode=mode)


class ByNvrtc(SimulatedDevice):
    """The software GPU with the kernels as NVRTC compiles them; keeps which of them ran."""

    def __init__(self, mode: str = "fast") -> None:
        self.ran: set[tuple[str, str]] = set()
        super().__init__(mode)

    def run(self, family: str, kernel: str, real: np.dtype, *rest: Any) -> None:
        self.ran.add((kernel, real.name))
        super().run(family, kernel, real, *rest)

    def _module(self, family: str, real: str) -> Any:
        return translated(family, real, self._mode)


@pytest.mark.parametrize("mode", ["fast", "check"])
def test_as_gplusplus_computes_it(mode: str) -> None:
    device = ByNvrtc(mode)
    backend = contract_on(device, "cuda-sim")
    for name in CASES:
        with use_backend("cuda-sim"):
            expected = arrays(results(name))
        with computing(backend):
            found = arrays(results(name))
        for a, b in zip(found, expected, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-13, err_msg=name)
    with computing(backend):
        formulas.sgd(0.9, True)
        formulas.adam()
        formulas.rmsprop(0.8, True)
    assert device.ran


def test_all_kernels() -> None:
    every = {(kernel, dtype) for dtype in REALS for family in FAMILIES for kernel in kernels(source(family, dtype))}
    assert every
