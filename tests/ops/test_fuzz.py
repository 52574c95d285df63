"""Fuzzing the operators' door: whatever they are called with, an error by name or a right answer, never a crash."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

CALLS = 20_000


def child(*arguments: str) -> subprocess.CompletedProcess[str]:
    """A Python of its own, which may crash."""
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, timeout=600)


def test_random_calls_are_refused_by_name_or_answered_rightly(tmp_path: Path) -> None:
    log = tmp_path / "log"
    done = child("-m", "tests.ops.fuzz", str(CALLS), str(log))
    assert done.returncode == 0, f"the process ended with {done.returncode} in call {log.read_text()}: {done.stderr}"
    outcomes = json.loads(done.stdout)
    assert outcomes.pop("examples") == []
    # Plenty of both, or else the calls are all nonsense, or all harmless.
    assert outcomes["refused"] > CALLS / 4
    assert outcomes["answered"] > CALLS / 4
    assert outcomes["refused"] + outcomes["answered"] == CALLS


PLANTED = """
import ctypes, pathlib, sys
from tests.ops import fuzz
def judge(call, backward):
    {planted}
    return "answered"
fuzz.judge = judge
fuzz.call_number = lambda number: number
fuzz.run(10, pathlib.Path(sys.argv[1]))
"""


def test_a_crash_is_told_with_the_number_of_its_call(tmp_path: Path) -> None:
    planted = "call == 7 and ctypes.string_at(0)"
    done = child("-c", PLANTED.format(planted=planted), str(tmp_path / "log"))
    assert done.returncode < 0
    assert (tmp_path / "log").read_text().split() == ["7"]


def test_errors_that_are_not_ours_are_told(tmp_path: Path) -> None:
    planted = "[][call]"
    done = child("-c", PLANTED.format(planted=planted), str(tmp_path / "log"))
    outcomes = json.loads(done.stdout)
    assert outcomes["wrong"] == 10
    assert "IndexError" in outcomes["examples"][0]
