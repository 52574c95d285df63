"""Occupancy, against what NVIDIA's calculator says of the same figures."""

from __future__ import annotations

import pytest

from minicnn.kernels.cuda import FOLDER
from minicnn.kernels.cuda.occupancy import MULTIPROCESSORS, Occupancy, occupancy
from tests.kernels.cuda.resources import INTRODUCTION, KEPT


@pytest.mark.parametrize(
    ("architecture", "threads", "registers", "shared", "expected"),
    [
        ("sm_80", 256, 32, 0, Occupancy(8, 64, 1.0, "warps")),
        ("sm_80", 32, 16, 0, Occupancy(32, 32, 0.5, "blocks")),
        # 168 registers are 5376 for a warp: three warps in each quarter of 16384.
        ("sm_90", 128, 168, 12800, Occupancy(3, 12, 12 / 64, "registers")),
        ("sm_90", 128, 169, 0, Occupancy(2, 8, 8 / 64, "registers")),  # 5632 once they are rounded up: only two
        # 13312 bytes and 1024 of the system: 16 blocks of 14336 in 228 KB; in 64 KB, where the system takes none, 4.
        ("sm_90", 128, 32, 13312, Occupancy(16, 64, 1.0, "warps")),
        ("sm_75", 128, 64, 13312, Occupancy(4, 16, 0.5, "shared memory")),
        ("sm_120", 256, 40, 0, Occupancy(6, 48, 1.0, "warps")),
        ("sm_100", 1024, 64, 0, Occupancy(1, 32, 0.5, "registers")),
    ],
)
def test_by_hand(architecture: str, threads: int, registers: int, shared: int, expected: Occupancy) -> None:
    assert occupancy(architecture, threads, registers, shared) == expected


def test_an_architecture_that_is_not_known() -> None:
    with pytest.raises(KeyError, match="sm_20"):
        occupancy("sm_20", 128, 32, 0)


def test_the_kept_table_begins_as_it_is_written() -> None:
    """Its rows are held by NVIDIA's compiler, where that is installed."""
    assert KEPT.parent == FOLDER
    text = KEPT.read_text(encoding="utf-8")
    assert text.startswith(INTRODUCTION)
    rows = text[len(INTRODUCTION) :].splitlines()
    assert all(len(row.split("|")) == 5 + len(MULTIPROCESSORS) + 2 for row in rows)
    assert len(rows) > 100
