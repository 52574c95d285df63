"""Floor 2: the mathematics. One file an operator family, each operator with its gradients beside it.

Every operator takes Tensors, which record it on the tape, or plain arrays, which stay plain. With `.vjp` it gives its
output together with its pullback: `y, pullback = ops.relu.vjp(x)`. `__all__` names the operators: what is made of them
(`composed`), and what has no gradient (`deciding`), is here besides, under Keras's names.
"""

# ruff: noqa: F401

from typing import Any

from minicnn.ops.activations import leaky_relu, prelu, relu, relu6, sigmoid, softmax, tanh
from minicnn.ops.arithmetic import (
    absolute,
    add,
    divide,
    exp,
    log,
    matmul,
    maximum,
    minimum,
    multiply,
    negative,
    power,
    sqrt,
    subtract,
)
from minicnn.ops.arithmetic import absolute as abs
from minicnn.ops.composed import clip, dot, expand_dims, min, square, squeeze, stack, std, var, where
from minicnn.ops.convolution import conv2d, conv2d_transpose, depthwise_conv2d
from minicnn.ops.cross_entropy import binary_cross_entropy, cross_entropy, softmax_cross_entropy
from minicnn.ops.deciding import (
    argmax,
    argmin,
    cast,
    convert_to_numpy,
    convert_to_tensor,
    equal,
    greater,
    greater_equal,
    isnan,
    less,
    less_equal,
    logical_and,
    logical_not,
    logical_or,
    not_equal,
    one_hot,
    ones,
    ones_like,
    shape,
    size,
    stop_gradient,
    zeros,
    zeros_like,
)
from minicnn.ops.dense import dense
from minicnn.ops.dropout import dropout
from minicnn.ops.fused import batch_norm_relu, conv2d_relu, dense_relu
from minicnn.ops.normalization import batch_norm, batch_norm_inference
from minicnn.ops.pooling import average_pool2d, global_average_pool2d, global_max_pool2d, max_pool2d
from minicnn.ops.reductions import max, mean, sum
from minicnn.ops.residual import add_relu, batch_norm_add
from minicnn.ops.shaping import concatenate, getitem, reshape, transpose, upsample2d, zero_pad2d
from minicnn.ops.soft_activations import elu, gelu, log_softmax, selu, silu, softplus
from minicnn.tensor import Tensor

__all__ = [
    "absolute",
    "add",
    "add_relu",
    "average_pool2d",
    "batch_norm",
    "batch_norm_add",
    "batch_norm_inference",
    "batch_norm_relu",
    "binary_cross_entropy",
    "concatenate",
    "conv2d",
    "conv2d_relu",
    "conv2d_transpose",
    "cross_entropy",
    "dense",
    "dense_relu",
    "depthwise_conv2d",
    "divide",
    "dropout",
    "elu",
    "exp",
    "gelu",
    "getitem",
    "global_average_pool2d",
    "global_max_pool2d",
    "leaky_relu",
    "log",
    "log_softmax",
    "matmul",
    "max",
    "max_pool2d",
    "maximum",
    "mean",
    "minimum",
    "multiply",
    "negative",
    "power",
    "prelu",
    "relu",
    "relu6",
    "reshape",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softmax_cross_entropy",
    "softplus",
    "sqrt",
    "subtract",
    "sum",
    "tanh",
    "transpose",
    "upsample2d",
    "zero_pad2d",
]


def _whole_or_each(values: tuple) -> Any:
    """`t.reshape(2, 3)` and `t.reshape((2, 3))` alike."""
    return values[0] if len(values) == 1 else values


# Floor 1 knows no operator; here the Tensor learns its arithmetic.
_METHODS = {
    "__add__": add,
    "__radd__": lambda self, other: add(other, self),
    "__sub__": subtract,
    "__rsub__": lambda self, other: subtract(other, self),
    "__mul__": multiply,
    "__rmul__": lambda self, other: multiply(other, self),
    "__truediv__": divide,
    "__rtruediv__": lambda self, other: divide(other, self),
    "__pow__": power,
    "__neg__": negative,
    "__abs__": absolute,
    "__lt__": less,
    "__le__": less_equal,
    "__gt__": greater,
    "__ge__": greater_equal,
    "__matmul__": matmul,
    "__rmatmul__": lambda self, other: matmul(other, self),
    "__getitem__": getitem,
    "__iter__": lambda self: (self[i] for i in range(len(self))),
    "reshape": lambda self, *sizes: reshape(self, _whole_or_each(sizes)),
    "transpose": lambda self, *axes: transpose(self, _whole_or_each(axes) if axes else None),
    "sum": sum,
    "mean": mean,
    "max": max,
    "T": property(transpose),
}
for _name, _method in _METHODS.items():
    setattr(Tensor, _name, _method)
