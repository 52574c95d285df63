"""From the contract, whose arrays are NumPy's so far, to functions on device arrays, and back.

Every call copies its arrays to the device and its results to main memory. That is honest and slow: it makes the whole
backend run and be checked. When tensors live on the device this file goes, and nothing else changes, since all other
files of this backend know device arrays only.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np

from minicnn.backends.cuda import (
    activations,
    convolution,
    cross_entropy,
    dense,
    depthwise,
    fused,
    normalization,
    pooling,
    updates,
)
from minicnn.backends.cuda.device import Device
from minicnn.backends.cuda.recording import recorded

_FAMILIES: dict[ModuleType, tuple[str, ...]] = {
    activations: (
        *("relu", "relu_gradient", "sigmoid", "sigmoid_gradient", "tanh", "tanh_gradient"),
        *("elu", "elu_gradient", "gelu", "gelu_gradient", "silu", "silu_gradient", "softplus", "softplus_gradient"),
        *("softmax", "softmax_gradient", "dropout"),
    ),
    convolution: ("conv2d", "conv2d_input_gradient", "conv2d_weight_gradient", "im2col", "col2im"),
    cross_entropy: ("softmax_cross_entropy", "softmax_cross_entropy_gradient"),
    dense: ("dense", "dense_relu", "dense_input_gradient", "dense_weight_gradient", "bias_gradient"),
    depthwise: ("depthwise_conv2d", "depthwise_conv2d_input_gradient", "depthwise_conv2d_weight_gradient"),
    fused: (
        *("conv2d_relu_pool", "relu_pool_gradient", "batch_norm_relu_pool"),
        *("batch_norm_relu_pool_parameter_gradients", "batch_norm_relu_pool_input_gradient"),
    ),
    normalization: (
        *("batch_norm", "batch_norm_inference"),
        *("batch_norm_parameter_gradients", "batch_norm_input_gradient"),
    ),
    pooling: ("max_pool2d", "max_pool2d_gradient", "average_pool2d", "average_pool2d_gradient"),
}
_UPDATES = (
    *("sgd_update", "adam_update", "nadam_update", "adamax_update"),
    *("rmsprop_update", "adagrad_update", "adadelta_update"),
)


def contract_on(device: Device, name: str) -> Any:
    """A backend under the contract, called `name`, that computes on the device."""
    functions = {
        function: _copied(device, getattr(module, function))
        for module, names in _FAMILIES.items()
        for function in names
    }
    in_place = {function: _copied_in_place(device, getattr(updates, function)) for function in _UPDATES}
    return SimpleNamespace(name=name, recorded=recorded, **functions, **in_place)


def _copied(device: Device, function: Callable[..., Any]) -> Callable[..., Any]:
    """`function` with arrays of the host: given ones are copied to the device, results back."""
    on_device = partial(function, device)

    def call(*given: Any, **named: Any) -> Any:
        results = on_device(*(_sent(device, a) for a in given), **{k: _sent(device, a) for k, a in named.items()})
        if isinstance(results, tuple):
            return tuple(device.to_host(a) for a in results)
        return device.to_host(results)

    return _like(on_device, function, call)


def _copied_in_place(device: Device, update: Callable[..., None]) -> Callable[..., None]:
    """The same for an update, which changes the arrays of all lists but the gradients."""
    on_device = partial(update, device)

    def call(*given: Any, **named: Any) -> None:
        bound = inspect.signature(on_device).bind(*given, **named)
        lists = {name: a for name, a in bound.arguments.items() if isinstance(a, list | tuple)}
        sent = {name: [_sent(device, a) for a in arrays] for name, arrays in lists.items()}
        bound.arguments.update(sent)
        on_device(*bound.args, **bound.kwargs)
        for name in lists.keys() - {"gradients"}:
            for own, changed in zip(lists[name], sent[name], strict=True):
                own[...] = device.to_host(changed)

    return _like(on_device, update, call)


def _like(on_device: Any, function: Callable[..., Any], call: Any) -> Callable[..., Any]:
    """`call` under the function's name, with its parameters less the device."""
    call.__name__, call.__doc__ = function.__name__, function.__doc__
    call.__signature__ = inspect.signature(on_device)
    return call


def _sent(device: Device, argument: Any) -> Any:
    """Arrays as they are on the device; whole numbers, which are labels, in 32 bits."""
    if not isinstance(argument, np.ndarray):
        return argument
    whole = argument.dtype.kind in "iu" and argument.dtype != np.uint8
    return device.to_device(argument.astype(np.int32) if whole else argument)
