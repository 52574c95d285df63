"""The textbook backend: nothing but NumPy, one idea a line. Read it first; the fast backends are held against it."""

from minicnn.backends.numpy.activations import (
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
from minicnn.backends.numpy.convolution import conv2d, conv2d_input_gradient, conv2d_weight_gradient
from minicnn.backends.numpy.cross_entropy import softmax_cross_entropy, softmax_cross_entropy_gradient
from minicnn.backends.numpy.dense import bias_gradient, dense, dense_input_gradient, dense_weight_gradient
from minicnn.backends.numpy.depthwise import (
    depthwise_conv2d,
    depthwise_conv2d_input_gradient,
    depthwise_conv2d_weight_gradient,
)
from minicnn.backends.numpy.fused import (
    batch_norm_relu_pool,
    batch_norm_relu_pool_input_gradient,
    batch_norm_relu_pool_parameter_gradients,
    conv2d_relu_pool,
    dense_relu,
    relu_pool_gradient,
)
from minicnn.backends.numpy.merging import add, add_to, concatenate, part
from minicnn.backends.numpy.normalization import (
    batch_norm,
    batch_norm_inference,
    batch_norm_input_gradient,
    batch_norm_parameter_gradients,
)
from minicnn.backends.numpy.patches import col2im, im2col
from minicnn.backends.numpy.pooling import (
    average_pool2d,
    average_pool2d_gradient,
    max_pool2d,
    max_pool2d_gradient,
)
from minicnn.backends.numpy.recording import recorded
from minicnn.backends.numpy.updates import (
    adadelta_update,
    adagrad_update,
    adam_update,
    adamax_update,
    nadam_update,
    rmsprop_update,
    sgd_update,
)

name = "numpy"

__all__ = [
    "adadelta_update",
    "adagrad_update",
    "adam_update",
    "adamax_update",
    "add",
    "add_to",
    "average_pool2d",
    "average_pool2d_gradient",
    "batch_norm",
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
