"""Bad arguments are met at the operators' door: the exception's class, the operator and the argument are all named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

from minicnn import Tensor, ops
from minicnn.errors import ArgumentError, DataError, DTypeError, MinicnnError, ShapeError
from minicnn.gradient_check import CASES, Case
from minicnn.random import generator


class Door(NamedTuple):
    """A call that must fail: how, and what the message must say after the operator's name, in this order."""

    operator: Callable[..., Any]
    arguments: tuple[Any, ...]
    options: dict[str, Any]
    error: type[MinicnnError]
    phrases: list[str]

    def __str__(self) -> str:
        return f"{self.operator.__name__}: {' … '.join(self.phrases)}"


def door(error: type[MinicnnError], says: str, operator: Callable[..., Any], *arguments: Any, **options: Any) -> Door:
    """`says` holds the phrases of the message, with " … " between them."""
    return Door(operator, arguments, options, error, says.split(" … "))


def ones(*shape: int, dtype: Any = np.float32) -> np.ndarray:
    return np.ones(shape, dtype)


IMAGES, KERNEL, DEEP, STAMP = ones(2, 6, 6, 4), ones(3, 3, 4, 8), ones(3, 3, 4, 2), ones(3, 3, 8, 4)
DOUBLE, WHOLE = np.float64, np.int64

CONVOLUTIONS = [
    door(ShapeError, "x must have the axes (N, H, W, C) … x[None]", ops.conv2d, ones(6, 6, 4), KERNEL),
    door(ShapeError, "x must have … got shape (2, 3, 6, 6, 4)", ops.conv2d, ones(2, 3, 6, 6, 4), KERNEL),
    door(ShapeError, "w must have the axes (R, S, C / groups, K)", ops.conv2d, IMAGES, ones(3, 3, 4)),
    door(ShapeError, "x … 4 channels … w must be (R, S, 4, K); got", ops.conv2d, IMAGES, ones(3, 3, 5, 8)),
    door(ShapeError, "w must be (R, S, 4, K); got (3, 3, 4, 0)", ops.conv2d, IMAGES, ones(3, 3, 4, 0)),
    door(ShapeError, "b must have shape (8,) … got (7,)", ops.conv2d, IMAGES, KERNEL, ones(7)),
    door(ShapeError, "b must have shape (8,) … got (1, 8)", ops.conv2d, IMAGES, KERNEL, ones(1, 8)),
    door(ArgumentError, "groups must divide the 4 … the 8 … got 3", ops.conv2d, IMAGES, KERNEL, groups=3),
    door(ArgumentError, "groups must divide … got 0", ops.conv2d, IMAGES, KERNEL, groups=0),
    door(ArgumentError, "groups must divide … got 1.0", ops.conv2d, IMAGES, KERNEL, groups=1.0),
    door(ShapeError, "in 2 group(s) w must be (R, S, 2, K)", ops.conv2d, IMAGES, KERNEL, groups=2),
    door(ArgumentError, "strides must be … at least 1 … got 0", ops.conv2d, IMAGES, KERNEL, strides=0),
    door(ArgumentError, "strides must be … got (1, 2, 3)", ops.conv2d, IMAGES, KERNEL, strides=(1, 2, 3)),
    door(ArgumentError, "strides must be … got '2'", ops.conv2d, IMAGES, KERNEL, strides="2"),
    door(ArgumentError, "dilation must be … got -1", ops.conv2d, IMAGES, KERNEL, dilation=-1),
    door(ArgumentError, "padding must be 'valid', 'same' … got 'full'", ops.conv2d, IMAGES, KERNEL, padding="full"),
    door(ArgumentError, "padding … at least 0 … got -1", ops.conv2d, IMAGES, KERNEL, padding=-1),
    door(ArgumentError, "padding … got array([1, 1])", ops.conv2d, IMAGES, KERNEL, padding=np.array([1, 1])),
    door(ShapeError, "a 7x7 window … 6x6 … use padding='same'", ops.conv2d, IMAGES, ones(7, 7, 4, 8)),
    door(ShapeError, "a 3x3 window (reaching over 7x7 pixels)", ops.conv2d, IMAGES, KERNEL, dilation=3),
    door(ArgumentError, "strides must be at most 2147483647, got 9", ops.conv2d, IMAGES, KERNEL, strides=2**63),
    door(ShapeError, "6x6 padded by … more than 2147483647", ops.conv2d, IMAGES, KERNEL, padding=2**20),
    door(ShapeError, "does not fit an image of 0x0", ops.conv2d, ones(2, 0, 0, 4), KERNEL),
    door(DTypeError, "x must be an array … list; wrap it", ops.conv2d, IMAGES.tolist(), KERNEL),
    door(DTypeError, "w must be an array … str", ops.conv2d, IMAGES, "kernel"),
    door(DTypeError, "w must be an array … NoneType", ops.conv2d, IMAGES, None),
    door(DTypeError, "x must be float32 … got uint8; convert it", ops.conv2d, IMAGES.astype(np.uint8), KERNEL),
    door(DTypeError, "x must be float32 … got float16", ops.conv2d, IMAGES.astype(np.float16), KERNEL),
    door(DTypeError, "one dtype, but x is float64, w is float32", ops.conv2d, IMAGES.astype(DOUBLE), KERNEL),
    door(DTypeError, "one dtype … b is float64", ops.conv2d, IMAGES, KERNEL, ones(8, dtype=DOUBLE)),
    door(ShapeError, "w must be (R, S, 4, M) … got (3, 3, 3, 2)", ops.depthwise_conv2d, IMAGES, ones(3, 3, 3, 2)),
    door(ShapeError, "b must have shape (8,)", ops.depthwise_conv2d, IMAGES, DEEP, ones(4)),
    door(ShapeError, "w must have the axes (R, S, C, M)", ops.depthwise_conv2d, IMAGES, ones(3, 3, 4)),
    door(ShapeError, "a 9x1 window … does not fit", ops.depthwise_conv2d, IMAGES, ones(9, 1, 4, 1)),
    door(ArgumentError, "strides must be … got 1.5", ops.depthwise_conv2d, IMAGES, DEEP, strides=1.5),
    door(DTypeError, "w must be float32 … int64", ops.depthwise_conv2d, IMAGES, DEEP.astype(WHOLE)),
    door(ShapeError, "w must be (R, S, K, 4) … got (3, 3, 8, 5)", ops.conv2d_transpose, IMAGES, ones(3, 3, 8, 5)),
    door(ShapeError, "b must have shape (8,)", ops.conv2d_transpose, IMAGES, STAMP, ones(4)),
    door(
        ArgumentError,
        "output_padding must be smaller than the strides (2, 2)",
        ops.conv2d_transpose,
        IMAGES,
        STAMP,
        strides=2,
        output_padding=2,
    ),
    door(ShapeError, "padding … leaves nothing", ops.conv2d_transpose, IMAGES, ones(1, 1, 8, 4), padding=3),
    door(ArgumentError, "image size … got (0, 2)", ops.conv2d_transpose, ones(1, 0, 2, 4), STAMP),
]

