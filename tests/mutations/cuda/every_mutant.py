"""Every mutant of the CUDA kernels is noticed on the software GPU: by a fault in check mode, or by a wrong number.

pytest tests/mutations/cuda/every_mutant.py

Some 800 of them take minutes, which is why this is a program of CI and not part of the suite.
"""

from __future__ import annotations

import shutil

import pytest

from tests.mutations.cuda.planting import Mutant, mutants, switched_on
from tests.mutations.cuda.redundant import REDUNDANT
from tests.mutations.cuda.workloads import noticed, workloads_of

pytestmark = pytest.mark.skipif(
    shutil.which("g++") is None, reason="the software GPU compiles with g++, and there is none on this machine"
)


@pytest.mark.parametrize("mutant", mutants(), ids=lambda mutant: mutant.name)
def test_a_mutant_is_noticed(mutant: Mutant) -> None:
    with switched_on(mutant):
        found = any(noticed(workload) for workload in workloads_of(mutant.file))
    assert found != (mutant.name in REDUNDANT), f"{mutant.file}:{mutant.line}"
