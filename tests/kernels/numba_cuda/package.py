"""The compiler of the Numba twins; without it the tests that need it are skipped."""

from __future__ import annotations

import importlib.util

HOW = "numba-cuda is not installed: pip install 'minicnn[numba-cuda]'"


def is_installed() -> bool:
    """Whether numba-cuda is there."""
    return importlib.util.find_spec("numba_cuda") is not None
