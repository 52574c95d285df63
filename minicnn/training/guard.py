"""When a loss turns NaN or infinite: which layer, at which step, and what to try."""

from __future__ import annotations

from typing import Any

import numpy as np

from minicnn.backends import moved
from minicnn.errors import NonFiniteError
from minicnn.tensor import no_grad


def without_warnings() -> np.errstate:
    """Silences what NumPy says of overflows, without a place: the guard looks at the result and names the layer."""
    return np.errstate(over="ignore", invalid="ignore", divide="ignore")


def raise_non_finite(model: Any, x: np.ndarray, loss: float, step: int, training: bool = True) -> None:
    """Raises NonFiniteError that names the first layer whose weights or output are not finite for the batch x.

    training: the loss is that of training step number `step`; False: of an evaluation after so many steps.
    """
    value: Any = moved(x, model.device)
    with no_grad(), without_warnings():
        for layer in model.layers:
            bad = next((v.name for v in layer.weights if not np.isfinite(v.data).all()), None)
            if bad is not None:
                culprit = (
                    f"layer {layer.name!r}: its weights {bad} are no longer finite (the step before was too large)"
                )
                break
            value = layer(value, training=training)
            if not np.isfinite(value.data).all():
                culprit = f"layer {layer.name!r}: its output is the first that is not finite"
                break
        else:
            largest = float(np.abs(value.data).max())
            culprit = (
                f"every layer's output is finite, the last one's up to {largest:.1e} in size: it is "
                "the loss itself (are the labels and the loss a pair?)"
            )
    when = f"the loss became {loss} at step {step}" if training else f"the loss is {loss} after {step} steps"
    raise NonFiniteError(f"{when}: {culprit}. Try a smaller learning rate, or clipnorm=1.0")


def check_weights(model: Any, step: int) -> None:
    """Raises NonFiniteError that names the first layer whose weights are not finite: such a model must not be saved."""
    for layer in model.layers:
        for variable in layer.weights:
            if not np.isfinite(variable.data).all():
                raise NonFiniteError(
                    f"after step {step} the weights {variable.name} of layer {layer.name!r} are no longer finite. "
                    "Try a smaller learning rate, or clipnorm=1.0"
                )
