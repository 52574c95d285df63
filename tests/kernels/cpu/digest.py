"""Prints a hash of what every kind of kernel computes: run in a process of its own, with other threads or another CPU.

python -m tests.kernels.cpu.digest THREADS...     the bits, one line for each number of threads, for comparing
python -m tests.kernels.cpu.digest --check        those of the micro-kernel in float32, against the numpy backend
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterator

import numpy as np

from minicnn import set_num_threads
from minicnn.backends import Backend, numba, numpy
from minicnn.geometry import Windows
from minicnn.random import Key

NEARLY_EQUAL = 1e-4  # of the pixels in a pooling window, at most

# (images, side, channels, filters, kernel, stride, padding, dilation, groups): units of several images and of a few
# rows, one panel and several, sums in several blocks, phases, groups, depthwise-like groups, one pixel.
CONVOLUTIONS = [
    (19, 12, 3, 6, 5, 1, "same", 1, 1),
    (3, 40, 4, 40, 3, 1, "same", 1, 1),
    (2, 9, 260, 70, 3, 1, "valid", 1, 1),
    (5, 13, 6, 9, 3, 2, ((1, 2), (0, 3)), 1, 3),
    (2, 15, 4, 4, 3, 3, "valid", 2, 4),
    (7, 1, 5, 33, 1, 1, 0, 1, 1),
]


def results(backend: Backend, dtype: type) -> Iterator[np.ndarray]:
    """What each kernel makes of the same random arrays."""
    yield from matrix_results(backend, dtype)
    yield from algorithm_results(backend, dtype)
    yield from other_results(backend, dtype)
    yield from fused_results(backend, dtype)


def matrix_results(backend: Backend, dtype: type) -> Iterator[np.ndarray]:
    """What the micro-kernel computes: convolutions and dense products."""
    draw = _drawing(dtype)
    for n, side, channels, filters, kernel, stride, padding, dilation, groups in CONVOLUTIONS:
        windows = Windows.over((side, side), kernel, stride, padding, dilation)
        x, w = draw(n, side, side, channels), draw(kernel, kernel, channels // groups, filters)
        y = backend.conv2d(x, w, draw(filters), windows, groups)
        dy = draw(*y.shape)
        yield y
        yield backend.conv2d_input_gradient(dy, w, windows, groups)
        yield backend.conv2d_weight_gradient(x, dy, windows, groups)

    x, w, b, dy = draw(37, 700), draw(700, 50), draw(50), draw(37, 50)
    yield backend.dense(x, w, b)
    yield backend.dense_input_gradient(dy, w)
    yield backend.dense_weight_gradient(x, dy)


def algorithm_results(backend: Backend, dtype: type) -> Iterator[np.ndarray]:
    """Convolutions the way they are asked for: units of part of an image and of several, pooled ones among them."""
    draw = _drawing(dtype)
    for algorithm in ("winograd", "im2col"):
        for n, side, channels, filters in ((2, 60, 20, 70), (21, 9, 5, 150)):
            windows = Windows.over((side, side), 3, 1, "same")
            x, w, b = draw(n, side, side, channels), draw(3, 3, channels, filters), draw(filters)
            y = backend.conv2d(x, w, b, windows, 1, algorithm)
            dy = draw(*y.shape)
            yield y
            yield backend.conv2d_input_gradient(dy, w, windows, 1, algorithm)
            yield backend.conv2d_weight_gradient(x, dy, windows, 1, algorithm)
            yield from backend.conv2d_relu_pool(x, w, b, windows, 1, Windows.over((side, side), 2, 2), algorithm)


def other_results(backend: Backend, dtype: type) -> Iterator[np.ndarray]:
    """What plain Numba kernels compute."""
    draw = _drawing(dtype)
    for n, side, channels, *_ in CONVOLUTIONS:
        x = draw(n, side, side, channels)
        yield backend.bias_gradient(x)
        pools = Windows.over((side, side), min(side, 3), 2, ((0, 0), (0, 0)))
        pooled, winners = backend.max_pool2d(x, pools)
        yield from (pooled, backend.max_pool2d_gradient(pooled, winners, pools))
        means = backend.average_pool2d(x, pools)
        yield from (means, backend.average_pool2d_gradient(means, pools))

    x, y = draw(21, 9, 9, 20), draw(21, 9, 9, 20)
    yield backend.add(x, y)
    for axis, other in ((3, draw(21, 9, 9, 7)), (1, draw(21, 4, 9, 20))):
        both = backend.concatenate([x, other, y], axis)
        yield from (both, backend.part(both, axis, x.shape[axis] - 1, both.shape[axis] - 3))
    yield backend.add_to(y, x)

    x, w, windows = draw(21, 9, 9, 20), draw(3, 3, 20, 2), Windows.over((9, 9), 3, 1, "same")
    dy = draw(21, 9, 9, 40)
    yield backend.depthwise_conv2d(x, w, draw(40), windows)
    yield backend.depthwise_conv2d_input_gradient(dy, w, windows)
    yield backend.depthwise_conv2d_weight_gradient(x, dy, windows)

    x, dy, gamma, beta = draw(2000, 33), draw(2000, 33), draw(33), draw(33)
    y, mean, variance = backend.batch_norm(x, gamma, beta, 1e-3)
    dgamma, dbeta = backend.batch_norm_parameter_gradients(dy, x, mean, variance, 1e-3)
    yield from (y, mean, variance, dgamma, dbeta)
    yield backend.batch_norm_input_gradient(dy, x, gamma, mean, variance, 1e-3, dgamma, dbeta)

    for y in (backend.sigmoid(x), backend.tanh(x), backend.softmax(x), backend.dropout(x, 0.4, Key(2**63 + 7, 3))):
        yield y
    yield from backend.softmax_cross_entropy(x, np.arange(2000) % 33)


def fused_results(backend: Backend, dtype: type) -> Iterator[np.ndarray]:
    """Groups of kernels as one: pooling windows that leave a remainder, and those of one pixel.

    The gradients get winners by lot: where two pixels are nearly equal, or one is nearly 0, rounding decides who won.
    """
    draw, lots = _drawing(dtype), np.random.default_rng(1)
    for n, side, channels, filters, kernel, stride, padding, dilation, groups in CONVOLUTIONS:
        windows = Windows.over((side, side), kernel, stride, padding, dilation)
        for size in ((1, 1), (min(2, windows.outputs[0]), min(3, windows.outputs[1]))):
            pooling = Windows.over(windows.outputs, size, size)
            x, w = draw(n, side, side, channels), draw(kernel, kernel, channels // groups, filters)
            yield from backend.conv2d_relu_pool(x, w, draw(filters), windows, groups, pooling)
            shape = n, *pooling.outputs, filters
            won = lots.integers(0, size[0] * size[1] + 1, shape, np.uint8)
            yield from backend.relu_pool_gradient(draw(*shape), won, pooling)

            x, gamma, beta = draw(n, *windows.outputs, filters), draw(filters), draw(filters)
            y, winners, mean, variance = backend.batch_norm_relu_pool(x, gamma, beta, 1e-3, pooling)
            given = draw(*shape), won, x
            dgamma, dbeta = backend.batch_norm_relu_pool_parameter_gradients(*given, mean, variance, 1e-3, pooling)
            yield from (y, winners, mean, variance, dgamma, dbeta)
            yield backend.batch_norm_relu_pool_input_gradient(
                *given, gamma, mean, variance, 1e-3, dgamma, dbeta, pooling
            )
    for shape in ((9, 300, 17), (3, 5, 5, 64)):
        x, dy, shortcut, gamma, beta = draw(*shape), draw(*shape), draw(*shape), draw(shape[-1]), draw(shape[-1])
        for relu_first in (True, False):
            y, _, mean, variance = backend.batch_norm_add_relu(x, gamma, beta, shortcut, 1e-3, relu_first)
            yield from (y, mean, variance)
        yield from backend.batch_norm_add(x, gamma, beta, shortcut, 1e-3)
        won = lots.integers(0, 2, shape, np.uint8)
        yield from backend.batch_norm_add_relu_gradients(dy, won, x, mean, variance, 1e-3)
        yield backend.add_relu(x, shortcut)
    yield backend.dense_relu(draw(37, 700), draw(700, 50), draw(50))


def _drawing(dtype: type) -> Callable[..., np.ndarray]:
    rng = np.random.default_rng(0)
    return lambda *shape: rng.standard_normal(shape).astype(dtype)


def digest(dtype: type) -> str:
    """A hash of every bit of every result."""
    return hashlib.sha256(b"".join(a.tobytes() for a in results(numba, dtype))).hexdigest()


def check(compute: Callable[[Backend, type], Iterator[np.ndarray]], dtype: type, tolerance: float) -> None:
    """Raises AssertionError where the numpy backend computes something else."""
    for i, (found, expected) in enumerate(zip(compute(numba, dtype), compute(numpy, dtype), strict=True)):
        if found.dtype == np.uint8:
            assert (found != expected).mean() < NEARLY_EQUAL, f"winners {i} {found.shape} are others"
            continue
        error = np.abs(found.astype(float) - expected).max()
        assert error <= tolerance * np.abs(expected).max(), f"result {i} {found.shape} is off by {error}"


if __name__ == "__main__":
    if sys.argv[1] == "--check":
        from minicnn.kernels.cpu.machine import vector_registers

        check(matrix_results, np.float32, 1e-5)
        check(algorithm_results, np.float32, 1e-5)
        print("vectors of", vector_registers()[0], "bytes")
    else:
        for threads in map(int, sys.argv[1:]):
            set_num_threads(threads)
            print(digest(np.float32), digest(np.float64))
