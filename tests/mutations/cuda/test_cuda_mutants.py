"""Every mutant of the CUDA kernels is noticed on the software GPU: by a fault in check mode, or by a wrong number."""

from __future__ import annotations

import re
import shutil

import numpy as np
import pytest

from minicnn.kernels import softgpu
from tests.backends.cuda.conftest import computing
from tests.mutations.cuda.planting import Mutant, mutants, planted_backend, switched_on
from tests.mutations.cuda.redundant import REDUNDANT
from tests.mutations.cuda.workloads import Workload, expected, workloads_of

pytestmark = pytest.mark.skipif(
    shutil.which("g++") is None, reason="the software GPU compiles with g++, and there is none on this machine"
)


def noticed(workload: Workload) -> str:
    """What is wrong with the kernels as they are now; "" if nothing shows."""
    try:
        with computing(planted_backend()):
            found = workload()
    except softgpu.KernelError as error:
        return str(error)
    for a, b in zip(found, expected(workload), strict=True):
        wrong = ~np.isclose(a, b, rtol=1e-9, atol=1e-11)
        if wrong.any():
            return f"{wrong.sum()} numbers are wrong"
    return ""


@pytest.mark.parametrize("file", sorted({mutant.file for mutant in mutants()}))
def test_nothing_is_wrong_while_no_mutant_is_on(file: str) -> None:
    assert [noticed(workload) for workload in workloads_of(file)] == [""] * len(workloads_of(file))


@pytest.mark.parametrize("mutant", mutants(), ids=lambda mutant: mutant.name)
def test_a_mutant_is_noticed(mutant: Mutant) -> None:
    with switched_on(mutant):
        found = any(noticed(workload) for workload in workloads_of(mutant.file))
    assert found != (mutant.name in REDUNDANT), f"{mutant.file}:{mutant.line}"


@pytest.mark.parametrize("mutant", [m for m in mutants() if "__sync" in m.site.what], ids=lambda mutant: mutant.name)
def test_a_missing_barrier_is_a_race_whose_line_is_named(mutant: Mutant) -> None:
    with switched_on(mutant):
        said = next(filter(None, map(noticed, workloads_of(mutant.file))))
    assert "data race on shared memory" in said
    assert re.search(rf"at {mutant.file}:\d+, block .* \(the other access: {mutant.file}:\d+\)", said)


def test_reasons_are_of_mutants_that_exist() -> None:
    assert set(REDUNDANT) <= {mutant.name for mutant in mutants()}
