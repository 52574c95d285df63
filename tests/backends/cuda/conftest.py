"""The GPU backend's own tests run on the software GPU, which needs g++."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import pytest

from minicnn.backends import dispatch, status
from minicnn.backends.cuda.border import contract_on
from minicnn.backends.cuda.on_simulator import SimulatedDevice

WITHOUT_COMPILER = "the software GPU compiles with g++, and there is none on this machine"


@pytest.fixture
def _compiler() -> None:
    if status()["cuda-sim"]:
        pytest.skip(WITHOUT_COMPILER)


@cache
def simulated(mode: str) -> Any:
    """Backend `cuda-sim` with kernels compiled in that mode."""
    return contract_on(SimulatedDevice(mode), "cuda-sim")


@contextmanager
def computing(backend: Any) -> Iterator[None]:
    """As `use_backend` does, for a backend that has no name of its own."""
    token = dispatch._chosen.set(backend)
    try:
        yield
    finally:
        dispatch._chosen.reset(token)
