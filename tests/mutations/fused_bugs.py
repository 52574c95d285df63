"""Bugs in the fused groups."""

from __future__ import annotations

from tests.mutations.bug import KERNELS, OPS, Bug, gradients

FUSED_BUGS = [
    Bug(
        "conv2d_relu: pixels that ReLU held back count as winners",
        f"{KERNELS}.fused._relu_pool",
        "np.where(largest <= 0, none, winners)",
        "winners",
        gradients("conv2d_relu"),
    ),
    Bug(
        "conv2d_relu: db of what came from above, not of what ReLU let through",
        f"{KERNELS}.fused.relu_pool_gradient",
        "bias_gradient(dz)",
        "bias_gradient(dy)",
        gradients("conv2d_relu"),
    ),
    Bug(
        "conv2d_relu: pooling before the bias is added",
        f"{KERNELS}.fused.conv2d_relu_pool",
        "_relu_pool(conv2d(x, w, b, windows, groups), pooling)",
        "_relu_pool(conv2d(x, w, None, windows, groups) + (0 if b is None else np.abs(b)), pooling)",
        gradients("conv2d_relu"),
    ),
    Bug(
        "batch_norm_relu: dx spread over the first pixel of each window",
        f"{KERNELS}.fused.batch_norm_relu_pool_input_gradient",
        "winners, pooling",
        "winners * 0, pooling",
        gradients("batch_norm_relu"),
    ),
    Bug(
        "batch_norm_relu: dgamma of pixels that ReLU held back",
        f"{KERNELS}.fused.batch_norm_relu_pool_parameter_gradients",
        "winners, pooling",
        "winners % (pooling.size[0] * pooling.size[1]), pooling",
        gradients("batch_norm_relu"),
    ),
    Bug(
        "add_relu: the gradient goes through where ReLU held back",
        f"{OPS}.residual.add_relu",
        "dsum = backend.relu_gradient(dz, z, 0.0, None, 0.0)",
        "dsum = dz",
        gradients("add_relu"),
    ),
    Bug(
        "batch_norm_add: the shortcut gets what ReLU held back, too",
        f"{OPS}.residual.batch_norm_add",
        '"shortcut": dz',
        '"shortcut": dy',
        gradients("batch_norm_add"),
    ),
    Bug(
        "batch_norm_add: dgamma of numbers that ReLU held back",
        f"{KERNELS}.fused.batch_norm_add_relu_gradients",
        "batch_norm_parameter_gradients(dz, ",
        "batch_norm_parameter_gradients(dy, ",
        gradients("batch_norm_add"),
    ),
    Bug(
        "batch_norm_add: held back by the sign of the sum where ReLU comes before it",
        f"{KERNELS}.fused.batch_norm_add_relu",
        "(z <= 0)",
        "(normalized + shortcut <= 0)",
        gradients("batch_norm_add"),
    ),
    Bug(
        "dense_relu: the gradient goes through where ReLU held back",
        f"{OPS}.fused.dense_relu",
        "dz = backend.relu_gradient(dy, y, 0.0, None, 0.0)",
        "dz = dy",
        gradients("dense_relu"),
    ),
]
