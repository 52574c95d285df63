"""Keras itself, where it is installed, in the process of the tests."""

from __future__ import annotations

import importlib
import os
from typing import Any

import pytest


def live_keras() -> Any:
    """Keras, on PyTorch unless somebody chose; skips where it is not installed.

    PyTorch gets one thread. It brings an OpenMP library of its own beside the one that the kernels here run on: two
    sets of threads on the same cores, and on a busy machine every one of the many small operators then waits for a
    thread of the other set to be put aside. Sixteen small networks took minutes, and looked as if they hung.
    """
    os.environ.setdefault("KERAS_BACKEND", "torch")
    keras = pytest.importorskip("keras", reason="Keras is not installed: nothing to compare with")
    if keras.backend.backend() == "torch":
        importlib.import_module("torch").set_num_threads(1)
    return keras
