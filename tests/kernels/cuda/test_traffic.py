"""The budgets of memory traffic: no kernel moves more than it has to, or says why."""

from __future__ import annotations

import re
import shutil

import numpy as np
import pytest

from minicnn.kernels import softgpu
from minicnn.kernels.cuda import PROGRAMS, TILED, source
from tests.kernels.cuda.traffic import BUDGET, INTRODUCTION, KEPT, REASONS, Count, count_all

pytestmark = pytest.mark.skipif(shutil.which("g++") is None, reason="the software GPU compiles with g++: none is here")


@pytest.fixture(scope="module")
def counts() -> list[Count]:
    return count_all()


def test_every_kernel_of_every_program_is_counted(counts: list[Count]) -> None:
    kernels = {
        (program, kernel)
        for program in PROGRAMS
        for kernel in re.findall(r"__global__ void (\w+)", source(program, "float32"))
    }
    assert {(count.program, count.kernel) for count in counts} == kernels


def test_sectors_are_within_the_budget_or_there_is_a_reason(counts: list[Count]) -> None:
    beyond = [count for count in counts if count.excess > BUDGET]
    assert [count.row() for count in beyond if count.shape not in REASONS] == []
    assert {count.shape for count in beyond} == set(REASONS), "a reason that is none any more"
    assert max(count.excess for count in beyond) < 2.5


def test_loads_of_16_bytes_move_whole_sectors(counts: list[Count]) -> None:
    vectors = [count for count in counts if count.program.partition(".")[2]]
    assert vectors
    assert max(count.excess for count in vectors) <= 1.01


def test_no_bank_conflicts(counts: list[Count]) -> None:
    assert {count.kernel: count.conflicts for count in counts if count.conflicts} == {}
    assert {count.program.partition(".")[0] for count in counts if count.cycles} >= set(TILED)


def test_the_kept_table_is_of_these_kernels(counts: list[Count]) -> None:
    """To a twentieth: another g++ merges other loads."""
    text = KEPT.read_text(encoding="utf-8")
    assert text.startswith(INTRODUCTION)
    kept = {tuple(row[:3]): float(row[6]) for row in map(cells, text[len(INTRODUCTION) :].splitlines())}
    found = {(count.program, count.kernel, count.shape): count.excess for count in counts}
    assert kept.keys() == found.keys(), "run python -m tests.kernels.cuda.traffic"
    for row, excess in found.items():
        assert kept[row] == pytest.approx(excess, rel=0.05, abs=0.01), (
            f"{row}: run python -m tests.kernels.cuda.traffic"
        )


def cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip("|").split("|")]


def test_a_count_beyond_the_budget_needs_a_reason() -> None:
    """The checks above can fail."""
    strided = Count("family", "kernel", "some shape", 10, 320, 40, 0, 0)
    assert strided.excess == 8
    with pytest.raises(KeyError, match="some shape"):
        strided.row()


def test_a_transpose_without_padding_would_be_found() -> None:
    text = source("matmul", "float32").replace("const int PADDING = 4;", "const int PADDING = 0;")
    module = softgpu.compile(text, name="matmul.cu", mode="prof")
    arrays = [softgpu.empty((64, 64), "float32") for _ in range(3)]
    module.kernel("dense_input_gradient")((2,), (128,), (*arrays, *[np.int64(64)] * 3))
    stores = [row for row in module.traffic() if row.space == "shared" and row.access == "write"]
    assert max(row.moved / row.ideal for row in stores) >= 4
