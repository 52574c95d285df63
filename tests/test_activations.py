from __future__ import annotations

import numpy as np
import pytest

from minicnn import activations, ops
from minicnn.errors import ArgumentError
from minicnn.gradient_check import gradcheck

MADE = ["exponential", "hard_sigmoid", "hard_silu", "hard_tanh", "log_sigmoid", "mish", "softsign"]


@pytest.mark.parametrize("name", activations._KNOWN)
def test_names_go_there_and_back(name: str) -> None:
    function = activations.get(name)
    assert activations.serialize(function) == {"swish": "silu", "hard_swish": "hard_silu"}.get(name, name)
    assert function is getattr(activations, name)
    assert function is getattr(ops, name, function)


@pytest.mark.parametrize("name", MADE)
def test_gradients_of_those_that_are_made_of_others(name: str) -> None:
    gradcheck(activations.get(name), [np.array([[-7.5, -3.1, -1.3, -0.4], [0.2, 0.7, 2.9, 8.0]])])


@pytest.mark.parametrize("name", [*MADE, "elu", "selu", "gelu", "silu", "softplus", "log_softmax"])
def test_arrays_stay_arrays_and_large_numbers_are_survived(name: str) -> None:
    x = np.array([[-80.0, 0.0, 80.0]], np.float32)
    y = activations.get(name)(x)
    assert type(y) is np.ndarray
    assert y.dtype == np.float32
    assert np.isfinite(y).all()


def test_none_is_linear_and_functions_are_taken_as_they_are() -> None:
    x = np.array([-1.0, 2.0])
    assert activations.get(None)(x) is x
    assert activations.get(np.abs) is np.abs


@pytest.mark.parametrize("wrong", ["reluu", 5, ["relu"], {"class_name": "relu"}])
def test_unknown(wrong: object) -> None:
    with pytest.raises(ArgumentError, match=r"there is no activation .* Known: elu, exponential, gelu"):
        activations.get(wrong)
    with pytest.raises(ArgumentError, match=r"is not one of .*: it cannot be saved"):
        activations.serialize(np.abs)
