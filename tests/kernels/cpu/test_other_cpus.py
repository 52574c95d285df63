"""The same kernels compiled for lesser CPUs than this one, in float32.

`other_cpus`, a program of CI, runs all tests of operators on them, in float64 too: that is twice as much to compile.
"""

from __future__ import annotations

import pytest

from .other_cpus import CPUS, why_not
from .test_threads import python


@pytest.mark.slow
@pytest.mark.parametrize("name", CPUS)
def test_results_are_right_on(name: str) -> None:
    settings, width = CPUS[name]
    if reason := why_not(name):
        pytest.skip(reason)
    found = python("-m", "tests.kernels.cpu.digest", "--check", **settings)
    assert found == f"vectors of {width} bytes"
