"""What each file of kernels has to compute for its mutants to show: small, with every border in it.

More rows than a chunk of a reduction, more than a tile either way and a rest, more than a warp, a block that is not
full, several arrays in one update. A workload returns arrays, to be held against those of the numpy backend.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, partial

import numpy as np

from minicnn import use_backend
from minicnn.backends import current_backend
from minicnn.geometry import Windows
from minicnn.gradient_check import CASES
from minicnn.kernels.cuda import FOLDER
from minicnn.random import Key, generator
from tests.ops.calls import run, upstream_for

Arrays = list[np.ndarray]
Workload = Callable[[], Arrays]


def _drawn(name: str, draws: int) -> Arrays:
    rng = generator(11)
    with use_backend("numpy"):  # some cases ask an operator where its kinks are
        cases = [CASES[name](rng) for _ in range(draws)]
        upstreams = [upstream_for(case, rng) for case in cases]
    results = [run(case, upstream) for case, upstream in zip(cases, upstreams, strict=True)]
    return [a for result in results for a in (result.y, *result.gradients.values())]


def operator(name: str, draws: int = 5) -> Workload:
    """Some of its cases, forwards and backwards."""
    return partial(_drawn, name, draws)


def normalized(rows: int) -> Arrays:
    """Several chunks of rows, two tiles of channels."""
    x, dy = generator(0).standard_normal((2, rows, 35))
    gamma, beta = generator(1).standard_normal((2, 35))
    backend = current_backend()
    y, mean, variance = backend.batch_norm(x, gamma, beta, 1e-3)
    dgamma, dbeta = backend.batch_norm_parameter_gradients(dy, x, mean, variance, 1e-3)
    dx = backend.batch_norm_input_gradient(dy, x, gamma, mean, variance, 1e-3, dgamma, dbeta)
    return [y, mean, variance, dgamma, dbeta, dx, backend.bias_gradient(dy)]


TALL = partial(normalized, 1100), partial(normalized, 1024)


def multiplied() -> Arrays:
    """Two tiles and a rest either way, and a depth that is no multiple of anything."""
    rng = generator(2)
    x, w, b, dy = (rng.standard_normal(shape) for shape in ((70, 41), (41, 37), 37, (70, 37)))
    backend = current_backend()
    forwards = backend.dense(x, w, b), backend.dense(x, w, None), backend.dense_relu(x, w, b)
    return [*forwards, backend.dense_input_gradient(dy, w), backend.dense_weight_gradient(x, dy)]


def convolved() -> Arrays:
    """Several tiles of pixels and of filters, a rim of padding, and groups."""
    rng, found = generator(3), list[np.ndarray]()
    for channels, filters, groups in ((5, 35, 1), (6, 8, 2)):
        x, b = rng.standard_normal((2, 9, 7, channels)), rng.standard_normal(filters)
        w = rng.standard_normal((3, 2, channels // groups, filters))
        windows = Windows.over((9, 7), (3, 2), strides=(2, 1), padding=((2, 0), (1, 2)))
        dy = rng.standard_normal((2, *windows.outputs, filters))
        backend = current_backend()
        found += [backend.conv2d(x, w, b, windows, groups), backend.conv2d_input_gradient(dy, w, windows, groups)]
        found += [backend.conv2d_weight_gradient(x, dy, windows, groups)]
    return found


def summed_in_splits() -> Arrays:
    """So many pixels that the weights' gradient is summed in two splits, the second of them not whole."""
    x, dy = generator(4).standard_normal((2, 1, 47, 45, 1))
    windows = Windows.over((47, 45), 1)
    return [current_backend().conv2d_weight_gradient(x, dy, windows, 1)]


def patched() -> Arrays:
    """im2col and col2im, with strides, dilation and uneven padding."""
    x = generator(5).standard_normal((2, 6, 5, 3))
    windows = Windows.over((6, 5), (2, 3), strides=(2, 1), padding=((1, 2), (2, 1)), dilation=(2, 1))
    columns = current_backend().im2col(x, windows)
    return [columns, current_backend().col2im(columns + 0.5, windows)]


