"""Architectures in JSON that are none, or that only look like one: each is refused with a reason."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from minicnn import models
from minicnn.errors import (
    ArgumentError,
    MinicnnError,
)

Case = tuple[Callable[[], Any], type[MinicnnError], str]


def architecture(*chain: dict[str, Any], **more: Any) -> str:
    return json.dumps({"class_name": "Sequential", "config": {"name": "net", "layers": list(chain), **more}})


def dense(**config: Any) -> dict[str, Any]:
    return {"class_name": "Dense", "config": {"units": 3, **config}}


ARCHITECTURES: dict[str, Case] = {
    name: (lambda text=text: models.model_from_json(text), ArgumentError, message)
    for name, text, message in (
        ("no JSON", "{'class_name'", "the architecture is not JSON: "),
        ("nothing", None, "the architecture is not JSON: "),
        ("nested without end", "[" * 100_000, "the architecture is not JSON: "),
        ("nested deeply", '{"a":' * 900 + "1" + "}" * 900, "an architecture must be"),
        ("a list", "[]", r'an architecture must be \{"class_name": "Sequential", "config"'),
        ("another class", '{"class_name": "Functional", "config": {}}', "an architecture must be"),
        ("no layers", '{"class_name": "Sequential", "config": {}}', "a model's config must be"),
        ("a layer that is a number", architecture(5), "a layer's config must be"),  # type: ignore[arg-type]
        ("an unknown layer", architecture({"class_name": "Own", "config": {}}), "there is no layer 'Own'"),
        (
            "a function",
            architecture({"class_name": "Lambda", "config": {"function": "eval"}}),
            "Lambda: function must be a function, got 'eval'; when loading a model, pass it in",
        ),
        ("a class name that is a list", architecture({"class_name": ["Dense"], "config": {}}), "there is no layer"),
        (
            "an unknown argument",
            architecture(dense(color="red")),
            "layer 'Dense' cannot be made from its config: .*color",
        ),
        ("a missing argument", architecture({"class_name": "Dense", "config": {}}), "'Dense' cannot be made.*units"),
        ("a name that is a list", architecture(dense(name=["a"])), "Dense: name must be a string"),
        ("a negative size", architecture(dense(units=-1)), "Dense: units must be a whole number of at least 1"),
        ("a huge size", architecture(dense(units=10**30), input_shape=[5]), "choose smaller sizes"),
        (
            "huge images",
            architecture({"class_name": "ZeroPadding2D", "config": {"padding": 10**9}}, input_shape=[5, 5, 1]),
            "one example's output of shape .* choose smaller sizes",
        ),
        (
            "a value in words",
            architecture(dense(kernel_initializer={"class_name": "Constant", "config": {"value": "x"}})),
            "Constant: value must be a finite number",
        ),
        ("a flag in words", architecture(dense(use_bias="False")), "Dense: use_bias must be True or False"),
        (
            "an input shape that is a number",
            architecture(dense(), input_shape=5),
            "shape must be the shape of one example",
        ),
        (
            "a dtype that is none",
            architecture(dense(), dtype="int8"),
            "dtype must be 'float32' or 'float64', got 'int8'",
        ),
        ("layers of the same name", architecture(dense(name="a"), dense(name="a")), "two layers named 'a'; names must"),
    )
}


@pytest.mark.parametrize(("call", "error", "message"), ARCHITECTURES.values(), ids=ARCHITECTURES)
def test_architectures(call: Callable[[], Any], error: type[MinicnnError], message: str) -> None:
    with pytest.raises(error, match=message) as caught:
        call()
    assert type(caught.value) is error
    assert "minicnn" in Path(caught.traceback[-1].path).parts, "not from inside NumPy"
