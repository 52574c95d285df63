"""Prof mode counts what can be counted by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from minicnn.kernels import softgpu
from tests.kernels.softgpu.sources import SCALE_FOURS, TRANSPOSE, VECTOR_ADD

F, N = np.float32, np.int32


def zeros(n: int) -> softgpu.DeviceArray:
    return softgpu.to_device(np.zeros(n, F))


def traffic(source: str, name: str, grid: Any, block: Any, args: Any) -> list[softgpu.Traffic]:
    module = softgpu.compile(source, mode="prof")
    module.kernel(name)(grid, block, args)
    return module.traffic()


def test_coalesced_accesses() -> None:
    rows = traffic(VECTOR_ADD, "vector_add", (2,), (128,), (zeros(256), zeros(256), zeros(256), N(256)))
    assert sorted(row.access for row in rows) == ["read", "read", "write"]
    for row in rows:  # 8 warps of 128 bytes
        assert (row.line, row.space, row.nbytes) == ("kernel.cu:4", "global", 4)
        assert (row.requests, row.moved, row.ideal) == (8, 32, 32)


@pytest.mark.parametrize(("stride", "sectors"), [(2, 8), (8, 32), (32, 32), (0, 1)])
def test_strides(stride: int, sectors: int) -> None:
    source = VECTOR_ADD.replace("y[i]", f"y[{stride} * i]")
    rows = traffic(source, "vector_add", (1,), (32,), (zeros(32), zeros(1024), zeros(32), N(32)))
    assert sorted(row.moved for row in rows) == sorted([4, 4, sectors])


def test_vectors() -> None:
    rows = traffic(SCALE_FOURS, "scale_fours", (1,), (32,), (zeros(128), zeros(128), F(2), N(32)))
    assert [(row.nbytes, row.requests, row.moved, row.ideal) for row in rows] == [(16, 1, 16, 16)] * 2


@pytest.mark.parametrize(("padding", "cycles"), [(" + 1", 1), ("", 32)])
def test_bank_conflicts(padding: str, cycles: int) -> None:
    source = TRANSPOSE.replace(" + 1]", f"{padding}]").replace("TILE 16", "TILE 32")
    rows = traffic(source, "transpose", (1, 1), (32, 32), (zeros(1024), zeros(1024), N(32), N(32)))
    written, read = sorted((row for row in rows if row.space == "shared"), key=lambda row: row.access, reverse=True)
    assert (written.requests, written.moved, written.ideal) == (32, 32, 32)
    assert (read.requests, read.moved, read.ideal) == (32, 32 * cycles, 32)


def test_other_modes_count_nothing() -> None:
    module = softgpu.compile(VECTOR_ADD)
    module.kernel("vector_add")((1,), (32,), (zeros(32), zeros(32), zeros(32), N(32)))
    assert module.traffic() == []
