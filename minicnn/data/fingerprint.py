"""What a data set is known by again: a checksum of each of its parts."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from minicnn.data.dataset import Dataset


def fingerprints(dataset: Dataset) -> dict[str, str]:
    """Part ("training", "validation", "test") -> SHA-256 of its images and labels in their order, in hexadecimal."""
    parts = {
        "training": (dataset.x_train, dataset.y_train),
        "validation": (dataset.x_val, dataset.y_val),
        "test": (dataset.x_test, dataset.y_test),
    }
    return {part: _checksum(*arrays) for part, arrays in parts.items()}


def changed_parts(before: Any, now: Mapping[str, str]) -> list[str]:
    """The parts whose fingerprints differ; `before` comes of a file and may be anything."""
    return [part for part, print_ in now.items() if not isinstance(before, Mapping) or before.get(part) != print_]


def _checksum(*arrays: np.ndarray | None) -> str:
    sha = hashlib.sha256()
    for a in arrays:
        if a is not None:
            sha.update(f"{a.dtype} {a.shape}\n".encode())
            sha.update(np.ascontiguousarray(a).data)
    return sha.hexdigest()
