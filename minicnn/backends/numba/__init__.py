"""The fast CPU backend: allocates results, and has the kernels of `minicnn.kernels.cpu` fill them.

Convolutions and dense products run on a micro-kernel made for this CPU; nothing here calls NumPy to compute, so there
is no fall-back to slow code that could go unnoticed. Which kernels are compiled already, and for which CPU, is the
business of `minicnn.kernels.cpu.cache`.
"""

from minicnn.backends.numba.activations import (
    dropout,
    elu,
    elu_gradient,
    gelu,
    gelu_gradient,
    relu,
    relu_gradient,
    sigmoid,
    sigmoid_gradient,
    silu,
    silu_gradient,
    softmax,
    softmax_gradient,
    softplus,
    softplus_gradient,
    tanh,
    tanh_gradient,
)
from minicnn.backends.numba.convolution import (
    col2im,
    conv2d,
    conv2d_input_gradient,
    conv2d_weight_gradient,
    im2col,
)
from minicnn.backends.numba.cross_entropy import softmax_cross_entropy, softmax_cross_entropy_gradient
from minicnn.backends.numba.dense import bias_gradient, dense, dense_input_gradient, dense_weight_gradient
from minicnn.backends.numba.depthwise import (
    depthwise_conv2d,
    depthwise_conv2d_input_gradient,
    depthwise_conv2d_weight_gradient,
)
from minicnn.backends.numba.fused import (
    add_relu,
    batch_norm_add,
    batch_norm_add_relu,
    batch_norm_add_relu_gradients,
    batch_norm_relu_pool,
    batch_norm_relu_pool_input_gradient,
    batch_norm_relu_pool_parameter_gradients,
    conv2d_relu_pool,
    dense_relu,
    relu_pool_gradient,
)
from minicnn.backends.numba.merging import add, add_to, concatenate, part
from minicnn.backends.numba.normalization import (
    batch_norm,
    batch_norm_inference,
    batch_norm_input_gradient,
    batch_norm_parameter_gradients,
)
from minicnn.backends.numba.pooling import (
    average_pool2d,
    average_pool2d_gradient,
    max_pool2d,
    max_pool2d_gradient,
)
from minicnn.backends.numba.recording import recorded
from minicnn.backends.numba.updates import (
    adadelta_update,
    adagrad_update,
    adam_update,
    adamax_update,
    nadam_update,
    rmsprop_update,
    sgd_update,
)

name = "numba"

__all__ = [
    "adadelta_update",
    "adagrad_update",
    "adam_update",
    "adamax_update",
    "add",
    "add_relu",
    "add_to",
    "average_pool2d",
    "average_pool2d_gradient",
    "batch_norm",
    "batch_norm_add",
    "batch_norm_add_relu",
    "batch_norm_add_relu_gradients",
    "batch_norm_inference",
    "batch_norm_input_gradient",
    "batch_norm_parameter_gradients",
    "batch_norm_relu_pool",
    "batch_norm_relu_pool_input_gradient",
    "batch_norm_relu_pool_parameter_gradients",
    "bias_gradient",
    "col2im",
    "concatenate",
    "conv2d",
    "conv2d_input_gradient",
    "conv2d_relu_pool",
    "conv2d_weight_gradient",
    "dense",
    "dense_input_gradient",
    "dense_relu",
    "dense_weight_gradient",
    "depthwise_conv2d",
    "depthwise_conv2d_input_gradient",
    "depthwise_conv2d_weight_gradient",
    "dropout",
    "elu",
    "elu_gradient",
    "gelu",
    "gelu_gradient",
    "im2col",
    "max_pool2d",
    "max_pool2d_gradient",
    "nadam_update",
    "name",
    "part",
    "recorded",
    "relu",
    "relu_gradient",
    "relu_pool_gradient",
    "rmsprop_update",
    "sgd_update",
    "sigmoid",
    "sigmoid_gradient",
    "silu",
    "silu_gradient",
    "softmax",
    "softmax_cross_entropy",
    "softmax_cross_entropy_gradient",
    "softmax_gradient",
    "softplus",
    "softplus_gradient",
    "tanh",
    "tanh_gradient",
]
