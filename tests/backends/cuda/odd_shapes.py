"""One call of each teaching kernel, on shapes that fill no block and no tile, and on such as need several."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from minicnn.backends import current_backend
from minicnn.geometry import Windows
from minicnn.random import Key, generator

Normal = Callable[..., np.ndarray]
Named = dict[str, np.ndarray]


def odd_shapes(dtype: str) -> Named:
    """The results of the backend in use, by name; always of the same numbers."""
    rng = generator(3)

    def normal(*shape: int) -> np.ndarray:
        return rng.standard_normal(shape).astype(dtype)

    families = _dense, _windows, _fused, _batch_norm, _cross_entropy, _elements
    return {name: result for family in families for name, result in family(normal).items()}


def _dense(normal: Normal) -> Named:
    backend = current_backend()
    x, w, b, dy = normal(37, 45), normal(45, 19), normal(19), normal(37, 19)
    return {
        "dense": backend.dense(x, w, b),
        "dense relu": backend.dense_relu(x, w, None),
        "dense dx": backend.dense_input_gradient(dy, w),
        "dense dw": backend.dense_weight_gradient(x, dy),
        "dense db": backend.bias_gradient(normal(1031, 34)),  # three chunks of rows, two tiles of channels
    }


def _windows(normal: Normal) -> Named:
    backend, over = current_backend(), Windows.over((9, 7), 3, strides=2, padding="same")
    x = normal(2, 9, 7, 5)
    columns, (pooled, winners) = backend.im2col(x, over), backend.max_pool2d(x, over)
    return {
        "im2col": columns,
        "col2im": backend.col2im(columns, over),
        "max pool": pooled,
        "max pool dx": backend.max_pool2d_gradient(normal(*pooled.shape), winners, over),
    }


def _fused(normal: Normal) -> Named:
    backend, one = current_backend(), Windows.over((9, 7), 1)
    x, w, found = normal(2, 9, 7, 5), normal(1, 1, 5, 6), {}
    for size in ((1, 1), (2, 2), (3, 2)):
        tiled = Windows.over((9, 7), size, strides=size)
        y, winners = backend.conv2d_relu_pool(x, w, None, one, 1, tiled)
        found[f"relu pool {size}"] = y
        found[f"relu pool {size} dx"] = backend.relu_pool_gradient(normal(*y.shape), winners, tiled)[0]
    return found


def _batch_norm(normal: Normal) -> Named:
    backend, x, dy, gamma = current_backend(), normal(13, 11, 9, 34), normal(13, 11, 9, 34), normal(34)
    y, mean, variance = backend.batch_norm(x, gamma, normal(34), 1e-3)
    dgamma, dbeta = backend.batch_norm_parameter_gradients(dy, x, mean, variance, 1e-3)
    dx = backend.batch_norm_input_gradient(dy, x, gamma, mean, variance, 1e-3, dgamma, dbeta)
    found = {"batch norm": y, "mean": mean, "variance": variance, "dgamma": dgamma, "dbeta": dbeta, "batch norm dx": dx}
    shortcut, winners = normal(13, 11, 9, 34), (normal(13, 11, 9, 34) > 0).astype(np.uint8)
    found["batch norm and sum"] = backend.batch_norm_add_relu(x, gamma, gamma, shortcut, 1e-3, False)[0]
    through_relu = backend.batch_norm_add_relu_gradients(dy, winners, x, mean, variance, 1e-3)
    return found | dict(zip(("dz", "dgamma of dz", "dbeta of dz"), through_relu, strict=True))


def _cross_entropy(normal: Normal) -> Named:
    backend, logits, dlosses, found = current_backend(), normal(7, 45), normal(7), {}
    for name, targets in {"labels": np.arange(0, 42, 6), "targets": np.abs(normal(7, 45))}.items():
        losses, probabilities = backend.softmax_cross_entropy(logits, targets)
        found |= {f"losses of {name}": losses, f"probabilities of {name}": probabilities}
        found[f"dlogits of {name}"] = backend.softmax_cross_entropy_gradient(dlosses, probabilities, targets)
    return found


def _elements(normal: Normal) -> Named:
    backend, parameters, velocities = current_backend(), [normal(5000), normal(3)], [normal(5000), normal(3)]
    backend.sgd_update(parameters, [normal(5000), normal(3)], velocities, 0.1, 0.9, True)
    x, dy = normal(37, 45), normal(37, 45)
    return {
        "dropout": backend.dropout(x, 0.3, Key(5, 2)),
        "gelu": backend.gelu(x, approximate=False),
        "gelu dx": backend.gelu_gradient(dy, x, approximate=False),
        "gelu by tanh": backend.gelu(x, approximate=True),
        "gelu by tanh, dx": backend.gelu_gradient(dy, x, approximate=True),
        **{f"sgd {i}": a for i, a in enumerate([*parameters, *velocities])},
    }
