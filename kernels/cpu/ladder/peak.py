"""What no kernel can beat: multiply-adds that wait for nothing, and copying memory at full speed.

Both are measured, not read from a data sheet: clock rates change with heat and company.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numba import prange

from minicnn.kernels.cpu.calls import address_of, call_microkernel
from minicnn.kernels.cpu.jit import kernel, parallel_kernel
from minicnn.kernels.cpu.llvm import load
from minicnn.kernels.cpu.machine import vector_registers
from minicnn.kernels.cpu.microkernel import ARGUMENTS
from minicnn.kernels.cpu.threads import exclusive

SUMS = 12  # enough that two additions of four cycles can start in each, few enough for 16 registers
LANES = vector_registers()[0] // 4
ROUNDS = 1_000_000
FLOPS = 2 * SUMS * LANES * ROUNDS
"""Multiplications and additions that `multiply_add` does on each thread."""


def multiply_add(threads: int) -> np.ndarray:
    """FLOPS operations on each thread, all of them in registers. Returns sums (threads, SUMS, LANES), all of them 1."""
    sums = np.full((threads, SUMS, LANES), 3, np.float32)
    with exclusive:
        if threads == 1:
            _run(_loop(), sums[0])
        else:
            _run_on_all(_loop(), sums)
    return sums


@parallel_kernel
def copy(source: np.ndarray, target: np.ndarray) -> None:
    """source (threads, n) -> target (threads, n), a row for each thread."""
    for thread in prange(len(source)):
        target[thread] = source[thread]


@parallel_kernel
def _run_on_all(function: int, sums: np.ndarray) -> None:
    for thread in prange(len(sums)):
        _run(function, sums[thread])


@kernel
def _run(function: int, sums: np.ndarray) -> None:
    call_microkernel(function, 0, 0, 0, address_of(sums), 0, 0, 0, 0, 0, 0, 0, 0)


@cache
def _loop() -> int:
    """Its address. It has the micro-kernel's arguments, so that it can be called like one, and uses C alone."""
    return load("peak", _source())


def _source() -> str:
    """LLVM IR that loads SUMS vectors s, does ROUNDS times s = s/2 + 1/2, and stores them: none waits for another."""
    vector, number = f"<{LANES} x float>", range(SUMS)
    half, fma = f"{vector} splat (float 0.5)", f"@llvm.fmuladd.v{LANES}f32"
    lines = [
        f"define void @peak({', '.join(f'i64 %{a}' for a in ARGUMENTS.split())}) {{",
        "entry:",
        "  %sums = inttoptr i64 %C to ptr",
        *(f"  %at{i} = getelementptr {vector}, ptr %sums, i64 {i}" for i in number),
        *(f"  %first{i} = load {vector}, ptr %at{i}, align 4" for i in number),
        "  br label %loop",
        "loop:",
        "  %n = phi i64 [0, %entry], [%next, %loop]",
        *(f"  %old{i} = phi {vector} [%first{i}, %entry], [%new{i}, %loop]" for i in number),
        *(f"  %new{i} = call {vector} {fma}({vector} %old{i}, {half}, {half})" for i in number),
        "  %next = add i64 %n, 1",
        f"  %more = icmp slt i64 %next, {ROUNDS}",
        "  br i1 %more, label %loop, label %done",
        "done:",
        *(f"  store {vector} %new{i}, ptr %at{i}, align 4" for i in number),
        "  ret void",
        "}",
        f"declare {vector} {fma}({vector}, {vector}, {vector})",
    ]
    return "\n".join(lines)
