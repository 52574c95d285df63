"""NVIDIA's own compiler takes every kernel, on every architecture, spills nothing, and needs what the table says."""

from __future__ import annotations

import re

import pytest

from minicnn.kernels.cuda import BUILDS, TILED, source
from tests.kernels.cuda import resources
from tests.kernels.cuda.nvrtc import HOW, NvrtcError, costs, library, ptx

pytestmark = pytest.mark.skipif(library() is None, reason=f"NVRTC is not installed: {HOW}")

# A multiprocessor has 65536 registers and, on the smallest, 64 KB of shared memory: so that at least three blocks of
# 128 threads fit on it, two in double.
REGISTERS = {"float32": 168, "float64": 255}
SHARED = {"float32": 16 * 1024, "float64": 32 * 1024}


@pytest.mark.parametrize(("program", "dtype"), BUILDS)
def test_compiles_without_spilling_into_what_the_table_says(program: str, dtype: str) -> None:
    text = source(program, dtype)
    for architecture in resources.architectures_of(program):
        found = costs(text, architecture)
        assert set(found) == set(re.findall(r"__global__ void (\w+)", text))
        for kernel, cost in found.items():
            assert cost.spilled_bytes == cost.stack_bytes == 0, (kernel, architecture)
            assert 0 < cost.registers <= REGISTERS[dtype], (kernel, architecture)
            assert cost.shared_bytes <= SHARED[dtype], (kernel, architecture)
    kept = resources.KEPT.read_text(encoding="utf-8").splitlines()
    of_program = [row for row in kept if row.startswith(f"| {program} |") and f"| {dtype} |" in row]
    assert of_program == resources.rows(program, dtype), "run python -m tests.kernels.cuda.resources"


@pytest.mark.parametrize(("program", "dtype"), BUILDS)
def test_no_double_in_float(program: str, dtype: str) -> None:
    instructions = ptx(source(program, dtype), "compute_80")
    assert (".f64" in instructions) == (dtype == "float64")
    assert ".f32" in instructions or dtype == "float64"


@pytest.mark.parametrize("family", TILED)
def test_tf32_runs_on_tensor_cores_where_there_are_some(family: str) -> None:
    multiply = "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32"
    assert multiply in ptx(source(f"{family}.tf32", "float32"), "compute_80")
    assert "shfl.sync" in ptx(source(f"{family}.tf32", "float32"), "compute_75")
    assert multiply not in ptx(source(f"{family}.large", "float32"), "compute_80")


@pytest.mark.parametrize(("dtype", "vector"), [("float32", "v4.f32"), ("float64", "v2.f64")])
@pytest.mark.parametrize("family", TILED)
def test_factors_are_read_by_16_bytes_and_as_what_nobody_writes(family: str, dtype: str, vector: str) -> None:
    instructions = ptx(source(f"{family}.vectors", dtype), "compute_80")
    assert f"ld.global.nc.{vector}" in instructions
    assert f"ld.shared.{vector}" in instructions
    assert f"st.global.{vector}" in instructions
    assert not re.search(r"ld\.global\.(v\d\.)?f\d\d", instructions)  # not by __restrict__ const: .nc would be missing


def test_it_finds_what_it_looks_for() -> None:
    """The checks above can fail."""
    sneaking = 'extern "C" __global__ void scale(float *x) { x[threadIdx.x] *= 0.5; x[threadIdx.x] += 1.0 / 3.0; }'
    assert ".f64" in ptx(sneaking, "compute_80")
    assert "ld.global.f32" in ptx(sneaking, "compute_80")
    spilling = """extern "C" __global__ void __launch_bounds__(1024) many(float *x) {
        float kept[200];
        for (int i = 0; i < 200; ++i) kept[i] = x[threadIdx.x + 7 * i];
        for (int i = 0; i < 200; ++i) x[threadIdx.x + 11 * i] = kept[i] * kept[(i * 37 + threadIdx.x) % 200];
    }"""
    assert costs(spilling, "sm_90")["many"].stack_bytes > 0
    with pytest.raises(NvrtcError, match="identifier"):
        costs('extern "C" __global__ void broken() { y = 1; }', "sm_90")
