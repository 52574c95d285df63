"""Cases of the fused groups: those of their first operator, with x in the order that keeps kinks farthest away.

What reaches ReLU is a sum, which no draw can place. So x is put in several orders, and the one is taken whose sums are
farthest from 0 and, in a pooling window, from one another: any order is valid, and the geometry is the same in all.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from minicnn import ops
from minicnn.gradient_check.array_cases import batch_norm, dense
from minicnn.gradient_check.case import Case, Draw
from minicnn.gradient_check.draws import between, shape_from, whole_from
from minicnn.gradient_check.window_cases import conv2d

ORDERS = 20


def conv2d_relu(rng: np.random.Generator) -> Case:
    """With every window that tiles what the convolution gives, and remainders that none holds."""
    return _farthest(rng, conv2d, ops.conv2d_relu)


def batch_norm_relu(rng: np.random.Generator) -> Case:
    """Of rows and sequences, which cannot be pooled, and of images."""
    return _farthest(rng, batch_norm, ops.batch_norm_relu)


def dense_relu(rng: np.random.Generator) -> Case:
    """With and without bias."""
    return _farthest(rng, dense, ops.dense_relu)


def add_relu(rng: np.random.Generator) -> Case:
    """Sums on both sides of 0."""
    x = rng.standard_normal(shape_from(rng))
    return Case(ops.add_relu, {"x": x, "y": between(rng, x.shape, (0,)) - x})


def batch_norm_add(rng: np.random.Generator) -> Case:
    """Of rows, sequences and images; ReLU after the sum, before it, or not at all."""
    relu = rng.choice(["after", "before", ""]).item() or None
    case = _farthest(rng, batch_norm, ops.batch_norm_relu) if relu == "before" else batch_norm(rng)
    case.options.pop("pool_size", None)
    normalized = Case(ops.batch_norm, case.inputs, case.options)(**case.inputs)
    shortcut = between(rng, normalized.shape, (0,)) - (0 if relu == "before" else normalized)
    return Case(ops.batch_norm_add, {**case.inputs, "shortcut": shortcut}, {**case.options, "relu": relu})


def _farthest(rng: np.random.Generator, draw: Draw, fused: Callable[..., object]) -> Case:
    case = draw(rng)
    pool_size = _pool_size(rng, case(**case.inputs))
    options = case.options if fused is ops.dense_relu else {**case.options, "pool_size": pool_size}
    x = case.inputs["x"]
    orders = [rng.permutation(x.reshape(-1)).reshape(x.shape) for _ in range(ORDERS)]
    best = max(orders, key=lambda order: _distance(case(**{**case.inputs, "x": order}), pool_size))
    return Case(fused, {**case.inputs, "x": best}, options)


def _pool_size(rng: np.random.Generator, z: np.ndarray) -> tuple[int, int]:
    if z.ndim != 4:
        return 1, 1
    whole = whole_from(rng)
    return whole(1, min(3, z.shape[1])), whole(1, min(3, z.shape[2]))


def _distance(z: np.ndarray, pool_size: tuple[int, int]) -> float:
    """The smallest distance from 0, or between the two largest of a window if they are positive."""
    nearest = float(np.abs(z).min(initial=1))
    if pool_size == (1, 1):
        return nearest
    (r, s), (n, height, width, channels) = pool_size, z.shape
    tiled = z[:, : height // r * r, : width // s * s].reshape(n, height // r, r, width // s, s, channels)
    # (N, PH, PW, C, R·S), in ascending order
    pixels = np.sort(tiled.transpose(0, 1, 3, 5, 2, 4).reshape(n, height // r, width // s, channels, r * s))
    first, second = pixels[..., -1], pixels[..., -2]
    return min(nearest, float((first - second)[first > 0].min(initial=1)))


FUSED_CASES: dict[str, Draw] = {
    draw.__name__: draw for draw in (conv2d_relu, batch_norm_relu, dense_relu, add_relu, batch_norm_add)
}