POOLINGS = [
    door(ShapeError, "x must have the axes (N, H, W, C)", ops.max_pool2d, ones(6, 6), 2),
    door(ShapeError, "a 7x7 window … an image of 6x6", ops.max_pool2d, IMAGES, 7),
    door(ArgumentError, "pool_size must be … got 0", ops.max_pool2d, IMAGES, 0),
    door(ArgumentError, "pool_size must be … got '2'", ops.max_pool2d, IMAGES, "2"),
    door(ArgumentError, "strides must be … got -2", ops.max_pool2d, IMAGES, 2, strides=-2),
    door(ArgumentError, "padding … must be smaller than the (2, 2) window", ops.max_pool2d, IMAGES, 2, padding=2),
    door(DTypeError, "x must be float32 … int64", ops.max_pool2d, IMAGES.astype(WHOLE), 2),
    door(ShapeError, "x (1, 0, 0, 1) holds no pixels", ops.max_pool2d, ones(1, 0, 0, 1), 2, padding=1),
    door(ArgumentError, "pool_size must be … got (2, 2, 2)", ops.average_pool2d, IMAGES, (2, 2, 2)),
    door(ArgumentError, "padding ((0, 3), (0, 0))", ops.average_pool2d, IMAGES, 3, padding=((0, 3), (0, 0))),
    door(ArgumentError, "padding must be … 'reflect'", ops.average_pool2d, IMAGES, 2, padding="reflect"),
    door(DTypeError, "x must be an array … list", ops.average_pool2d, [[1.0]], 2),
    door(DTypeError, "x must be an array … list", ops.global_max_pool2d, [1.0]),
    door(ShapeError, "x (2, 0, 3, 1) holds no pixels", ops.global_max_pool2d, ones(2, 0, 3, 1)),
    door(ShapeError, "x must have the axes (N, H, W, C)", ops.global_average_pool2d, ones(2, 3)),
    door(DTypeError, "x must be float32 … bool", ops.global_average_pool2d, IMAGES.astype(bool)),
]

