"""The cache of compiled kernels: used, and never in the way."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from minicnn.kernels.cpu import cache

# Kernels of every kind that are soon compiled, in a process of its own: one that calls another, and a micro-kernel. It
# prints a sum of what they compute, and how many micro-kernels it had to compile.
COMPUTE = """
import numpy as np
from minicnn.backends import numba
from minicnn.kernels.cpu import llvm
from minicnn.kernels.cpu.ladder import peak
compiled = []
compile = llvm._compiled
llvm._compiled = lambda ir: compiled.append(1) or compile(ir)
print(numba.sigmoid(np.zeros(50, np.float32)).sum() + peak.multiply_add(1).mean(), len(compiled))
"""


def compute(folder: Path, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", COMPUTE],
        env={**os.environ, cache.VARIABLE: str(folder), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def result(process: subprocess.Popen[str]) -> tuple[str, int]:
    """(the sum, micro-kernels compiled)."""
    out, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    assert not errors  # no terminal, so nothing is announced
    total, compiled = out.split()
    return total, int(compiled)


EXPECTED = "26.0"


@pytest.mark.slow
def test_two_processes_at_once_then_damage(tmp_path: Path) -> None:
    both = [compute(tmp_path), compute(tmp_path)]
    assert [result(process)[0] for process in both] == [EXPECTED] * 2
    assert result(compute(tmp_path)) == (EXPECTED, 0)  # everything comes from the cache now

    kept = sorted(tmp_path.iterdir())
    assert {path.suffix for path in kept} == {".o", ".nbi", ".nbc"}  # and no file half written
    for path in kept:
        content = bytearray(path.read_bytes())
        content[len(content) // 2 :] = b"damaged"
        path.write_bytes(content)
    assert result(compute(tmp_path)) == (EXPECTED, 1)


@pytest.mark.slow
def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert result(compute(tmp_path / "file" / "below")) == (EXPECTED, 1)


def test_what_is_stored_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "folder", lambda: tmp_path / "new")
    assert cache.stored("a.o") is None
    cache.store("a.o", b"code")
    assert cache.stored("a.o") == b"code"
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.o"]


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "folder", lambda: tmp_path)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cache.os, "replace", full)
    cache.store("a.o", b"code")
    assert cache.stored("a.o") is None
    assert not list(tmp_path.iterdir())
