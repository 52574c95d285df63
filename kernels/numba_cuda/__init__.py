"""Numba-CUDA twins of the teaching kernels: one file here for one in kernels/cuda, to be read side by side.

A twin has the name, the arguments and the result of its CUDA C sibling. Three things differ. Arrays come flat and know
their length; a CUDA C pointer that may be null is an array that may be empty here. `Real` is asked of an array, since
the types of the arguments choose the program: `Real = x.dtype.type`. And every twin says itself on what grid it runs
(launching.py), so that it can stay simple where its sibling is tuned.

Numba computes in the widest type that it meets: a bare 0.5 is a double, and so is an int divided by an int. So numbers
are written Real(0.5), and the PTX of every float32 twin is searched for .f64 by the tests.
"""

from __future__ import annotations

import importlib
from functools import cache

from minicnn.kernels.numba_cuda.launching import Twin

FAMILIES = ("batch_norm", "cross_entropy", "dropout", "matmul", "patches", "pooling", "sums", "updates")


@cache
def twin_of(program: str, kernel: str) -> Twin | None:
    """The twin of a kernel of a CUDA C program ("matmul", or a variant of it, "matmul.large"), None if it has none.

    Raises ImportError where there is no numba.cuda.
    """
    family = program.partition(".")[0]
    if family not in FAMILIES:
        return None
    found = getattr(importlib.import_module(f"minicnn.kernels.numba_cuda.{family}"), kernel, None)
    return found if isinstance(found, Twin) else None


def twins_of(family: str) -> dict[str, Twin]:
    """All twins of a family by their names."""
    module = importlib.import_module(f"minicnn.kernels.numba_cuda.{family}")
    return {name: found for name, found in vars(module).items() if isinstance(found, Twin)}
