from __future__ import annotations

import numpy as np
import pytest

from minicnn.data.labels import balanced_class_weight
from minicnn.errors import ArgumentError, DataError, DTypeError
from minicnn.utils import to_categorical


@pytest.mark.parametrize("shape", [(3,), (3, 1), (3, 2), (3, 2, 1)])
def test_one_hot_rows(shape: tuple[int, ...]) -> None:
    labels = np.arange(np.prod(shape)).reshape(shape) % 4
    rows = to_categorical(labels, 5)
    assert rows.dtype == np.float64
    assert rows.shape == (*(shape[:-1] if len(shape) > 1 and shape[-1] == 1 else shape), 5)
    np.testing.assert_array_equal(rows.argmax(axis=-1).ravel(), labels.ravel())
    np.testing.assert_array_equal(rows.sum(axis=-1), 1)


def test_classes_are_counted_unless_given() -> None:
    assert to_categorical([0, 2]).shape == (2, 3)
    assert to_categorical([0, 2], num_classes=7).shape == (2, 7)


def test_labels_that_do_not_fit() -> None:
    with pytest.raises(DataError, match=r"labels go from 0 to 3; with 3 classes they must be 0 to 2"):
        to_categorical([0, 3], 3)
    with pytest.raises(DataError, match="labels go from -1 to 1"):
        to_categorical([-1, 1])
    with pytest.raises(ArgumentError, match="num_classes must be a whole number"):
        to_categorical([1], 0)
    with pytest.raises(DTypeError, match="must hold real numbers"):
        to_categorical(["cat"])


def test_balanced_weights_make_every_class_count_the_same() -> None:
    labels = np.array([3] * 6 + [5] * 2)
    weights = balanced_class_weight(labels)
    assert weights == {3: pytest.approx(8 / 12), 5: pytest.approx(2.0)}
    assert sum(weights[int(label)] for label in labels) == pytest.approx(len(labels))
