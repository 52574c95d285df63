"""Operators held against the naive loops of `minicnn.kernels.cpu.ladder.loops`, over drawn geometry.

All numbers are small and whole, so that every sum is exact in any order: results must be equal, not just close. Pooled
pixels tie often. `whole` draws a whole number from low to high, both included.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minicnn import ops
from minicnn.geometry import Windows
from minicnn.gradient_check import Case
from minicnn.gradient_check.draws import Whole, windows
from minicnn.kernels.cpu.ladder import loops
from minicnn.random import generator
from tests.ops.calls import Result, run


def conv2d(whole: Whole) -> None:
    """Forward, dx, dw and db, with groups."""
    over, groups, numbers = windows(whole), whole(1, 3), Numbers(whole)
    per_group, filters = whole(1, 2), groups * whole(1, 2)
    x, w, b = numbers(whole(1, 2), *over.image, groups * per_group), numbers(*over.size, per_group, filters), None
    if whole(0, 1):
        b = numbers(filters)
    given = over.strides, over.pads, over.dilation, groups
    y = loops.conv2d(x, w, b, *given)
    dy = numbers(*y.shape)
    dx = loops.conv2d_input_gradient(dy, w, over.image, *given)
    dw = loops.conv2d_weight_gradient(x, dy, over.size, *given)
    found = run(_convolution(ops.conv2d, x, w, b, over, groups=groups), dy)
    _agree(found, Result(y, {"x": dx, "w": dw, **_bias_gradient(b, dy)}))


def depthwise_conv2d(whole: Whole) -> None:
    """Forward, dx, dw and db, with several filters a channel."""
    over, channels, multiplier, numbers = windows(whole), whole(1, 3), whole(1, 3), Numbers(whole)
    x, w = numbers(whole(1, 2), *over.image, channels), numbers(*over.size, channels, multiplier)
    b = numbers(channels * multiplier)
    given = over.strides, over.pads, over.dilation
    y = loops.depthwise_conv2d(x, w, b, *given)
    dy = numbers(*y.shape)
    dx = loops.depthwise_conv2d_input_gradient(dy, w, over.image, *given)
    dw = loops.depthwise_conv2d_weight_gradient(x, dy, over.size, *given)
    found = run(_convolution(ops.depthwise_conv2d, x, w, b, over), dy)
    _agree(found, Result(y, {"x": dx, "w": dw, **_bias_gradient(b, dy)}))


def conv2d_transpose(whole: Whole) -> None:
    """Forward, dx, dw and db; the drawn image is the result, and its windows are the input's pixels."""
    over, channels, filters, numbers = windows(whole), whole(1, 3), whole(1, 3), Numbers(whole)
    x, w, b = numbers(whole(1, 2), *over.outputs, channels), numbers(*over.size, filters, channels), numbers(filters)
    given = over.strides, over.pads, over.dilation
    y = loops.conv2d_transpose(x, w, b, over.image, *given)
    dy = numbers(*y.shape)
    dx = loops.conv2d_transpose_input_gradient(dy, w, over.outputs, *given)
    dw = loops.conv2d_transpose_weight_gradient(x, dy, over.size, *given)
    # What no window reaches at the bottom and right is output_padding.
    axes = zip(over.image, over.outputs, over.strides, over.reach, over.pads, strict=True)
    extra = tuple(image - ((n - 1) * s + r - sum(p)) for image, n, s, r, p in axes)
    found = run(_convolution(ops.conv2d_transpose, x, w, b, over, output_padding=extra), dy)
    _agree(found, Result(y, {"x": dx, "w": dw, **_bias_gradient(b, dy)}))


def max_pool2d(whole: Whole) -> None:
    """Forward and dx, with ties."""
    over, numbers = windows(whole, pooling=True), Numbers(whole)
    x = numbers(whole(1, 2), *over.image, whole(1, 2))
    given = over.size, over.strides, over.pads
    y = loops.max_pool2d(x, *given)
    dy = numbers(*y.shape)
    found = run(_pooling(ops.max_pool2d, x, over), dy)
    _agree(found, Result(y, {"x": loops.max_pool2d_gradient(dy, x, *given)}))


def average_pool2d(whole: Whole) -> None:
    """Forward and dx; the pixels are multiples of all numbers of pixels a window can hold, so that means are whole."""
    over, numbers = windows(whole, pooling=True), Numbers(whole)
    x = 36 * numbers(whole(1, 2), *over.image, whole(1, 2))
    given = over.size, over.strides, over.pads
    y = loops.average_pool2d(x, *given)
    dy = 36 * numbers(*y.shape)
    found = run(_pooling(ops.average_pool2d, x, over), dy)
    _agree(found, Result(y, {"x": loops.average_pool2d_gradient(dy, over.image, *given)}))


ORACLES = {f.__name__: f for f in (conv2d, depthwise_conv2d, conv2d_transpose, max_pool2d, average_pool2d)}


class Numbers:
    """Arrays of whole numbers from -3 to 3, as float64."""

    def __init__(self, whole: Whole) -> None:
        self._rng = generator(whole(0, 2**32 - 1))

    def __call__(self, *shape: int) -> np.ndarray:
        return self._rng.integers(-3, 4, shape).astype(np.float64)


def _convolution(operator: Any, x: np.ndarray, w: np.ndarray, b: np.ndarray | None, over: Windows, **more: Any) -> Case:
    inputs = {"x": x, "w": w} if b is None else {"x": x, "w": w, "b": b}
    return Case(operator, inputs, {"strides": over.strides, "padding": over.pads, "dilation": over.dilation, **more})


def _pooling(operator: Any, x: np.ndarray, over: Windows) -> Case:
    return Case(operator, {"x": x}, {"pool_size": over.size, "strides": over.strides, "padding": over.pads})


def _bias_gradient(b: np.ndarray | None, dy: np.ndarray) -> dict[str, np.ndarray]:
    if b is None:
        return {}
    db = np.zeros_like(b)
    for (*_, k), value in np.ndenumerate(dy):
        db[k] += value
    return {"b": db}


def _agree(found: Result, expected: Result) -> None:
    np.testing.assert_array_equal(found.y, expected.y, strict=True)
    assert found.gradients.keys() == expected.gradients.keys()
    for name, gradient in expected.gradients.items():
        np.testing.assert_array_equal(found.gradients[name], gradient, err_msg=f"gradient of {name}", strict=True)
