from __future__ import annotations

import numpy as np
import pytest

from minicnn import Input, Sequential, layers
from minicnn.errors import ArgumentError, ShapeError


def test_input_gives_the_shape_of_one_example() -> None:
    assert Sequential([Input(shape=(28, 28, 1), batch_size=64)]).input_shape == (None, 28, 28, 1)
    assert Input is layers.Input


def test_passes_its_input_on() -> None:
    x = np.ones((2, 3), np.float32)
    np.testing.assert_array_equal(Sequential([Input((3,))])(x).data, x)


@pytest.mark.parametrize("shape", [None, 28, "28", (28, 0), (28, -1), (28, 1.5), (True,), (28, "1")])
def test_shapes_that_are_none(shape: object) -> None:
    with pytest.raises(ArgumentError, match=r"Input.* the shape of one example, e\.g\. "):
        Input(shape)


def test_an_open_size_is_only_for_the_batch() -> None:
    with pytest.raises(ShapeError, match="needs sizes that are known, except for the batch"):
        Sequential([Input((None, None, 3)), layers.Conv2D(4, 3)])
