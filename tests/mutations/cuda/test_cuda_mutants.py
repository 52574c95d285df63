"""Mutants of the CUDA kernels: the suite's share. `every_mutant.py` has them all, and is a program of CI."""

from __future__ import annotations

import re
import shutil

import pytest

from minicnn.kernels.cuda import FAMILIES
from tests.mutations.cuda.planting import Mutant, mutants, switched_on
from tests.mutations.cuda.redundant import REDUNDANT
from tests.mutations.cuda.workloads import WORKLOADS, noticed, workloads_of

pytestmark = pytest.mark.skipif(
    shutil.which("g++") is None, reason="the software GPU compiles with g++, and there is none on this machine"
)


@pytest.mark.parametrize("family", FAMILIES)
def test_nothing_is_wrong_while_no_mutant_is_on(family: str) -> None:
    assert [noticed(workload) for workload in WORKLOADS[family]] == [""] * len(WORKLOADS[family])


@pytest.mark.parametrize("mutant", [m for m in mutants() if "__sync" in m.site.what], ids=lambda mutant: mutant.name)
def test_a_missing_barrier_is_a_race_whose_line_is_named(mutant: Mutant) -> None:
    with switched_on(mutant):
        said = next(filter(None, map(noticed, workloads_of(mutant.file))))
    assert "data race on shared memory" in said
    assert re.search(r" at \w+\.cuh?:\d+, block .* \(the other access: \w+\.cuh?:\d+\)", said)


def test_reasons_are_of_mutants_that_exist() -> None:
    assert set(REDUNDANT) <= {mutant.name for mutant in mutants()}
