"""Every activation as Keras computes it: by name, with its slope."""

from __future__ import annotations

from typing import Any

import numpy as np

from .archive import Group

NAMES = (
    *("elu", "exponential", "gelu", "hard_sigmoid", "hard_silu", "hard_swish", "hard_tanh", "leaky_relu", "linear"),
    *("log_sigmoid", "log_softmax", "mish", "relu", "relu6", "selu", "sigmoid", "silu", "softmax", "softplus"),
    *("softsign", "swish", "tanh"),
)
X = np.array([[-7.5, -3.1, -1.3, -0.4, 0.2], [0.7, 1.6, 2.9, 5.5, 8.0]])  # away from every kink
DY = np.array([[0.3, -1.2, 0.8, 1.5, -0.6], [0.9, -0.2, 1.1, -1.7, 0.4]])


def results(keras: Any) -> dict[str, Group]:
    """Each activation's output and gradient."""
    import torch

    found = {}
    for name in NAMES:
        x = torch.tensor(X, requires_grad=True)
        y = keras.activations.get(name)(x)
        (gradient,) = torch.autograd.grad(y, x, torch.tensor(DY))
        found[name] = Group({"y": y.detach().numpy(), "gradient": gradient.numpy()})
    return found
