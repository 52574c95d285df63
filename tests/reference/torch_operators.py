"""The operators of `minicnn.ops`, with their names, arguments and layouts, as PyTorch computes them.

Nothing of minicnn is used: padding and output sizes are worked out here a second time, from TensorFlow's and Keras's
documentation. Gradients come from `torch.autograd`. Images are (N, H, W, C), as in minicnn; PyTorch's are (N, C, H, W).
"""

from __future__ import annotations

import builtins  # `max` and `sum` are operators here
import math
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

CLIP = 1e-7  # Keras's epsilon: how far from 0 and 1 it keeps a probability before taking its logarithm


# Layout and padding.


def to_nchw(x: Tensor) -> Tensor:
    return x.permute(0, 3, 1, 2)


def to_nhwc(x: Tensor) -> Tensor:
    return x.permute(0, 2, 3, 1)


def pair(value: Any) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else (value[0], value[1])


def pads_of(x: Tensor, size: Any, strides: Any, padding: Any, dilation: Any = 1) -> list[int]:
    """[left, right, top, bottom], as F.pad wants it, for x (N, C, H, W)."""
    if padding == "valid":
        return [0, 0, 0, 0]
    if padding == "same":  # tf.nn's documentation: ceil(n / stride) outputs, the odd pixel after the others
        sides = []
        for n, k, s, d in zip(x.shape[2:], pair(size), pair(strides), pair(dilation), strict=True):
            total = builtins.max((math.ceil(n / s) - 1) * s + d * (k - 1) + 1 - n, 0)
            sides.append((total // 2, total - total // 2))
    else:
        sides = [pair(side) for side in pair(padding)]
    return [*sides[1], *sides[0]]


# Convolutions.


def conv2d(
    x: Tensor,
    w: Tensor,
    b: Tensor | None = None,
    *,
    strides: Any = 1,
    padding: Any = "valid",
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """w (R, S, C / groups, K); PyTorch's is (K, C / groups, R, S)."""
    x = to_nchw(x)
    x = F.pad(x, pads_of(x, w.shape[:2], strides, padding, dilation))
    return to_nhwc(F.conv2d(x, w.permute(3, 2, 0, 1).contiguous(), b, pair(strides), 0, pair(dilation), groups))


def depthwise_conv2d(
    x: Tensor, w: Tensor, b: Tensor | None = None, *, strides: Any = 1, padding: Any = "valid", dilation: Any = 1
) -> Tensor:
    """w (R, S, C, M); in PyTorch a convolution of C groups with M filters each: (C·M, 1, R, S)."""
    channels = w.shape[2]
    x = to_nchw(x)
    x = F.pad(x, pads_of(x, w.shape[:2], strides, padding, dilation))
    filters = w.permute(2, 3, 0, 1).reshape(-1, 1, *w.shape[:2]).contiguous()
    return to_nhwc(F.conv2d(x, filters, b, pair(strides), 0, pair(dilation), channels))


def conv2d_transpose(
    x: Tensor,
    w: Tensor,
    b: Tensor | None = None,
    *,
    strides: Any = 1,
    padding: Any = "valid",
    dilation: Any = 1,
    output_padding: Any = None,
) -> Tensor:
    """w (R, S, K, C); PyTorch's is (C, K, R, S). Every stamp in full first, then cut to the image that is meant."""
    x = to_nchw(x)
    extra = (0, 0) if output_padding is None else pair(output_padding)
    sizes, cuts = [], []
    for axis, (k, s, d) in enumerate(zip(w.shape[:2], pair(strides), pair(dilation), strict=True)):
        n, reach = x.shape[2 + axis], d * (k - 1) + 1
        if padding == "same" and output_padding is not None:  # Keras: (n - 1)·stride + reach % 2 + output_padding
            size = (n - 1) * s + reach % 2 + extra[axis]
            before = builtins.max((n - 1) * s + reach - size, 0) // 2
        elif padding == "same":  # the image of which a "same" convolution makes n pixels
            size = n * s
            before = builtins.max(reach - s, 0) // 2
        elif padding == "valid" and output_padding is None:
            size, before = n * s + builtins.max(reach - s, 0), 0
        else:
            top, bottom = (0, 0) if padding == "valid" else pair(pair(padding)[axis])
            size, before = (n - 1) * s + reach - top - bottom + extra[axis], top
        sizes.append(size)
        cuts.append(before)
    y = F.conv_transpose2d(x, w.permute(3, 2, 0, 1).contiguous(), None, pair(strides), 0, 0, 1, pair(dilation))
    # Where the stride reaches beyond the last stamp there is more image, all zeros.
    down, across = (builtins.max(c + n - have, 0) for c, n, have in zip(cuts, sizes, y.shape[2:], strict=True))
    y = F.pad(y, [0, across, 0, down])
    y = y[:, :, cuts[0] : cuts[0] + sizes[0], cuts[1] : cuts[1] + sizes[1]]
    return to_nhwc(y) if b is None else to_nhwc(y) + b


# Pooling.


def max_pool2d(x: Tensor, pool_size: Any, strides: Any = None, padding: Any = "valid") -> Tensor:
    strides = pool_size if strides is None else strides
    x = to_nchw(x)
    x = F.pad(x, pads_of(x, pool_size, strides, padding), value=-math.inf)
    return to_nhwc(F.max_pool2d(x.contiguous(), pair(pool_size), pair(strides)))


def average_pool2d(x: Tensor, pool_size: Any, strides: Any = None, padding: Any = "valid") -> Tensor:
    """The mean over window and padding, put right by the part of the window that is image."""
    strides = pool_size if strides is None else strides
    x = to_nchw(x)
    pads = pads_of(x, pool_size, strides, padding)
    mean, part = (F.avg_pool2d(F.pad(a, pads), pair(pool_size), pair(strides)) for a in (x, torch.ones_like(x)))
    return to_nhwc(mean / part)


def global_max_pool2d(x: Tensor) -> Tensor:
    return F.adaptive_max_pool2d(to_nchw(x), 1).flatten(1)


def global_average_pool2d(x: Tensor) -> Tensor:
    return F.adaptive_avg_pool2d(to_nchw(x), 1).flatten(1)


# Batch normalization and dense.


def batch_norm(
    x: Tensor,
    gamma: Tensor,
    beta: Tensor,
    *,
    epsilon: float = 1e-3,
    observe: Callable[[Tensor, Tensor], None] | None = None,
) -> Tensor:
    if observe is not None:
        variance, mean = torch.var_mean(x.detach(), dim=tuple(range(x.ndim - 1)), correction=0)
        observe(mean, variance)
    y = F.batch_norm(_channels_second(x), None, None, gamma, beta, training=True, eps=epsilon)
    return y.movedim(1, -1)


def batch_norm_add(
    x: Tensor, gamma: Tensor, beta: Tensor, shortcut: Tensor, *, relu: str | None = "after", epsilon: float = 1e-3
) -> Tensor:
    z = batch_norm(x, gamma, beta, epsilon=epsilon)
    if relu == "before":
        return F.relu(z) + shortcut
    return F.relu(z + shortcut) if relu else z + shortcut


def add_relu(x: Tensor, y: Tensor) -> Tensor:
    return F.relu(x + y)


def batch_norm_inference(
    x: Tensor, gamma: Tensor, beta: Tensor, mean: Tensor, variance: Tensor, *, epsilon: float = 1e-3
) -> Tensor:
    y = F.batch_norm(_channels_second(x), mean, variance, gamma, beta, training=False, eps=epsilon)
    return y.movedim(1, -1)


def _channels_second(x: Tensor) -> Tensor:
    """Contiguous: over rows of channels PyTorch adds up one by one in float32, which here cost 100 times the error."""
    return x.movedim(-1, 1).contiguous()


def dense(x: Tensor, w: Tensor, b: Tensor | None = None) -> Tensor:
    return F.linear(x, w.T, b)


# Activations.


def relu(x: Tensor, *, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Tensor:
    if threshold == 0:
        y = F.leaky_relu(x, negative_slope)
    else:
        y = F.threshold(x, threshold, 0.0) - negative_slope * F.relu(threshold - x)
    return y if max_value is None else torch.where(y < max_value, y, max_value)


def relu6(x: Tensor) -> Tensor:
    return F.relu6(x)


def leaky_relu(x: Tensor, negative_slope: float = 0.2) -> Tensor:
    return F.leaky_relu(x, negative_slope)


def prelu(x: Tensor, alpha: Tensor) -> Tensor:
    """PyTorch has one slope a channel and calls axis 1 the channels: so every element of an image becomes a channel."""
    slopes = alpha.expand(x.shape[1:]).reshape(-1)
    return F.prelu(x.flatten(1), slopes).reshape(x.shape)


def sigmoid(x: Tensor) -> Tensor:
    return torch.sigmoid(x)


def tanh(x: Tensor) -> Tensor:
    return torch.tanh(x)


def softmax(x: Tensor) -> Tensor:
    return F.softmax(x, dim=-1)


def elu(x: Tensor, alpha: float = 1.0) -> Tensor:
    return F.elu(x, alpha)


def selu(x: Tensor) -> Tensor:
    return F.selu(x)


def gelu(x: Tensor, approximate: bool = False) -> Tensor:
    return F.gelu(x, approximate="tanh" if approximate else "none")


def silu(x: Tensor) -> Tensor:
    return F.silu(x)


def softplus(x: Tensor) -> Tensor:
    return F.softplus(x, threshold=100)


def log_softmax(x: Tensor) -> Tensor:
    return F.log_softmax(x, dim=-1)


# Losses, one number an example.


def softmax_cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    return F.cross_entropy(logits, labels, reduction="none")


def cross_entropy(probabilities: Tensor, labels: Tensor) -> Tensor:
    scaled = probabilities / probabilities.sum(dim=1, keepdim=True)
    logs = scaled.clamp(CLIP, 1 - CLIP).log()
    return F.nll_loss(logs, labels, reduction="none") if labels.ndim == 1 else -(labels * logs).sum(dim=1)


def binary_cross_entropy(predictions: Tensor, targets: Tensor, *, from_logits: bool = False) -> Tensor:
    if from_logits:
        losses = F.binary_cross_entropy_with_logits(predictions, targets, reduction="none")
    else:
        losses = F.binary_cross_entropy(predictions.clamp(CLIP, 1 - CLIP), targets, reduction="none")
    return losses.mean(dim=1)


# Arithmetic, reductions, shapes.


def add(x: Tensor, y: Tensor) -> Tensor:
    return x + y


def subtract(x: Tensor, y: Tensor) -> Tensor:
    return x - y


def multiply(x: Tensor, y: Tensor) -> Tensor:
    return x * y


def divide(x: Tensor, y: Tensor) -> Tensor:
    return x / y


def maximum(x: Tensor, y: Tensor) -> Tensor:
    return torch.maximum(x, y)


def minimum(x: Tensor, y: Tensor) -> Tensor:
    return torch.minimum(x, y)


def concatenate(axis: int, **xs: Tensor) -> Tensor:
    return torch.cat(list(xs.values()), dim=axis)


def matmul(x: Tensor, y: Tensor) -> Tensor:
    return x @ y


def negative(x: Tensor) -> Tensor:
    return -x


def exp(x: Tensor) -> Tensor:
    return torch.exp(x)


def log(x: Tensor) -> Tensor:
    return torch.log(x)


def sqrt(x: Tensor) -> Tensor:
    return torch.sqrt(x)


def absolute(x: Tensor) -> Tensor:
    return torch.abs(x)


def power(x: Tensor, exponent: float) -> Tensor:
    return torch.pow(x, exponent)


def sum(x: Tensor, axis: Any = None, keepdims: bool = False) -> Tensor:
    return torch.sum(x, dim=axis, keepdim=keepdims)


def mean(x: Tensor, axis: Any = None, keepdims: bool = False) -> Tensor:
    return torch.mean(x, dim=axis, keepdim=keepdims)


def max(x: Tensor, axis: Any = None, keepdims: bool = False) -> Tensor:
    return torch.amax(x, dim=() if axis is None else axis, keepdim=keepdims)


def reshape(x: Tensor, shape: Any) -> Tensor:
    return x.reshape(shape)


def transpose(x: Tensor, axes: Any = None) -> Tensor:
    return x.permute(axes if axes is not None else tuple(range(x.ndim))[::-1])


def getitem(x: Tensor, index: Any) -> Tensor:
    return x[index]


def zero_pad2d(x: Tensor, padding: Any) -> Tensor:
    x = to_nchw(x)
    return to_nhwc(F.pad(x, pads_of(x, 1, 1, padding)))


def upsample2d(x: Tensor, size: Any, interpolation: str = "nearest") -> Tensor:
    options = {} if interpolation == "nearest" else {"align_corners": False}
    return to_nhwc(F.interpolate(to_nchw(x), scale_factor=pair(size), mode=interpolation, **options))
