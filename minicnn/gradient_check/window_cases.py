"""Cases of the operators that slide a window over images: convolutions and poolings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minicnn import ops
from minicnn.geometry import Windows
from minicnn.gradient_check.case import Case, Draw
from minicnn.gradient_check.draws import distinct, transposed_pads, whole_from, windows


def conv2d(rng: np.random.Generator) -> Case:
    """With groups, with and without bias."""
    whole = whole_from(rng)
    over, groups = windows(whole), whole(1, 3)
    channels, filters = groups * whole(1, 2), groups * whole(1, 2)
    x = rng.standard_normal((whole(1, 2), *over.image, channels))
    w = rng.standard_normal((*over.size, channels // groups, filters))
    return Case(ops.conv2d, {"x": x, "w": w, **_bias(rng, filters)}, {**_options(rng, over), "groups": groups})


def depthwise_conv2d(rng: np.random.Generator) -> Case:
    """One to three filters a channel."""
    whole = whole_from(rng)
    over, channels, multiplier = windows(whole), whole(1, 3), whole(1, 3)
    x = rng.standard_normal((whole(1, 2), *over.image, channels))
    w = rng.standard_normal((*over.size, channels, multiplier))
    return Case(ops.depthwise_conv2d, {"x": x, "w": w, **_bias(rng, channels * multiplier)}, _options(rng, over))


def conv2d_transpose(rng: np.random.Generator) -> Case:
    """Keras's two paddings, and explicit ones with output_padding."""
    whole = whole_from(rng)
    over, inputs, channels, filters = windows(whole), (whole(1, 3), whole(1, 3)), whole(1, 3), whole(1, 3)
    x = rng.standard_normal((whole(1, 2), *inputs, channels))
    w = rng.standard_normal((*over.size, filters, channels))
    options: dict[str, Any] = {"strides": over.strides, "dilation": over.dilation}
    options["padding"] = rng.choice(["valid", "same", "explicit"]).item()
    if options["padding"] == "explicit":
        axes = zip(inputs, over.size, over.strides, over.dilation, strict=True)
        (top, bottom, below), (left, right, beside) = (transposed_pads(whole, *axis) for axis in axes)
        options.update(padding=((top, bottom), (left, right)), output_padding=(below, beside))
    return Case(ops.conv2d_transpose, {"x": x, "w": w, **_bias(rng, filters)}, options)


def max_pool2d(rng: np.random.Generator) -> Case:
    """Distinct pixels: a tie would be a kink."""
    return _pool(ops.max_pool2d, rng)


def average_pool2d(rng: np.random.Generator) -> Case:
    """Windows with padding hold fewer pixels."""
    return _pool(ops.average_pool2d, rng)


def global_max_pool2d(rng: np.random.Generator) -> Case:
    """Distinct pixels."""
    return Case(ops.global_max_pool2d, {"x": distinct(rng, rng.integers(1, 5, 4))})


def global_average_pool2d(rng: np.random.Generator) -> Case:
    """One pixel too."""
    return Case(ops.global_average_pool2d, {"x": rng.standard_normal(rng.integers(1, 5, 4))})


def _pool(operator: Callable[..., Any], rng: np.random.Generator) -> Case:
    whole = whole_from(rng)
    over = windows(whole, pooling=True)
    x = distinct(rng, (whole(1, 2), *over.image, whole(1, 3)))
    options = _options(rng, over)
    del options["dilation"]
    return Case(operator, {"x": x}, {"pool_size": over.size, **options})


def _options(rng: np.random.Generator, over: Windows) -> dict[str, Any]:
    """The drawn geometry as arguments, now and then with "same" in place of the drawn padding."""
    padding = "same" if rng.random() < 0.25 else over.pads
    return {"strides": over.strides, "padding": padding, "dilation": over.dilation}


def _bias(rng: np.random.Generator, n: int) -> dict[str, np.ndarray]:
    return {"b": rng.standard_normal(n)} if rng.random() < 0.7 else {}


WINDOW_CASES: dict[str, Draw] = {
    draw.__name__: draw
    for draw in (
        conv2d,
        depthwise_conv2d,
        conv2d_transpose,
        max_pool2d,
        average_pool2d,
        global_max_pool2d,
        global_average_pool2d,
    )
}
