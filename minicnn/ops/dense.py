"""The dense (fully connected) operator."""

from __future__ import annotations

from minicnn.backends import backend_for
from minicnn.errors import ShapeError
from minicnn.ops.checks import check_floats, check_rank, check_shape
from minicnn.tensor import Array, Gradients, differentiable


@differentiable
def dense(x: Array, w: Array, b: Array | None = None) -> tuple:
    """Every output is a weighted sum of all inputs: y = x @ w + b.

    x: (N, I), w: (I, O), b: (O,) or None -> y: (N, O); one dtype, float32 or float64.
    Gradients: dL/dx = dy @ wᵀ, dL/dw = xᵀ @ dy, dL/db = dy summed over the rows.
    Raises ShapeError if the inner sizes differ, DTypeError.
    Source: Rumelhart, Hinton and Williams, Learning representations by back-propagating errors (1986).
    """
    check_dense("dense", x, w, b)
    backend = backend_for(x, w)

    def pullback(dy: Array) -> Gradients:
        return {
            "x": lambda: backend.dense_input_gradient(dy, w),
            "w": lambda: backend.dense_weight_gradient(x, dy),
            "b": lambda: backend.bias_gradient(dy),
        }

    return backend.dense(x, w, b), pullback


def check_dense(operator: str, x: Array, w: Array, b: Array | None) -> None:
    """The door of `dense`, and of what is fused with it."""
    check_floats(operator, x=x, w=w, b=b)
    check_rank(operator, "x", x, "N, I")
    check_rank(operator, "w", w, "I, O")
    if x.shape[1] != w.shape[0]:
        raise ShapeError(
            f"{operator}: x {x.shape} has {x.shape[1]} inputs a row, so w must be ({x.shape[1]}, O); got {w.shape}"
        )
    check_shape(operator, "b", b, (w.shape[1],), "one number an output")
