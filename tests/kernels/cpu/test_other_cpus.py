"""The same kernels compiled for lesser CPUs than this one, through Numba's own settings."""

from __future__ import annotations

import platform

import pytest

from minicnn.kernels.cpu.machine import vector_registers

from .test_threads import python

CPUS = {
    "avx2": ({"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": "+avx2,+fma,+bmi,+bmi2"}, 32),
    "baseline": ({"NUMBA_CPU_NAME": "x86-64", "NUMBA_CPU_FEATURES": ""}, 16),
}


@pytest.mark.slow
@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="these are x86-64 CPUs")
@pytest.mark.parametrize("name", CPUS)
def test_results_are_right_on(name: str) -> None:
    settings, width = CPUS[name]
    if vector_registers()[0] < width:
        pytest.skip(f"this CPU has no {name}")
    found = python("-m", "tests.kernels.cpu.digest", "--check", **settings)
    assert found == f"vectors of {width} bytes"
