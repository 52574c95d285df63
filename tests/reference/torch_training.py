"""Three networks trained for 20 steps in PyTorch, in float64 and in float32: losses and final weights.

The layers are those of `torch_operators`, so weights keep minicnn's layouts and `Flatten` reads (H, W, C).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from . import torch_operators as ops
from .archive import Group
from .training_setup import SETUPS, Setup, batches, summary

EMBEDDED = Path(__file__).parents[2] / "minicnn" / "datasets" / "embedded" / "fashion_mnist_6k.npz"
MOVING_AVERAGE_KEEPS = 0.99  # Keras's momentum: the weight of the old value; PyTorch's would be 0.01


def lenet5(x: Tensor, weights: list[Tensor]) -> Tensor:
    """LeCun et al. (1998) as it is taught today: ReLU and max-pooling."""
    w1, b1, w2, b2, w3, b3, w4, b4, w5, b5 = weights
    x = ops.max_pool2d(F.relu(ops.conv2d(x, w1, b1, padding="same")), 2)
    x = ops.max_pool2d(F.relu(ops.conv2d(x, w2, b2)), 2).flatten(1)
    x = F.relu(ops.dense(x, w3, b3))
    x = F.relu(ops.dense(x, w4, b4))
    return ops.dense(x, w5, b5)


def batch_norm_net(x: Tensor, weights: list[Tensor]) -> Tensor:
    """Convolution, batch normalization, ReLU, twice; global average pooling."""
    w1, gamma1, beta1, mean1, variance1, w2, b2, gamma2, beta2, mean2, variance2, w3, b3 = weights
    x = ops.conv2d(x, w1, padding="same")
    x = ops.batch_norm(x, gamma1, beta1, observe=_moving_average(mean1, variance1))
    x = ops.max_pool2d(F.relu(x), 2)
    x = ops.conv2d(x, w2, b2, padding="same")
    x = ops.batch_norm(x, gamma2, beta2, observe=_moving_average(mean2, variance2))
    return ops.dense(ops.global_average_pool2d(F.relu(x)), w3, b3)


def strided_net(x: Tensor, weights: list[Tensor]) -> Tensor:
    """Strided, depthwise and pointwise convolution; average pooling."""
    w1, b1, w2, b2, w3, b3, w4, b4 = weights
    x = F.relu(ops.conv2d(x, w1, b1, strides=2, padding="same"))
    x = ops.depthwise_conv2d(x, w2, b2, strides=2)
    x = F.relu(ops.conv2d(x, w3, b3))
    return ops.dense(ops.average_pool2d(x, 2).flatten(1), w4, b4)


def _moving_average(mean: Tensor, variance: Tensor) -> Callable[[Tensor, Tensor], None]:
    """Keras's: of the biased variance, where PyTorch takes the unbiased one."""

    def observe(batch_mean: Tensor, batch_variance: Tensor) -> None:
        mean.lerp_(batch_mean, 1 - MOVING_AVERAGE_KEEPS)
        variance.lerp_(batch_variance, 1 - MOVING_AVERAGE_KEEPS)

    return observe


NETWORKS = {"lenet5": lenet5, "batch_norm_net": batch_norm_net, "strided_net": strided_net}


def trajectories() -> dict[str, Group]:
    """`trajectories.npz`: for each network and precision the loss at each step and a summary of the final weights."""
    return {
        f"{name}/{dtype}": _train(NETWORKS[name], setup, getattr(torch, dtype))
        for name, setup in SETUPS.items()
        for dtype in ("float64", "float32")
    }


def _train(network: Callable[[Tensor, list[Tensor]], Tensor], setup: Setup, dtype: torch.dtype) -> Group:
    weights = [
        torch.tensor(w, dtype=dtype, requires_grad=not kind.startswith("moving"))
        for w, (kind, _) in zip(setup.initial_weights(), setup.weights, strict=True)
    ]
    learned = [w for w in weights if w.requires_grad]
    sgd = dict(setup.sgd)
    rate, decay = sgd.pop("learning_rate"), sgd.pop("weight_decay", 0)
    optimizer = torch.optim.SGD(learned, rate, **sgd)
    losses = []
    with np.load(EMBEDDED, allow_pickle=False) as data:
        images, labels = data["x_train"], data["y_train"]
    for x, y in batches(images, labels):
        optimizer.zero_grad()
        loss = F.cross_entropy(network(torch.tensor(x, dtype=dtype), weights), torch.tensor(y))
        loss.backward()
        with torch.no_grad():  # Keras's decay: of every variable, apart from the gradient, before the step
            for w in learned:
                w -= w * (rate * decay)
        optimizer.step()
        losses.append(loss.item())
    return Group({"losses": np.array(losses), **summary([w.detach().numpy() for w in weights])})