ROWS, FOUR = ones(2, 4), ones(4)
DENSE_AND_NORMALIZATION = [
    door(ShapeError, "x must have the axes (N, I) … flatten it first", ops.dense, ones(2, 3, 4), ones(12, 5)),
    door(ShapeError, "x (2, 4) … w must be (4, O); got (3, 5)", ops.dense, ROWS, ones(3, 5)),
    door(ShapeError, "w must have the axes (I, O)", ops.dense, ROWS, FOUR),
    door(ShapeError, "b must have shape (5,) … got (3,)", ops.dense, ROWS, ones(4, 5), ones(3)),
    door(DTypeError, "one dtype … w is float64", ops.dense, ROWS, ones(4, 5, dtype=DOUBLE)),
    door(ShapeError, "x must have a batch axis … got shape (4,)", ops.batch_norm, FOUR, FOUR, FOUR),
    door(ShapeError, "gamma must have shape (4,) … got (3,)", ops.batch_norm, ROWS, ones(3), FOUR),
    door(ShapeError, "beta must have shape (4,) … got (1, 4)", ops.batch_norm, ROWS, FOUR, ones(1, 4)),
    door(ShapeError, "x (0, 4) has no elements", ops.batch_norm, ones(0, 4), FOUR, FOUR),
    door(ArgumentError, "epsilon must be at least 0, got -1", ops.batch_norm, ROWS, FOUR, FOUR, epsilon=-1),
    door(ArgumentError, "epsilon must be a finite number", ops.batch_norm, ROWS, FOUR, FOUR, epsilon="small"),
    door(ArgumentError, "observe must be a function … got 1", ops.batch_norm, ROWS, FOUR, FOUR, observe=1),
    door(DTypeError, "gamma must be an array … float", ops.batch_norm, ROWS, 1.0, FOUR),
    door(ShapeError, "variance must have shape (4,)", ops.batch_norm_inference, ROWS, FOUR, FOUR, FOUR, ones(5)),
    door(DTypeError, "mean … int64", ops.batch_norm_inference, ROWS, FOUR, FOUR, FOUR.astype(WHOLE), FOUR),
]

ACTIVATIONS = [
    door(DTypeError, "x must be float32 … int64", ops.relu, np.arange(3)),
    door(ArgumentError, "negative_slope must be at least 0, got -0.1", ops.relu, FOUR, negative_slope=-0.1),
    door(ArgumentError, "max_value must be a finite number, got '6'", ops.relu, FOUR, max_value="6"),
    door(ArgumentError, "max_value must be at least 1, got 0.5", ops.relu, FOUR, max_value=0.5, threshold=1),
    door(ArgumentError, "threshold must be a finite number, got nan", ops.relu, FOUR, threshold=np.nan),
    door(ArgumentError, "negative_slope must be a finite number, got True", ops.leaky_relu, FOUR, True),
    door(DTypeError, "x must be an array … list", ops.relu6, [1.0]),
    door(ArgumentError, "alpha must be a finite number, got 'one'", ops.elu, FOUR, "one"),
    door(ArgumentError, "scale must be a finite number, got inf", ops.elu, FOUR, scale=np.inf),
    door(DTypeError, "x must be float32 … int64", ops.selu, np.arange(3)),
    door(ArgumentError, "approximate must be True or False, got 'tanh'", ops.gelu, FOUR, "tanh"),
    door(DTypeError, "x must be float32 … int64", ops.silu, np.arange(3)),
    door(DTypeError, "x must be an array … list", ops.softplus, [1.0]),
    door(ShapeError, "x needs at least one element", ops.log_softmax, ones(2, 0)),
    door(ShapeError, "alpha (2,) must broadcast … (4,)", ops.prelu, ROWS, ones(2)),
    door(ShapeError, "alpha (2, 4) must broadcast to one element of the batch", ops.prelu, ROWS, ROWS),
    door(DTypeError, "alpha must be an array … float", ops.prelu, ROWS, 0.1),
    door(DTypeError, "x must be an array … float", ops.sigmoid, 1.0),
    door(DTypeError, "x must be float32 … complex128", ops.tanh, ones(2).astype(complex)),
    door(ShapeError, "x needs at least one element along its last axis", ops.softmax, ones(2, 0)),
    door(ShapeError, "x needs at least one element … got shape ()", ops.softmax, np.float32(1.0)),
    door(ArgumentError, "rate must be at least 0 and below 1, got -0.1", ops.dropout, FOUR, -0.1, seed=0),
    door(ArgumentError, "rate must be at least 0 and below 1, got 1.0", ops.dropout, FOUR, 1.0, seed=0),
    door(ArgumentError, "rate must be a finite number, got None", ops.dropout, FOUR, None, seed=0),
    door(ArgumentError, "seed must be a whole number … got -1", ops.dropout, FOUR, 0.5, seed=-1),
    door(ArgumentError, "seed must be a whole number … got None", ops.dropout, FOUR, 0.5, seed=None),
]

