"""One call of each teaching kernel, on shapes that fill no block and no tile, and on such as need several."""

from __future__ import annotations

import numpy as np

from minicnn.backends import current_backend
from minicnn.geometry import Windows
from minicnn.random import Key, generator


def odd_shapes(dtype: str) -> dict[str, np.ndarray]:
    """The results of the backend in use, by name; always of the same numbers."""
    rng, backend = generator(3), current_backend()

    def normal(*shape: int) -> np.ndarray:
        return rng.standard_normal(shape).astype(dtype)

    x, w, b = normal(37, 45), normal(45, 19), normal(19)
    images, wide = normal(2, 9, 7, 5), normal(13, 11, 9, 34)  # wide: three chunks of rows, two tiles of channels
    over = Windows.over((9, 7), 3, strides=2, padding="same")
    tiled, alone = Windows.over((9, 7), (3, 2), strides=(3, 2)), Windows.over((9, 7), 1)
    y, winners = backend.max_pool2d(images, over)
    columns = backend.im2col(images, over)
    normalized, mean, variance = backend.batch_norm(wide, normal(34), normal(34), 1e-3)
    dgamma, dbeta = backend.batch_norm_parameter_gradients(wide, normalized, mean, variance, 1e-3)
    logits, labels = normal(7, 45), rng.integers(0, 45, 7)
    losses, probabilities = backend.softmax_cross_entropy(logits, labels)
    targets = np.abs(normal(7, 45))
    pooled, pooled_winners = backend.conv2d_relu_pool(images, normal(1, 1, 5, 6), None, alone, 1, tiled)
    parameters, velocities = [normal(5000), normal(3)], [normal(5000), normal(3)]
    backend.sgd_update(parameters, [normal(5000), normal(3)], velocities, 0.1, 0.9, True)
    return {
        **{"dense": backend.dense(x, w, b), "relu": backend.dense_relu(x, w, None), "db": backend.bias_gradient(wide)},
        **{
            "dx": backend.dense_input_gradient(normal(37, 19), w),
            "dw": backend.dense_weight_gradient(x, normal(37, 19)),
        },
        **{"columns": columns, "col2im": backend.col2im(columns, over)},
        **{"pool": y, "pool dx": backend.max_pool2d_gradient(normal(*y.shape), winners, over)},
        **{"relu pool": pooled, "relu pool dx": backend.relu_pool_gradient(pooled, pooled_winners, tiled)[0]},
        **{"batch norm": normalized, "mean": mean, "variance": variance, "dgamma": dgamma, "dbeta": dbeta},
        "batch norm dx": backend.batch_norm_input_gradient(
            wide, normalized, normal(34), mean, variance, 1e-3, dgamma, dbeta
        ),
        **{"losses": losses, "probabilities": probabilities},
        "dlogits": backend.softmax_cross_entropy_gradient(losses, probabilities, labels),
        **{"soft losses": backend.softmax_cross_entropy(logits, targets)[0]},
        "soft dlogits": backend.softmax_cross_entropy_gradient(losses, probabilities, targets),
        "dropout": backend.dropout(x, 0.3, Key(5, 2)),
        **{"sgd": parameters[0], "sgd velocity": velocities[0], "sgd small": parameters[1]},
    }
