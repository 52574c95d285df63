"""The end of a residual block as one: normalization, the sum with the shortcut, ReLU.

Each of them is a pass over memory and no arithmetic to speak of; together they read what the convolution gave and the
shortcut, and write the sum. On the way back one byte a number tells what ReLU let through. A model finds these groups
by itself (`model.plan()` shows them). Source: He et al., Deep residual learning for image recognition (2016), figure 2.
"""

from __future__ import annotations

from collections.abc import Callable

from minicnn.backends import backend_for
from minicnn.errors import ArgumentError
from minicnn.ops.checks import check_floats, check_shape
from minicnn.ops.fused import through_relu_pool
from minicnn.ops.normalization import check_batch_norm
from minicnn.tensor import Array, Gradients, differentiable


@differentiable
def add_relu(x: Array, y: Array) -> tuple:
    """relu(x + y), of one shape: nothing is repeated, as it is in `add`.

    Gradients: to both dz where the result is positive, 0 elsewhere. Raises ShapeError, DTypeError.
    """
    check_floats("add_relu", x=x, y=y)
    check_shape("add_relu", "y", y, x.shape, "that of x; what is to be broadcast takes add, then relu")
    backend = backend_for(x, y)
    z = backend.add_relu(x, y)

    def pullback(dz: Array) -> Gradients:
        dsum = backend.relu_gradient(dz, z, 0.0, None, 0.0)
        return {"x": dsum, "y": dsum}

    return z, pullback


@differentiable
def batch_norm_add(
    x: Array,
    gamma: Array,
    beta: Array,
    shortcut: Array,
    *,
    relu: str | None = "after",
    epsilon: float = 1e-3,
    observe: Callable[[Array, Array], None] | None = None,
) -> tuple:
    """relu(batch_norm(x, gamma, beta) + shortcut); with relu="before" ReLU comes before the sum, with None not at all.

    x, shortcut: (..., C), of one shape; gamma, beta: (C,) -> y: (..., C); one dtype.
    epsilon, observe: as in `batch_norm`.
    Gradients, with dz for what reaches the sum and dn for what reaches the normalized x:
        "after"   dz is dy where the sum is positive, 0 elsewhere, and dn = dz;
        "before"  dz = dy, and dn is dy where the normalized x is positive, 0 elsewhere;
        None      dn = dz = dy.
    dL/dshortcut is dz; from dn on as in `batch_norm`. Raises as `batch_norm`; ArgumentError for another relu.
    """
    epsilon = check_batch_norm("batch_norm_add", x, gamma, beta, epsilon, observe)
    check_floats("batch_norm_add", x=x, shortcut=shortcut)
    check_shape("batch_norm_add", "shortcut", shortcut, x.shape, "that of x")
    if not (relu is None or (isinstance(relu, str) and relu in ("after", "before"))):
        raise ArgumentError(f'batch_norm_add: relu must be "after" the sum, "before" it or None, got {relu!r:.60}')
    backend = backend_for(x, shortcut)
    winners = None
    if relu is None:
        y, mean, variance = backend.batch_norm_add(x, gamma, beta, shortcut, epsilon)
    else:
        y, winners, mean, variance = backend.batch_norm_add_relu(x, gamma, beta, shortcut, epsilon, relu == "before")
    if observe is not None:
        observe(mean, variance)

    def pullback(dy: Array) -> Gradients:
        if relu == "before":
            return {**through_relu_pool(dy, winners, x, gamma, mean, variance, epsilon), "shortcut": dy}
        if relu == "after":
            dz, dgamma, dbeta = backend.batch_norm_add_relu_gradients(dy, winners, x, mean, variance, epsilon)
        else:
            dz = dy
            dgamma, dbeta = backend.batch_norm_parameter_gradients(dy, x, mean, variance, epsilon)
        return {
            "x": lambda: backend.batch_norm_input_gradient(dz, x, gamma, mean, variance, epsilon, dgamma, dbeta),
            "gamma": dgamma,
            "beta": dbeta,
            "shortcut": dz,
        }

    return y, pullback