LOGITS, LABELS = ones(3, 5), np.array([0, 4, 2])
SPARSE, BINARY = ops.softmax_cross_entropy, ops.binary_cross_entropy
LOSSES = [
    door(ShapeError, "logits must have the axes (N, K)", SPARSE, ones(5), LABELS),
    door(ShapeError, "logits (3, 0) has no classes", SPARSE, ones(3, 0), LABELS),
    door(DTypeError, "logits must be float32 … int64", SPARSE, LOGITS.astype(WHOLE), LABELS),
    door(DataError, "labels must be from 0 to 4 … run from 0 to 5", SPARSE, LOGITS, np.array([0, 5, 2])),
    door(DataError, "labels must be from 0 to 4 … run from -1 to 2", SPARSE, LOGITS, np.array([-1, 0, 2])),
    door(DTypeError, "labels … must be whole numbers, got float64; convert", SPARSE, LOGITS, LABELS.astype(DOUBLE)),
    door(ShapeError, "labels must be (3,) … got shape (2,)", SPARSE, LOGITS, LABELS[:2]),
    door(ShapeError, "labels must be (3,) … got shape (3, 1)", SPARSE, LOGITS, LABELS[:, None]),
    door(DTypeError, "labels must be an array, got str", SPARSE, LOGITS, "012"),
    door(ShapeError, "labels must be evenly nested", SPARSE, LOGITS, [[0], [1, 2], [3]]),
    door(DTypeError, "labels must be float32 … int64", SPARSE, LOGITS, [[1, 0, 0, 0, 0]] * 3),
    door(DTypeError, "one dtype … labels is float64", SPARSE, LOGITS, LOGITS.astype(DOUBLE)),
    door(DataError, "labels hold NaN", SPARSE, LOGITS, LOGITS * np.nan),
    door(ShapeError, "probabilities must have the axes (N, K)", ops.cross_entropy, ones(3), LABELS),
    door(DataError, "labels must be from 0 to 4 … run from 3 to 7", ops.cross_entropy, LOGITS, LABELS + 3),
    door(DTypeError, "labels … float32", ops.cross_entropy, LOGITS, LABELS.astype(np.float32)),
    door(DTypeError, "probabilities must be an array … list", ops.cross_entropy, LOGITS.tolist(), LABELS),
    door(ShapeError, "predictions must have the axes (N, K)", BINARY, ones(3), ones(3)),
    door(ShapeError, "targets (3, 1) must have the shape of predictions (3, 5)", BINARY, LOGITS, ones(3, 1)),
    door(DataError, "targets must be from 0 to 1", BINARY, LOGITS, 2 * LOGITS),
    door(DataError, "targets must be from 0 to 1", BINARY, LOGITS, np.nan * LOGITS),
    door(DTypeError, "targets must be float32 … int64", BINARY, LOGITS, LOGITS.astype(WHOLE)),
    door(ArgumentError, "from_logits must be True or False, got 'yes'", BINARY, LOGITS, LOGITS, from_logits="yes"),
]

