"""What each file of kernels has to compute for its mutants to show: small, with every border in it.

More rows than a chunk of a reduction, more than a tile either way and a rest, more than a warp, a block that is not
full, several arrays in one update. A workload returns arrays, to be held against those of the numpy backend.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, partial
from typing import Any
from unittest.mock import patch

import numpy as np

from minicnn import use_backend
from minicnn.backends import current_backend
from minicnn.backends.cuda import tiles
from minicnn.geometry import Windows
from minicnn.gradient_check import CASES
from minicnn.kernels import softgpu
from minicnn.kernels.cuda import FOLDER
from minicnn.random import Key, generator
from tests.backends.cuda.conftest import computing
from tests.mutations.cuda.planting import PlantedDevice, planted_backend
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


def normalized(rows: int, channels: int) -> Arrays:
    """Chunks are of 512 rows, tiles of 32 channels."""
    x, dy = generator(0).standard_normal((2, rows, channels))
    gamma, beta = generator(1).standard_normal((2, channels))
    backend = current_backend()
    y, mean, variance = backend.batch_norm(x, gamma, beta, 1e-3)
    dgamma, dbeta = backend.batch_norm_parameter_gradients(dy, x, mean, variance, 1e-3)
    dx = backend.batch_norm_input_gradient(dy, x, gamma, mean, variance, 1e-3, dgamma, dbeta)
    z, winners, *_ = backend.batch_norm_add_relu(x, gamma, beta, dy, 1e-3, False)
    through_relu = backend.batch_norm_add_relu_gradients(dy, winners, x, mean, variance, 1e-3)
    return [y, mean, variance, dgamma, dbeta, dx, backend.bias_gradient(dy), z, *through_relu]


TALL = partial(normalized, 1030, 33), partial(normalized, 512, 2)


def in_large_tiles(workload: Workload) -> Workload:
    """The same by the tiles for large products, although there are not many of them."""

    def computed() -> Arrays:
        with patch.object(tiles, "MANY", 1):
            return workload()

    return computed


def multiplied(depth: int, columns: int, dtype: type = np.float64) -> Arrays:
    """More rows than a tile has, of small whole numbers, which float32 adds without rounding."""
    rng, rows = generator(2), 140
    shapes = (rows, depth), (depth, columns), (columns,), (rows, columns)
    x, w, b, dy = (rng.integers(-9, 10, shape).astype(dtype) for shape in shapes)
    backend = current_backend()
    forwards = backend.dense(x, w, b), backend.dense(x, w, None), backend.dense_relu(x, w, b)
    return [*forwards, backend.dense_input_gradient(dy, w), backend.dense_weight_gradient(x, dy)]


def with_a_library() -> Arrays:
    """What follows a product that a library has computed, as cuBLAS does on a GPU."""

    def matmul(a: Any, b: Any, result: Any, *_: bool) -> None:
        result.set(a.to_host() @ b.to_host())

    x, w, b = (generator(9).standard_normal(shape) for shape in ((9, 5), (5, 33), 33))
    with patch.object(PlantedDevice, "matmul", staticmethod(matmul)):
        backend = current_backend()
        return [backend.dense(x, w, b), backend.dense_relu(x, w, b), backend.dense_relu(x, w, None)]


def on_tensor_cores(workload: Workload) -> Workload:
    """The same in TF32, whose 11 bits hold small whole numbers exactly."""

    def computed() -> Arrays:
        with tiles.tf32():
            return in_large_tiles(workload)()

    return computed


def rounded() -> Arrays:
    """Numbers with more bits than TF32 has, ties among them, and a NaN that a carry would make a number."""
    x, w = np.zeros((140, 20), np.float32), np.zeros((20, 72), np.float32)
    x[:, 0], w[0] = 1 + np.arange(140) / 2**12, 1
    backend = current_backend()
    if backend.name == "numpy":
        x[:, 0] = np.floor(x[:, 0] * 2**10 + 0.5) / 2**10  # ties away from zero
    x.view(np.uint32)[5, 3] = 0x7FFFFFFF
    y = backend.dense(x, w, None)
    return [np.nan_to_num(y), np.isnan(y)]


PRODUCTS: tuple[Workload, ...] = (
    with_a_library,
    partial(multiplied, 33, 37),
    partial(multiplied, 34, 38),  # lines of whole 16 bytes
    in_large_tiles(partial(multiplied, 20, 72)),
    in_large_tiles(partial(multiplied, 20, 72, np.float32)),  # whose tiles are larger than those of doubles
    on_tensor_cores(partial(multiplied, 20, 72, np.float32)),
    on_tensor_cores(rounded),
)


def convolved(channels: int, filters: int, groups: int = 1, whole: bool = False) -> Arrays:
    """Several tiles of pixels, a rim of padding, strides, and what is fused with it, for pools of three sizes.

    whole: of small whole numbers in float32.
    """
    rng = generator(3)

    def drawn(*shape: int) -> np.ndarray:
        return rng.integers(-9, 10, shape).astype(np.float32) if whole else rng.standard_normal(shape)

    x, b, w = drawn(2, 9, 8, channels), drawn(filters), drawn(3, 2, channels // groups, filters)
    windows = Windows.over((9, 8), (3, 2), strides=(2, 1), padding=((2, 0), (1, 2)))
    dy = drawn(2, *windows.outputs, filters)
    backend = current_backend()
    found = [backend.conv2d(x, w, b, windows, groups), backend.conv2d_input_gradient(dy, w, windows, groups)]
    found.append(backend.conv2d_weight_gradient(x, dy, windows, groups))
    for size in (1, 2, 3):
        pooling = Windows.over(windows.outputs, size, strides=size)
        y, winners = backend.conv2d_relu_pool(x, w, b, windows, groups, pooling)
        found += [y, winners, *backend.relu_pool_gradient(y + 1, winners, pooling)]
    return found


CONVOLUTIONS: tuple[Workload, ...] = (
    partial(convolved, 5, 35),
    partial(convolved, 6, 8, groups=2),
    partial(convolved, 6, 38),  # lines of whole 16 bytes
    in_large_tiles(partial(convolved, 4, 72)),
    on_tensor_cores(partial(convolved, 4, 72, whole=True)),
)


def between_windows() -> Arrays:
    """Strides and dilation share a factor: some pixels lie under no tap at all."""
    w, dy = generator(10).standard_normal((3, 3, 2, 3)), generator(11).standard_normal((1, 4, 4, 3))
    windows = Windows.over((9, 8), 3, strides=2, dilation=2, padding=((1, 1), (2, 1)))
    return [current_backend().conv2d_input_gradient(dy[:, : windows.outputs[0], : windows.outputs[1]], w, windows, 1)]


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
    """ReLU of infinities and NaN, and back, where a slope of 0 may not make a NaN."""
    x, dy = np.array([[-np.inf, -1.0, 0.0, 2.0, np.inf, np.nan], [np.inf, 1, np.nan, 2, 3, 4]])
    found = [current_backend().relu(x, slope, None, 0.0) for slope in (0.0, 0.5)]
    return [*found, *(current_backend().relu_gradient(dy, x, slope, None, 0.0) for slope in (0.0, 0.5))]


def approximated() -> Arrays:
    """GELU by a hyperbolic tangent."""
    x, dy = generator(12).standard_normal((2, 5))
    backend = current_backend()
    return [backend.gelu(x, True), backend.gelu_gradient(dy, x, True)]


def pooled() -> Arrays:
    """A window in which no pixel is above another: the first one wins."""
    x = np.full((1, 4, 4, 1), -np.inf)
    x[0, 2:, 2:] = 1.0
    return list(current_backend().max_pool2d(x, Windows.over((4, 4), 2, strides=2)))


def dropped() -> Arrays:
    """Counts that are and are not multiples of four."""
    x = generator(7).standard_normal(1031)
    return [current_backend().dropout(x[:n], 0.3, Key(2**64 - 1, 7)) for n in (1031, 8, 5)]


def dropped_off_sixteen_bytes() -> Arrays:
    """Of an array that begins between two multiples of 16 bytes."""
    x, backend, key = generator(13).standard_normal(10), current_backend(), Key(5)
    if backend.name == "numpy":
        return [backend.dropout(x[1:], 0.3, key)]
    return [backend.dropout(backend.device.to_device(x)[1:], 0.3, key).to_host()]


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
        (lists(5), lambda p, g, m, v, most: backend.adam_update(p, g, m, v, most, 0.1, 0.9, 0.5, 1e-3, 3)),
        (lists(4), lambda p, g, m, v: backend.adam_update(p, g, m, v, None, 0.1, 0.9, 0.99, 1e-3, 3)),
        (lists(4), lambda p, g, m, v: backend.nadam_update(p, g, m, v, 0.1, 0.2, 0.9, 0.99, 1e-3, 3)),
        (lists(4), lambda p, g, m, v: backend.adamax_update(p, g, m, v, 0.1, 0.9, 0.99, 1e-3, 3)),
        (lists(3), lambda p, g, s: backend.adagrad_update(p, g, s, 0.1, 1e-3)),
        (lists(4), lambda p, g, s, t: backend.adadelta_update(p, g, s, t, 0.1, 0.9, 1e-3)),
        (lists(5), lambda p, g, s, v, m: backend.rmsprop_update(p, g, s, v, m, 0.1, 0.9, 0.5, 2.0)),
        (lists(4), lambda p, g, s, v: backend.rmsprop_update(p, g, s, v, None, 0.1, 0.9, 0.5, 1e-3)),
        (lists(3), lambda p, g, s: backend.rmsprop_update(p, g, s, None, None, 0.1, 0.9, 0.0, 1e-3)),
    ):
        update(*given)
        found += [a for arrays in given for a in arrays]
    return found


WORKLOADS: dict[str, tuple[Workload, ...]] = {
    "batch_norm": (
        *(operator(n) for n in ("batch_norm", "batch_norm_inference", "batch_norm_relu", "batch_norm_add")),
        *TALL,
    ),
    "convolution": (operator("conv2d"), operator("conv2d_relu"), *CONVOLUTIONS, between_windows, summed_in_splits),
    "cross_entropy": (operator("softmax_cross_entropy"), rowwise),
    "depthwise": (operator("depthwise_conv2d"),),
    "dropout": (dropped, dropped_off_sixteen_bytes),
    "elementwise": (
        *(operator(n) for n in ("relu", "leaky_relu", "relu6", "add_relu", "sigmoid", "tanh")),
        bent,
        with_a_library,
    ),
    "matmul": (operator("dense"), operator("dense_relu"), *PRODUCTS),
    "patches": (patched,),
    "pooling": (
        *(operator(n, 8) for n in ("max_pool2d", "average_pool2d", "conv2d_relu", "batch_norm_relu")),
        pooled,
        CONVOLUTIONS[0],
    ),
    "soft_activations": (*(operator(n) for n in ("elu", "selu", "gelu", "silu", "softplus")), approximated),
    "softmax": (rowwise,),
    "sums": (*TALL, CONVOLUTIONS[0]),
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


def noticed(workload: Workload) -> str:
    """What is wrong with the kernels as they are now; "" if nothing shows."""
    try:
        with computing(planted_backend()):
            found = workload()
    except softgpu.KernelError as error:
        return str(error)
    for a, b in zip(found, expected(workload), strict=True):
        wrong = ~np.isclose(a, b, rtol=1e-9, atol=1e-11, equal_nan=True)
        if wrong.any():
            return f"{wrong.sum()} numbers are wrong"
    return ""
