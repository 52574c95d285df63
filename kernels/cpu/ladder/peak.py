"""What no kernel can beat: multiply-adds that wait for nothing, and copying memory at full speed.

Both are measured, not read from a data sheet: clock rates change with heat and company.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np

from minicnn.kernels.cpu.llvm import load
from minicnn.kernels.cpu.machine import vector_registers

SUMS = 12  # enough that two additions of four cycles can start in each, few enough for 16 registers
LANES = vector_registers()[0] // 4
ROUNDS = 2_000_000
FLOPS = 2 * SUMS * LANES * ROUNDS
"""Multiplications and additions that `multiply_add` does on each thread."""


def multiply_add(threads: int) -> np.ndarray:
    """FLOPS operations on each thread, all of them in registers. Returns sums (threads, SUMS, LANES), all of them 1."""
    sums = np.full((threads, SUMS, LANES), 3, np.float32)
    _on_threads(_loop(), [part.ctypes.data for part in sums])
    return sums


def copy(source: np.ndarray, target: np.ndarray) -> None:
    """source (threads, n) -> target (threads, n), a row for each thread."""
    _on_threads(lambda row: np.copyto(target[row], source[row]), list(range(len(source))))


def _on_threads(work: Callable[[int], object], items: list[int]) -> None:
    if len(items) == 1:
        work(items[0])
    else:
        list(_pool(len(items)).map(work, items))


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads)


@cache
def _loop() -> Callable[[int], None]:
    """Takes the address of (SUMS, LANES) numbers. ctypes lets go of Python's lock while it runs."""
    return ctypes.CFUNCTYPE(None, ctypes.c_int64)(load("peak", _source()))


def _source() -> str:
    """LLVM IR that loads SUMS vectors s, does ROUNDS times s = s/2 + 1/2, and stores them: none waits for another."""
    vector, number = f"<{LANES} x float>", range(SUMS)
    half, fma = f"{vector} splat (float 0.5)", f"@llvm.fmuladd.v{LANES}f32"
    lines = [
        "define void @peak(i64 %address) {",
        "entry:",
        "  %sums = inttoptr i64 %address to ptr",
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
