"""Lists of numbers of different lengths as rows of one array: what a text is for `layers.Embedding`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minicnn.errors import ArgumentError
from minicnn.geometry import is_int
from minicnn.numeric import numeric

_SIDES = ("pre", "post")


def pad_sequences(
    sequences: Sequence[Any],
    maxlen: int | None = None,
    dtype: str = "int32",
    padding: str = "pre",
    truncating: str = "pre",
    value: float = 0.0,
) -> np.ndarray:
    """N sequences of numbers as an array (N, maxlen): short ones filled up with `value`, long ones cut.

    maxlen: the length of the longest, unless given. padding, truncating: "pre" fills and cuts at the beginning, "post"
    at the end. Raises ArgumentError for what is no list of sequences, and for other words; DTypeError for no numbers.

    >>> pad_sequences([[1, 2, 3], [4]], maxlen=2)
    array([[2, 3],
           [0, 4]], dtype=int32)
    """
    for name, side in (("padding", padding), ("truncating", truncating)):
        if side not in _SIDES:
            raise ArgumentError(f"pad_sequences: {name} must be 'pre' or 'post', got {side!r:.80}")
    if not all(hasattr(sequence, "__len__") for sequence in sequences):
        raise ArgumentError("pad_sequences: sequences must be a list of lists of numbers")
    if maxlen is not None and (not is_int(maxlen) or maxlen < 1):
        raise ArgumentError(f"pad_sequences: maxlen must be a whole number of at least 1, got {maxlen!r:.80}")
    length = max((len(sequence) for sequence in sequences), default=0) if maxlen is None else int(maxlen)
    rows = np.full((len(sequences), length), value, dtype)
    for row, sequence in zip(rows, sequences, strict=True):
        kept = numeric(sequence[-length:] if truncating == "pre" else sequence[:length], "pad_sequences: a sequence")
        row[length - len(kept) if padding == "pre" else 0 :][: len(kept)] = kept
    return rows