ARITHMETIC = [
    door(ShapeError, "shapes (2, 4) and (2,) do not broadcast", ops.add, ROWS, ones(2)),
    door(DTypeError, "y must be an array, a number or … got 'a'", ops.add, FOUR, "a"),
    door(DTypeError, "x must be an array, a number or … got None", ops.add, None, FOUR),
    door(DTypeError, "y must be … evenly nested … got [[1], [1, 2]]", ops.add, FOUR, [[1], [1, 2]]),
    door(DTypeError, "y must be float32 … int64", ops.subtract, FOUR, FOUR.astype(WHOLE)),
    door(DTypeError, "x is float32, y is float64", ops.multiply, FOUR, ones(4, dtype=DOUBLE)),
    door(ShapeError, "shapes (3,) and (2, 2) do not broadcast", ops.divide, ones(3), ones(2, 2)),
    door(ShapeError, "maximum: shapes (3,) and (2, 2) do not broadcast", ops.maximum, ones(3), ones(2, 2)),
    door(DTypeError, "minimum: y must be float32 … int64", ops.minimum, FOUR, FOUR.astype(WHOLE)),
    door(ArgumentError, "xs must be a list of arrays, got 3", ops.concatenate, 3),
    door(ArgumentError, "axis must be a whole number, got (0, 1)", ops.concatenate, [ROWS, ROWS], (0, 1)),
    door(ShapeError, "shapes (2, 4) and (4,) must be equal but for axis 1", ops.concatenate, [ROWS, FOUR], -1),
    door(DTypeError, "x1 must be an array … NoneType", ops.concatenate, [ROWS, None]),
    door(ArgumentError, "exponent must be a finite number, got '2'", ops.power, FOUR, "2"),
    door(ArgumentError, "exponent must be a finite number, got array", ops.power, FOUR, FOUR),
    door(ArgumentError, "exponent must be a finite number, got inf", ops.power, FOUR, np.inf),
    door(ArgumentError, "exponent must be a finite number, got 1000", ops.power, FOUR, 10**400),
    door(ShapeError, "x (2, 4) and y (2, 4) must be", ops.matmul, ROWS, ROWS),
    door(ShapeError, "x (4,) and y (4, 4) must be (..., N, M)", ops.matmul, FOUR, ones(4, 4)),
    door(ShapeError, "shapes (2,) and (4,) do not broadcast", ops.matmul, ones(2, 1, 3), ones(4, 3, 1)),
    door(DTypeError, "x must be an array … list", ops.negative, [1.0]),
    door(DTypeError, "x must be an array … MaskedArray", ops.negative, np.ma.array([1.0, 2.0], mask=[0, 1])),
    door(DTypeError, "x must be float32 … <U1", ops.exp, np.array(["a"])),
    door(DTypeError, "x must be float32 … object", ops.log, np.array([object()])),
    door(DTypeError, "x must be float32 … int64", ops.sqrt, np.arange(3)),
    door(DTypeError, "x must be an array … str", ops.absolute, "x"),
]