def rowwise() -> Arrays:
    """Rows longer than a warp, more of them than a block takes, and numbers whose exponentials overflow."""
    rng = generator(6)
    x, dy, labels = 3 * rng.standard_normal((5, 70)), rng.standard_normal((5, 70)), rng.integers(0, 70, 5)
    x[range(3), [0, 32, 69]] = 2000.0
    targets, dloss = rng.uniform(size=(5, 70)), rng.standard_normal(5)
    backend = current_backend()
    y = backend.softmax(x)
    found = [y, backend.softmax_gradient(dy, y)]
    for kind in (labels, targets):
        losses, probabilities = backend.softmax_cross_entropy(x, kind)
        found += [losses, probabilities, backend.softmax_cross_entropy_gradient(dloss, probabilities, kind)]
    return found


def bent() -> Arrays:
    """ReLU of infinities, where a slope of 0 may not make a NaN."""
    x = np.array([-np.inf, -1.0, 0.0, 2.0, np.inf])
    return [current_backend().relu(x, slope, None, 0.0) for slope in (0.0, 0.5)]


def pooled() -> Arrays:
    """A window in which no pixel is above another: the first one wins."""
    x = np.full((1, 4, 4, 1), -np.inf)
    x[0, 2:, 2:] = 1.0
    return list(current_backend().max_pool2d(x, Windows.over((4, 4), 2, strides=2)))


def dropped() -> Arrays:
    """Counts that are and are not multiples of four."""
    x = generator(7).standard_normal(1031)
    return [current_backend().dropout(x[:n], 0.3, Key(2**64 - 1, 7)) for n in (1031, 8, 5)]


def updated() -> Arrays:
    """Several arrays, one of them larger than a piece."""
    rng, found = generator(8), list[np.ndarray]()
    shapes = (5,), (4100,), (3, 2)

    def lists(count: int) -> list[Arrays]:
        return [[rng.uniform(0.5, 1.5, shape) for shape in shapes] for _ in range(count)]

    backend = current_backend()
    for given, update in (
        (lists(3), lambda p, g, v: backend.sgd_update(p, g, v, 0.1, 0.9, True)),
        (lists(3), lambda p, g, v: backend.sgd_update(p, g, v, 0.1, 0.9, False)),
        (lists(2), lambda p, g: backend.sgd_update(p, g, None, 0.1, 0.0, False)),
        (lists(4), lambda p, g, m, v: backend.adam_update(p, g, m, v, 0.1, 0.9, 0.99, 1e-3, 3)),
        (lists(5), lambda p, g, s, v, m: backend.rmsprop_update(p, g, s, v, m, 0.1, 0.9, 0.5, 2.0)),
        (lists(4), lambda p, g, s, v: backend.rmsprop_update(p, g, s, v, None, 0.1, 0.9, 0.5, 1e-3)),
        (lists(3), lambda p, g, s: backend.rmsprop_update(p, g, s, None, None, 0.1, 0.9, 0.0, 1e-3)),
    ):
        update(*given)
        found += [a for arrays in given for a in arrays]
    return found


WORKLOADS: dict[str, tuple[Workload, ...]] = {
    "batch_norm": (operator("batch_norm"), operator("batch_norm_inference"), operator("batch_norm_relu"), *TALL),
    "convolution": (operator("conv2d"), operator("conv2d_relu"), convolved, summed_in_splits),
    "cross_entropy": (operator("softmax_cross_entropy"), rowwise),
    "depthwise": (operator("depthwise_conv2d"),),
    "dropout": (dropped,),
    "elementwise": (*(operator(n) for n in ("relu", "leaky_relu", "relu6", "sigmoid", "tanh")), bent),
    "matmul": (operator("dense"), operator("dense_relu"), multiplied),
    "patches": (patched,),
    "pooling": (*(operator(n, 8) for n in ("max_pool2d", "average_pool2d", "conv2d_relu", "batch_norm_relu")), pooled),
    "softmax": (rowwise,),
    "sums": TALL,
    "updates": (updated,),
}
"""What runs the kernels of each family."""


def workloads_of(file: str) -> list[Workload]:
    """What can show the mutants of a file: of a header, all that runs families that include it."""
    families = [family for family in WORKLOADS if file in (f"{family}.cu", *included(f"{family}.cu"))]
    return [workload for family in families for workload in WORKLOADS[family]]


def included(file: str) -> list[str]:
    """The headers of a file of kernels/cuda, and theirs."""
    names = re.findall(r'^#include "(.*)"$', (FOLDER / file).read_text(encoding="utf-8"), re.MULTILINE)
    return [header for name in names for header in (name, *included(name))]


@cache
def expected(workload: Workload) -> Arrays:
    """By the numpy backend."""
    with use_backend("numpy"):
        return workload()
