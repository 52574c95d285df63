from __future__ import annotations

import numpy as np
import pytest

from minicnn.data.normalize import normalize
from minicnn.data.sequences import pad_sequences
from minicnn.errors import ArgumentError, DTypeError

ROWS = [[1, 2, 3], [], [4, 5]]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [[1, 2, 3], [0, 0, 0], [0, 4, 5]]),
        ({"padding": "post"}, [[1, 2, 3], [0, 0, 0], [4, 5, 0]]),
        ({"maxlen": 2}, [[2, 3], [0, 0], [4, 5]]),
        ({"maxlen": 2, "truncating": "post", "value": 9}, [[1, 2], [9, 9], [4, 5]]),
    ],
    ids=str,
)
def test_rows_are_filled_and_cut_as_asked(options: dict, expected: list[list[int]]) -> None:
    rows = pad_sequences(ROWS, **options)
    assert rows.dtype == np.int32
    assert rows.tolist() == expected


def test_what_cannot_be_padded() -> None:
    with pytest.raises(ArgumentError, match="padding must be 'pre' or 'post', got 'left'"):
        pad_sequences(ROWS, padding="left")
    with pytest.raises(ArgumentError, match="must be a list of lists"):
        pad_sequences([1, 2])
    with pytest.raises(ArgumentError, match="maxlen must be a whole number of at least 1, got 0"):
        pad_sequences(ROWS, maxlen=0)
    with pytest.raises(DTypeError, match="must hold real numbers"):
        pad_sequences([["a", "word"]])


def test_rows_of_one_length() -> None:
    x = np.array([[3, 4], [0, 0], [5, -12]])
    assert np.array_equal(normalize(x), [[0.6, 0.8], [0, 0], [5 / 13, -12 / 13]])
    assert normalize(x.astype("float32")).dtype == np.float32
    np.testing.assert_allclose(np.abs(normalize(x, axis=0, order=1)).sum(axis=0), 1)
    with pytest.raises(ArgumentError, match=r"axis must be in -2\.\.1, got 2"):
        normalize(x, axis=2)
