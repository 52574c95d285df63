"""A data set is known again by every number in it, their order and their shapes."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from minicnn.data.dataset import Dataset, make_dataset
from minicnn.data.fingerprint import changed_parts, fingerprints
from minicnn.data.split import with_validation

X, Y = np.arange(20 * 4 * 6, dtype=np.uint8).reshape(20, 4, 6, 1), np.arange(20) % 2


@pytest.fixture
def data() -> Dataset:
    return with_validation(make_dataset("set", (X, Y), (X[:4], Y[:4])))


def test_the_same_data_have_the_same_prints(data: Dataset) -> None:
    again = with_validation(make_dataset("other name", (X.copy(), Y.tolist()), (X[:4], Y[:4])))
    assert changed_parts(fingerprints(data), fingerprints(again)) == []


@pytest.mark.parametrize(
    ("field", "part"),
    [
        ("x_train", "training"),
        ("y_train", "training"),
        ("x_val", "validation"),
        ("y_val", "validation"),
        ("x_test", "test"),
        ("y_test", "test"),
    ],
)
def test_one_number_or_the_order_makes_a_difference(field: str, part: str, data: Dataset) -> None:
    array = getattr(data, field)
    one = array.copy()
    one.flat[-1] ^= 1
    for other in (one, array[::-1], array[:-1], *([array.swapaxes(1, 2)] if array.ndim == 4 else [])):
        changed = dataclasses.replace(data, **{field: other})
        assert changed_parts(fingerprints(data), fingerprints(changed)) == [part]


def test_numbers_that_are_read_as_another_shape(data: Dataset) -> None:
    flat = dataclasses.replace(data, x_test=data.x_test.reshape(4, 6, 4, 1))
    assert changed_parts(fingerprints(data), fingerprints(flat)) == ["test"]


@pytest.mark.parametrize("before", [None, 5, [], {}, {"training": 5}, "training"], ids=repr)
def test_what_is_no_print_is_another(before: object, data: Dataset) -> None:
    assert changed_parts(before, fingerprints(data)) == ["training", "validation", "test"]
