from __future__ import annotations

import numpy as np
import pytest

from minicnn import activations, ops
from minicnn.errors import ArgumentError

NAMES = ["linear", "relu", "relu6", "leaky_relu", "sigmoid", "tanh", "softmax"]


@pytest.mark.parametrize("name", NAMES)
def test_names_go_there_and_back(name: str) -> None:
    function = activations.get(name)
    assert activations.serialize(function) == name
    assert function is getattr(activations, name)
    assert name == "linear" or function is getattr(ops, name)


def test_none_is_linear_and_functions_are_taken_as_they_are() -> None:
    x = np.array([-1.0, 2.0])
    assert activations.get(None)(x) is x
    assert activations.get(np.abs) is np.abs


@pytest.mark.parametrize("wrong", ["reluu", 5, ["relu"], {"class_name": "relu"}])
def test_unknown(wrong: object) -> None:
    with pytest.raises(ArgumentError, match=r"there is no activation .* Known: leaky_relu, linear, relu"):
        activations.get(wrong)
    with pytest.raises(ArgumentError, match=r"is not one of .*: it cannot be saved"):
        activations.serialize(np.abs)
