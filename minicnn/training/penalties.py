"""What regularizers add: to the loss, and to the gradients.

The penalty of a weight does not depend on the batch. So it is added beside the step, which may be a recorded one; that
of an output is part of the step.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from minicnn.layers import Layer, Variable
from minicnn.tensor import Array, Tensor


def with_activity(loss: Tensor, layers: Iterable[Layer]) -> Tensor:
    """The loss and what activity regularizers made of the outputs just computed."""
    for layer in layers:
        if layer.activity_loss is not None:
            loss, layer.activity_loss = loss + layer.activity_loss, None
    return loss


def weight_penalty(variables: Sequence[Variable], gradients: list[Array] | None = None) -> Any:
    """The sum of all weights' penalties; their gradients are added to `gradients`, and to each variable's `grad`.

    0.0 if there are none, else () float64 where the weights live: to look at it would wait for the device.
    """
    total: Any = 0.0
    for i, variable in enumerate(variables):
        if variable.regularizer is None:
            continue
        weight = Tensor(variable.data, requires_grad=gradients is not None)
        penalty = variable.regularizer(weight)
        total = total + penalty.data.astype(np.float64)
        if gradients is not None and penalty.requires_grad:
            penalty.backward()
            gradients[i] = variable.grad = gradients[i] + weight.grad
    return total
