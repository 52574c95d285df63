"""Arrays as the kernels want them: contiguous, aligned and writable, so that each kernel is compiled for one layout."""

from __future__ import annotations

import numpy as np

from minicnn.kernels.recording import performed


def plain(a: np.ndarray) -> np.ndarray:
    """`a` itself if it lies plainly in memory, else a copy that does."""
    if a.flags.carray:
        return a
    copy = np.empty(a.shape, a.dtype)
    performed(np.copyto, copy, a)
    return copy


def flat(a: np.ndarray) -> np.ndarray:
    """(...) -> (n,)."""
    return plain(a).reshape(-1)


def rows(a: np.ndarray) -> np.ndarray:
    """(..., C) -> (rows, C)."""
    return plain(a).reshape(a.size // a.shape[-1] if a.shape[-1] else 0, a.shape[-1])
