"""When a loss turns NaN or infinite: which layer, at which step, and what to try."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from minicnn.errors import NonFiniteError
from minicnn.structure import leaves
from minicnn.tensor import no_grad


def without_warnings() -> np.errstate:
    """Silences what NumPy says of overflows, without a place: the guard looks at the result and names the layer."""
    return np.errstate(over="ignore", invalid="ignore", divide="ignore")


def raise_non_finite(model: Any, x: Any, loss: float, step: int, training: bool = True) -> None:
    """Raises NonFiniteError that names the first layer whose weights or output are not finite for the batch x.

    training: the loss is that of training step number `step`; False: of an evaluation after so many steps.
    """
    with no_grad(), without_warnings():
        culprit = _culprit(model, x, training)
    when = f"the loss became {loss} at step {step}" if training else f"the loss is {loss} after {step} steps"
    raise NonFiniteError(f"{when}: {culprit}. Try a smaller learning rate, or clipnorm=1.0")


def _culprit(model: Any, x: Any, training: bool) -> str:
    largest = 0.0
    for layer, y in _outputs(model, x, training):
        bad = next((v.name for v in layer.weights if not np.isfinite(v.data).all()), None)
        if bad is not None:
            return f"layer {layer.name!r}: its weights {bad} are no longer finite (the step before was too large)"
        for output in leaves(y):
            if not np.isfinite(output.data).all():
                return f"layer {layer.name!r}: its output is the first that is not finite"
            largest = float(np.abs(output.data).max())
    return (
        f"every layer's output is finite, the last one's up to {largest:.1e} in size: it is "
        "the loss itself (are the labels and the loss a pair?)"
    )


def _outputs(model: Any, x: Any, training: bool) -> Iterator[tuple[Any, Any]]:
    """Every layer with its output; of a model without a graph only what comes out in the end."""
    if model.wiring is not None:
        return model.planned().one_by_one(leaves(model.receive(x)), training)
    return iter([(model, model(x, training=training))])


def check_weights(model: Any, step: int) -> None:
    """Raises NonFiniteError that names the first layer whose weights are not finite: such a model must not be saved."""
    for layer in model.sublayers:
        for variable in layer.weights:
            if not np.isfinite(variable.data).all():
                raise NonFiniteError(
                    f"after step {step} the weights {variable.name} of layer {layer.name!r} are no longer finite. "
                    "Try a smaller learning rate, or clipnorm=1.0"
                )