SHAPING = [
    door(ArgumentError, "axis must be None or whole numbers in -2..1, got 2", ops.sum, ROWS, axis=2),
    door(ArgumentError, "axis (0, -2) names an axis twice", ops.sum, ROWS, axis=(0, -2)),
    door(ArgumentError, "axis must be … got 0.5", ops.mean, ROWS, axis=0.5),
    door(ShapeError, "no mean over axes (0,) of shape (0, 4)", ops.mean, ones(0, 4), axis=0),
    door(ArgumentError, "keepdims must be True or False, got 1", ops.sum, ROWS, keepdims=1),
    door(ShapeError, "no maximum over axes (0, 1) of shape (2, 0)", ops.max, ones(2, 0)),
    door(ArgumentError, "axis must be … got 'all'", ops.max, ROWS, axis="all"),
    door(ShapeError, "8 elements of shape (2, 4) do not fit shape (4, 3)", ops.reshape, ROWS, (4, 3)),
    door(ShapeError, "do not fit shape (-1, -1)", ops.reshape, ROWS, (-1, -1)),
    door(ArgumentError, "shape must be whole numbers … got (2.0, 4)", ops.reshape, ROWS, (2.0, 4)),
    door(ArgumentError, "shape must be whole numbers … got None", ops.reshape, ROWS, None),
    door(ArgumentError, "shape must be whole numbers … got (-2, 4)", ops.reshape, ROWS, (-2, 4)),
    door(ArgumentError, "shape has 33 axes, at most 32", ops.reshape, ROWS, (2, 4) + (1,) * 31),
    door(ShapeError, "do not fit shape (18446744073709551616,)", ops.reshape, ROWS, 2**64),
    door(ShapeError, "x has 33 axes, at most 32", ops.transpose, ones(*(1,) * 33)),
    door(ArgumentError, "makes 33 axes, at most 32", ops.getitem, ROWS, (None,) * 31),
    door(ArgumentError, "index 18446744073709551616 does not fit x", ops.getitem, ROWS, 2**64),
    door(ArgumentError, "axes (0, 0) names an axis twice", ops.transpose, ROWS, (0, 0)),
    door(ArgumentError, "axes must name each of the 2 axes once, got (0,)", ops.transpose, ROWS, (0,)),
    door(ArgumentError, "axes must name each of the 2 axes once, got 1", ops.transpose, ROWS, 1),
    door(ArgumentError, "axes must be … got (0, 2)", ops.transpose, ROWS, (0, 2)),
    door(ArgumentError, "index 2 does not fit x of shape (2, 4)", ops.getitem, ROWS, 2),
    door(ArgumentError, "index (0, 0, 0) does not fit x", ops.getitem, ROWS, (0, 0, 0)),
    door(ArgumentError, "index 'first' does not fit x", ops.getitem, ROWS, "first"),
    door(ArgumentError, "index slice(None, None, 0) does not fit x", ops.getitem, ROWS, slice(None, None, 0)),
    door(ArgumentError, "index array([ True,  True,  True]) does not fit", ops.getitem, ROWS, np.ones(3, bool)),
    door(ArgumentError, "index 0.5 does not fit x", ops.getitem, ROWS, 0.5),
    door(ShapeError, "x must have the axes (N, H, W, C)", ops.zero_pad2d, ROWS, 1),
    door(ArgumentError, "padding must be … got -1", ops.zero_pad2d, IMAGES, -1),
    door(ArgumentError, "padding must be … got 'same'", ops.zero_pad2d, IMAGES, "same"),
    door(ArgumentError, "padding must be … got (3,)", ops.zero_pad2d, IMAGES, ((1, 2), (3,))),
    door(ShapeError, "x must have the axes (N, H, W, C)", ops.upsample2d, ROWS, 2),
    door(ArgumentError, "size must be … got 0", ops.upsample2d, IMAGES, 0),
    door(ArgumentError, "interpolation must be … got 'cubic'", ops.upsample2d, IMAGES, 2, "cubic"),
]

FUSED = [
    door(ShapeError, "x must have the axes (N, H, W, C)", ops.conv2d_relu, ones(6, 6, 4), KERNEL),
    door(ShapeError, "x … 4 channels … w must be (R, S, 4, K)", ops.conv2d_relu, IMAGES, ones(3, 3, 5, 8)),
    door(ShapeError, "a 1x5 window … does not fit", ops.conv2d_relu, IMAGES, KERNEL, pool_size=(1, 5)),
    door(ArgumentError, "pool_size must be … got 0", ops.conv2d_relu, IMAGES, KERNEL, pool_size=0),
    door(
        ArgumentError,
        "pool_size (6, 3) must have at most 16",
        ops.batch_norm_relu,
        IMAGES,
        FOUR,
        FOUR,
        pool_size=(6, 3),
    ),
    door(ShapeError, "beta must have shape (4,)", ops.batch_norm_relu, IMAGES, FOUR, ones(3)),
    door(ShapeError, "x (0, 4) has no elements", ops.batch_norm_relu, ones(0, 4), FOUR, FOUR),
    door(ShapeError, "x must have … to be pooled", ops.batch_norm_relu, ones(3, 4, 4), FOUR, FOUR, pool_size=(1, 2)),
    door(ShapeError, "y must have shape (2, 4) … add, then relu", ops.add_relu, ROWS, ones(1, 4)),
    door(DTypeError, "one dtype … y is float64", ops.add_relu, ROWS, ones(2, 4, dtype=DOUBLE)),
    door(ShapeError, "shortcut must have shape (2, 4)", ops.batch_norm_add, ROWS, FOUR, FOUR, ones(1, 4)),
    door(DTypeError, "shortcut is float64", ops.batch_norm_add, ROWS, FOUR, FOUR, ones(2, 4, dtype=DOUBLE)),
    door(ShapeError, "gamma must have shape (4,)", ops.batch_norm_add, ROWS, ones(3), FOUR, ROWS),
    door(ShapeError, "x (0, 4) has no elements", ops.batch_norm_add, ones(0, 4), FOUR, FOUR, ones(0, 4)),
    door(ArgumentError, "relu must be … got True", ops.batch_norm_add, ROWS, FOUR, FOUR, ROWS, relu=True),
    door(ShapeError, "x (2, 4) … w must be (4, O)", ops.dense_relu, ROWS, ones(3, 5)),
    door(DTypeError, "one dtype … w is float64", ops.dense_relu, ROWS, ones(4, 5, dtype=DOUBLE)),
]

