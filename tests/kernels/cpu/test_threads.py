"""Threads: the same bits for any number of them, and a number that obeys whoever sets it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import numpy as np
import pytest

import minicnn
from minicnn.backends import numba
from minicnn.errors import ArgumentError
from minicnn.geometry import Windows
from minicnn.kernels.cpu import threads

from .digest import check, results


def python(*arguments: str, **environment: str) -> str:
    """The output of a Python of its own: how many threads there can be is settled when Numba is imported."""
    kept = {k: v for k, v in os.environ.items() if k not in ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS")}
    done = subprocess.run(
        [sys.executable, *arguments], env={**kept, **environment}, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 1e-5), (np.float64, 1e-13)])
def test_the_kernels_agree_with_the_numpy_backend(dtype: type, tolerance: float) -> None:
    check(results, dtype, tolerance)


@pytest.mark.slow
def test_the_number_of_threads_changes_no_bit() -> None:
    digests = python("-m", "tests.kernels.cpu.digest", "1", "2", "3", "4", NUMBA_NUM_THREADS="4").splitlines()
    assert len(digests) == 4
    assert len(set(digests)) == 1


ASK = "import minicnn; print(minicnn.get_num_threads())"


def test_the_environment_sets_the_number() -> None:
    assert python("-c", ASK, OMP_NUM_THREADS="1") == "1"
    assert python("-c", ASK, NUMBA_NUM_THREADS="3") == "3"
    assert python("-c", ASK, NUMBA_NUM_THREADS="3", OMP_NUM_THREADS="1") == "3"  # the more particular one


def test_set_num_threads() -> None:
    before = minicnn.get_num_threads()
    try:
        minicnn.set_num_threads(1)
        assert minicnn.get_num_threads() == 1
        with threads.exclusive:
            assert threads.numba.get_num_threads() == 1
    finally:
        minicnn.set_num_threads(before)


@pytest.mark.parametrize("n", [0, -1, 10_000, 1.5, "two", True])
def test_a_number_of_threads_that_makes_no_sense(n: object) -> None:
    with pytest.raises(ArgumentError, match=r"n must be a whole number from 1 to \d+, got "):
        minicnn.set_num_threads(n)


def test_several_python_threads_may_compute_at_once() -> None:
    """They share scratch memory, and Numba's workqueue layer would end the process."""
    windows = Windows.over((20, 20), 3, 1, "same")
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((4, 20, 20, 8)), rng.standard_normal((3, 3, 8, 8))
    expected = numba.conv2d(x, w, None, windows, 1)
    found: list[np.ndarray] = []
    workers = [
        threading.Thread(target=lambda: [found.append(numba.conv2d(x, w, None, windows, 1)) for _ in range(20)])
        for _ in range(4)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(found) == 80
    assert all(np.array_equal(y, expected) for y in found)


def test_the_threading_layer_is_known() -> None:
    assert threads.layer() in ("omp", "tbb", "workqueue")
