from __future__ import annotations

import numpy as np
import pytest

from minicnn.errors import DTypeError
from minicnn.numeric import numeric
from minicnn.tensor import Tensor


def test_arrays_and_tensors_stay_as_they_are() -> None:
    for dtype in (np.float32, np.float64, np.int64, np.uint8, bool):
        array = np.ones(3, dtype)
        assert numeric(array, "x") is array
    tensor = Tensor(np.ones(3))
    assert numeric(tensor, "x") is tensor.data


def test_lists_become_what_numpy_makes_of_them() -> None:
    assert numeric([1, 2], "x").dtype == np.int64
    assert numeric([[1.5], [2]], "x").dtype == np.float64
    assert numeric(3, "x").shape == ()


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("abc", "'abc'"),
        (None, "None"),
        ([[1], [2, 3]], r"\[\[1\], \[2, 3\]\]"),
        ([1j], r"\[1j\]"),
        ({"a": 1}, "{'a': 1}"),
        (np.array(["a"]), "<U1"),
        (np.array([None]), "object"),
        (np.array([1j]), "complex128"),
        ([2**100], r"\["),
    ],
    ids=str,
)
def test_what_holds_no_real_numbers(value: object, found: str) -> None:
    with pytest.raises(DTypeError, match=f"^the pixels must hold real numbers, .*; got {found}"):
        numeric(value, "the pixels")
