"""The software GPU needs g++; where there is none, only the test of that message runs."""

from __future__ import annotations

import shutil

import pytest


@pytest.fixture(scope="session", autouse=True)
def _compiler() -> None:
    if shutil.which("g++") is None:
        pytest.skip("the software GPU compiles with g++, and there is none on this machine")
