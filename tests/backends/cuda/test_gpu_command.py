"""`pytest -m gpu`: the tests of operators, kernels and training, on a GPU and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
TESTS = "tests/backends/test_updates.py", "tests/reference/test_optimizers.py"
STAND_IN = "-p", "tests.backends.cuda.stand_in.plugin"


def run(*options: str, gpus: int = 1) -> str:
    """What pytest says, in a process of its own."""
    command = [sys.executable, "-m", "pytest", "-o", "addopts=", "-rs", *options, *TESTS]
    environment = {**os.environ, "TEST_BACKENDS": "numpy", "STAND_IN_GPUS": str(gpus)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_without_a_gpu_they_are_skipped_and_the_reason_told() -> None:
    said = run("-m", "gpu", *STAND_IN, gpus=0)
    assert "SKIPPED" in said
    assert "backend 'cuda' cannot run here: there is an NVIDIA driver, but no GPU" in said
    assert " passed" not in said


@pytest.mark.usefixtures("_compiler")
def test_with_one_they_run_there_and_only_there() -> None:
    said = run("-m", "gpu", "-v", *STAND_IN)
    assert "[cuda" in said
    assert "[numpy" not in said
    assert " passed" in said
    assert "skipped" not in said


def test_other_runs_never_ask_for_one() -> None:
    assert "[cuda" not in run("-v", "--collect-only")
