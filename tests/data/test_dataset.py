from __future__ import annotations

import re

import numpy as np
import pytest

from minicnn.data.dataset import make_dataset
from minicnn.errors import DataError

X, Y = np.zeros((4, 5, 6), np.uint8), np.array([0, 1, 2, 1])


def test_arrays_arrive_in_one_form() -> None:
    dataset = make_dataset("d", (X, Y[:, np.newaxis]), (X[:2] / 255, Y[:2].astype(np.uint8)), val=(X[:1], Y[:1]))
    assert dataset.x_train.shape == (4, 5, 6, 1)
    assert dataset.image_shape == (5, 6, 1)
    assert dataset.x_test.dtype == np.uint8
    assert dataset.y_test.dtype == np.int64
    assert dataset.class_names == ("0", "1", "2")
    assert dataset.classes == 3
    assert dataset.x_val.shape == (1, 5, 6, 1)


BAD = {
    "two sizes": ((X, Y), (np.zeros((1, 6, 5), np.uint8), [0]), None, "x_test are 6 x 5 x 1, those of x_train 5 x 6"),
    "bad test labels": ((X, Y), (X, -Y), None, "d: y_test: contains label -2"),
    "labels beyond the names": ((X, Y), (X, Y), ["a", "b"], "label 2 at index 2, but with 2 classes"),
    "one class": ((X, Y * 0), (X, Y * 0), None, "has 1 class; a classifier needs at least two"),
    "identifiers": ((X, Y + 10**9), (X, Y), None, "labels go up to 1000000002, with only 4 training images"),
    "unequal numbers": ((X, Y[:3]), (X, Y), None, "d: y_train: has 3 labels for 4 images"),
    "NaN": ((X * np.nan, Y), (X, Y), None, "d: x_train: contains 120 values that are NaN"),
}


@pytest.mark.parametrize(("train", "test", "names", "message"), BAD.values(), ids=BAD)
def test_what_fits_no_classifier(train: tuple, test: tuple, names: list[str] | None, message: str) -> None:
    with pytest.raises(DataError, match=re.escape(message)):
        make_dataset("d", train, test, class_names=names)
