"""Dropout: a random part of the elements is left out of this step."""

from __future__ import annotations

from typing import Any

from minicnn.backends import backend_for
from minicnn.ops.checks import check_floats, check_number, naming
from minicnn.random import as_key
from minicnn.tensor import Array, Gradients, differentiable


@differentiable
def dropout(x: Array, rate: float, *, seed: Any) -> tuple:
    """Each element becomes 0 with probability `rate`, otherwise x / (1 - rate), so that the expected value stays.

    x: (...) -> y: (...), in the dtype of x. seed: a whole number or a `random.Key`; the mask is a pure function of it
    (element i is kept if random number i of the key is at least rate · 2³²).
    Gradient: the same mask and scale on dy. It is drawn again, not kept: dropout of dy with the same key.
    Raises ArgumentError if rate is not in [0, 1), DTypeError.
    Source: Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov, Dropout (2014), section 10 (inverted form).
    """
    check_floats("dropout", x=x)
    rate = check_number("dropout", "rate", rate, least=0, below=1)
    with naming("dropout"):
        key = as_key(seed)
    backend = backend_for(x)

    def pullback(dy: Array) -> Gradients:
        return {"x": lambda: backend.dropout(dy, rate, key)}

    return backend.dropout(x, rate, key), pullback
