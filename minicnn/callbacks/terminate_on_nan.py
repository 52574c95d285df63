"""Ending a training whose loss has become NaN."""

from __future__ import annotations

from minicnn.callbacks.base import Callback


class TerminateOnNaN(Callback):
    """Ends the training when the loss becomes NaN or infinite; its logs then hold a loss of NaN.

    raise_error: raise NonFiniteError instead, which `fit` also does without this callback.
    minicnn finds out before the step changes the weights: they are the last good ones (Keras's are NaN by then).
    """

    def __init__(self, raise_error: bool = False) -> None:
        self.raise_error = raise_error

    def on_non_finite(self, error: ArithmeticError) -> bool:
        """Says which layer it was, and ends the training."""
        if not self.raise_error:
            print(f"Invalid loss, terminating training: {error}")
        return not self.raise_error
