"""Functions that are written with operators: NumPy's numbers, right gradients, and layers on symbolic tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from minicnn import Input, Model, ops
from minicnn.errors import ArgumentError, ShapeError
from minicnn.gradient_check import gradcheck
from minicnn.random import generator
from tests.conftest import Spy

X = generator(0).permutation(24).reshape(2, 3, 1, 4) / 8 - 1.55  # distinct, and nowhere at a kink

FUNCTIONS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "abs": (ops.abs, np.abs),
    "abs of Python": (abs, np.abs),
    "square": (ops.square, np.square),
    "rsqrt": (lambda x: ops.rsqrt(x * x), lambda x: 1 / np.abs(x)),
    "clip": (lambda x: ops.clip(x, -0.5, 0.75), lambda x: x.clip(-0.5, 0.75)),
    "min": (lambda x: ops.min(x, (1, 2)), lambda x: x.min(axis=(1, 2))),
    "min, kept": (lambda x: ops.min(x, -1, keepdims=True), lambda x: x.min(axis=-1, keepdims=True)),
    "var": (lambda x: ops.var(x, (1, 3)), lambda x: x.var(axis=(1, 3))),
    "std": (lambda x: ops.std(x, -1, keepdims=True), lambda x: x.std(axis=-1, keepdims=True)),
    "expand_dims": (lambda x: ops.expand_dims(x, -2), lambda x: x[:, :, :, None]),
    "squeeze": (lambda x: ops.squeeze(x, 2), lambda x: x[:, :, 0]),
    "squeeze all": (ops.squeeze, lambda x: x[:, :, 0]),
    "flip": (lambda x: ops.flip(x, (1, -1)), lambda x: x[:, ::-1, :, ::-1]),
    "swapaxes": (lambda x: ops.swapaxes(x, 1, -1), lambda x: x.swapaxes(1, 3)),
    "stack": (lambda x: ops.stack([x, x * 2.0], axis=-1), lambda x: np.stack([x, x * 2], axis=-1)),
    "split": (lambda x: ops.split(x, 2, axis=-1)[1], lambda x: x[..., 2:]),
    "split at": (lambda x: ops.split(x, [1, 3], axis=3)[1], lambda x: x[..., 1:3]),
}
every_function = pytest.mark.parametrize(("ours", "numpys"), FUNCTIONS.values(), ids=FUNCTIONS)


@every_function
def test_numbers_and_gradients(backend: Spy, ours: Callable[[Any], Any], numpys: Callable[[Any], Any]) -> None:
    np.testing.assert_allclose(ours(X), numpys(X), rtol=1e-12)
    gradcheck(ours, [X])


@every_function
def test_on_symbolic_tensors_they_are_layers(ours: Callable[[Any], Any], numpys: Callable[[Any], Any]) -> None:
    x = Input(X.shape[1:], dtype="float64")
    model = Model(x, ours(x))
    assert model.output_shape == (None, *numpys(X).shape[1:])
    np.testing.assert_allclose(model.predict(X), numpys(X), rtol=1e-12)
    again = Model.from_config(model.get_config())
    np.testing.assert_array_equal(again.predict(X), model.predict(X))


BAD: dict[str, tuple[Callable[[], Any], str]] = {
    "no axis": (lambda: ops.expand_dims(X, 7), r"expand_dims: axis must be in -5..4, got 7"),
    "two axes": (lambda: ops.swapaxes(X, (0, 1), 2), r"swapaxes: axis must be a whole number, got \(0, 1\)"),
    "halves of three": (lambda: ops.split(X, 2, axis=1), "split: 3 cannot be split by 2 into equal parts"),
    "the batch": (lambda: ops.split(Input((4,)), 2), "split: None cannot be split by 2"),
    "no list": (lambda: ops.stack(X), "stack: xs must be a list of arrays"),
    "axes that are not there": (lambda: ops.swapaxes(X, 1, 4), "swapaxes: axis must be"),
}


@pytest.mark.parametrize(("call", "message"), BAD.values(), ids=BAD)
def test_what_makes_no_sense(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        call()


def test_only_axes_of_length_one_are_squeezed() -> None:
    with pytest.raises(ShapeError, match=r"squeeze: axes \(1,\) of shape \(2, 3, 1, 4\) are to have a length of 1"):
        ops.squeeze(X, 1)


def test_what_is_not_there_says_what_is() -> None:
    with pytest.raises(AttributeError, match=r"minicnn.ops has no 'conv2D'; did you mean 'conv2d'\?; what can be"):
        ops.conv2D  # noqa: B018
    with pytest.raises(AttributeError, match=r"minicnn.ops has no 'einsum'; what can be computed with its operators"):
        ops.einsum  # noqa: B018
    assert not hasattr(ops, "argsort")