DOORS = [*CONVOLUTIONS, *POOLINGS, *DENSE_AND_NORMALIZATION, *FUSED, *ACTIVATIONS, *LOSSES, *ARITHMETIC, *SHAPING]
# These are another operator with an option set, which answers for them.
ANSWERED_BY = {"relu6": "relu", "leaky_relu": "relu", "selu": "elu"}


@pytest.mark.parametrize("bad", DOORS, ids=str)
def test_the_message_names_operator_and_argument(bad: Door) -> None:
    with pytest.raises(MinicnnError) as raised:
        bad.operator(*bad.arguments, **bad.options)
    assert type(raised.value) is bad.error
    message = str(raised.value)
    name = bad.operator.__name__
    assert message.startswith(f"{ANSWERED_BY.get(name, name)}: ")
    place = 0
    for phrase in bad.phrases:
        assert phrase in message[place:], f"{phrase!r} is missing (in this order) from: {message}"
        place = message.index(phrase, place) + len(phrase)
    assert len(message) < 400


@pytest.mark.parametrize("bad", DOORS, ids=str)
def test_tensors_are_refused_as_arrays_are(bad: Door) -> None:
    arguments = [Tensor(a) if isinstance(a, np.ndarray) and a.dtype.kind in "iuf" else a for a in bad.arguments]
    with pytest.raises(bad.error):
        bad.operator(*arguments, **bad.options)


def test_every_operator_has_a_door() -> None:
    assert {bad.operator.__name__ for bad in DOORS} == set(ops.__all__)
    assert len(DOORS) >= 60


JUNK: list[Any] = [
    *(None, True, -1, 0, 1, 3, 0.5, -2.5, np.nan, np.inf, 1j, np.float32(1), np.int64(2)),
    *("", "same", "a", b"x", (), [], [1], (1, 2), (1, 2, 3), [[1], [1, 2]], [None], (None, None), ((1, 2), (None, 3))),
    *({}, {1: 2}, set(), range(3), slice(None), ..., object(), print, np.ndarray, np.dtype("f4")),
    *(ones(), ones(0), ones(3), ones(2, 2), ones(1, 1, 1, 1), ones(2, 3, 4, 5), ones(0, 0, 0, 0), ones(2, 0, 3)),
    *(np.arange(3), np.ones(3, bool), np.ones(3, complex), np.ones(2, np.float16), np.ones(2, ">f8")),
    *(np.array("a"), np.array(None), np.zeros(2, "M8[s]"), np.zeros(3, [("a", int)]), np.ma.ones(3)),
    *(Tensor([1.0, 2.0]), Tensor(ones(2, 2), requires_grad=True)),
]


@pytest.mark.parametrize("name", CASES)
def test_whatever_is_handed_in_only_minicnns_own_errors_come_out(name: str) -> None:
    """Every argument in turn is replaced by junk; some of it may be fine, none of it may reach a kernel and break."""
    rng = generator(0)
    refused = 0
    for case in (CASES[name](rng) for _ in range(4)):
        for argument in (*case.inputs, *case.options):
            for junk in JUNK:
                inputs, options = dict(case.inputs), dict(case.options)
                (inputs if argument in inputs else options)[argument] = junk
                try:
                    with np.errstate(all="ignore"):  # the logarithm of junk is NaN, and that is an answer
                        Case(case.operator, inputs, options)(**inputs)
                except MinicnnError:
                    refused += 1
    assert refused > 20
