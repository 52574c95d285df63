"""What the steps of the ladder have in common: a name, an idea, and a call that checks its arguments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Pair = tuple[int, int]


@dataclass(frozen=True)
class Step:
    """A convolution, and what is new about it."""

    name: str
    idea: str
    source: str
    into: Callable[[np.ndarray, np.ndarray, np.ndarray, Pair], None]
    """(x, w, y, strides): computes y without checking or allocating anything; this is what is timed."""
    threaded: bool = False

    def __call__(self, x: np.ndarray, w: np.ndarray, strides: Pair = (1, 1)) -> np.ndarray:
        """x (N, H, W, C), w (R, S, C, K), strides (down, across) -> y (N, OH, OW, K). No padding: pad x before.

        OH = floor((H - R) / down) + 1, OW likewise. Raises TypeError unless both are float32, and ValueError if the
        shapes do not fit or the step cannot do them; the message says what it can.
        """
        _check(self.name, x, w, strides)
        outputs = [(n - taps) // step + 1 for n, taps, step in zip(x.shape[1:3], w.shape[:2], strides, strict=True)]
        y = np.empty((len(x), *outputs, w.shape[3]), x.dtype)
        if y.size:
            self.into(np.ascontiguousarray(x), np.ascontiguousarray(w), y, strides)
        return y


def _check(step: str, x: np.ndarray, w: np.ndarray, strides: Pair) -> None:
    if x.dtype != np.float32 or w.dtype != np.float32:
        raise TypeError(f"step {step!r} computes in float32; got x of {x.dtype} and w of {w.dtype}")
    if x.ndim != 4 or w.ndim != 4 or x.shape[3] != w.shape[2]:
        raise ValueError(
            f"step {step!r} expects x (N, H, W, C) and w (R, S, C, K) with the same C; got {x.shape} and {w.shape}"
        )
    if min(strides) < 1:
        raise ValueError(f"step {step!r} expects strides of at least 1; got {strides}")
    if min(w.shape) < 1 or x.shape[1] < w.shape[0] or x.shape[2] < w.shape[1]:
        raise ValueError(f"step {step!r}: a kernel of {w.shape} does not fit an x of {x.shape}; pad x, or take less")
