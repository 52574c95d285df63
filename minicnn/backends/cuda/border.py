"""The contract over a device: its functions as they are, on arrays that live there.

Arrays in main memory are accepted, too, if all of a call are: then the call copies them to the device and its results
back. That is honest and slow, and convenient: operators can be tried and tested on plain arrays. Models and Tensors
that are to be fast live on the device (`model.to("cuda")`), and nothing is copied.
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
    merging,
    normalization,
    pooling,
    updates,
)
from minicnn.backends.cuda.device import Device
from minicnn.backends.cuda.recording import recorded
from minicnn.backends.dispatch import HOST, device_of
from minicnn.backends.places import check_together
from minicnn.kernels.recording import performed

_FAMILIES: dict[ModuleType, tuple[str, ...]] = {
    activations: (
        *("relu", "relu_gradient", "sigmoid", "sigmoid_gradient", "tanh", "tanh_gradient"),
        *("elu", "elu_gradient", "gelu", "gelu_gradient", "silu", "silu_gradient", "softplus", "softplus_gradient"),
        *("softmax", "softmax_gradient", "dropout", "add_relu"),
    ),
    convolution: ("conv2d", "conv2d_input_gradient", "conv2d_weight_gradient", "im2col", "col2im"),
    cross_entropy: ("softmax_cross_entropy", "softmax_cross_entropy_gradient"),
    dense: ("dense", "dense_relu", "dense_input_gradient", "dense_weight_gradient", "bias_gradient"),
    depthwise: ("depthwise_conv2d", "depthwise_conv2d_input_gradient", "depthwise_conv2d_weight_gradient"),
    merging: ("add", "add_to", "concatenate", "part"),
    fused: ("conv2d_relu_pool", "relu_pool_gradient", "batch_norm_relu_pool", "batch_norm_add", "batch_norm_add_relu"),
    normalization: (
        *("batch_norm", "batch_norm_inference"),
        *("batch_norm_parameter_gradients", "batch_norm_input_gradient"),
        *("batch_norm_relu_pool_parameter_gradients", "batch_norm_relu_pool_input_gradient"),
        "batch_norm_add_relu_gradients",
    ),
    pooling: ("max_pool2d", "max_pool2d_gradient", "average_pool2d", "average_pool2d_gradient"),
}
_UPDATES = (
    *("sgd_update", "adam_update", "nadam_update", "adamax_update"),
    *("rmsprop_update", "adagrad_update", "adadelta_update"),
)


def contract_on(device: Device, name: str) -> Any:
    """A backend under the contract, called `name`, that computes on the device; `device` itself is its attribute."""
    functions = {
        function: _offered(device, getattr(module, function))
        for module, names in _FAMILIES.items()
        for function in names
    }
    in_place = {function: _offered_in_place(device, getattr(updates, function)) for function in _UPDATES}
    return SimpleNamespace(name=name, device=device, recorded=recorded, **functions, **in_place)


def _offered(device: Device, function: Callable[..., Any]) -> Callable[..., Any]:
    """`function` on the device; where the arrays are the host's, the results are, too."""
    on_device = partial(function, device)

    def call(*given: Any, **named: Any) -> Any:
        from_host = _all_on_host(on_device, given, named)
        results = on_device(*(_there(device, a) for a in given), **{k: _there(device, a) for k, a in named.items()})
        if not from_host:
            return results
        return tuple(map(device.to_host, results)) if isinstance(results, tuple) else device.to_host(results)

    return _like(on_device, call)


def _offered_in_place(device: Device, update: Callable[..., None]) -> Callable[..., None]:
    """The same for an update, which changes the arrays of all lists but the gradients."""
    on_device = partial(update, device)

    def call(*given: Any, **named: Any) -> None:
        _all_on_host(on_device, given, named)
        bound = inspect.signature(on_device).bind(*given, **named)
        lists = {name: a for name, a in bound.arguments.items() if isinstance(a, list | tuple)}
        sent = {name: [_there(device, a) for a in arrays] for name, arrays in lists.items()}
        bound.arguments.update(sent)
        on_device(*bound.args, **bound.kwargs)
        for name in lists.keys() - {"gradients"}:
            for own, changed in zip(lists[name], sent[name], strict=True):
                if changed is not own:
                    own[...] = device.to_host(changed) if device_of(own) == HOST else changed

    return _like(on_device, call)


def _like(on_device: Any, call: Any) -> Callable[..., Any]:
    """`call` under the function's name, with its parameters less the device."""
    call.__name__, call.__doc__ = on_device.func.__name__, on_device.func.__doc__
    call.__signature__ = inspect.signature(on_device)
    return call


def _all_on_host(on_device: Any, given: tuple[Any, ...], named: dict[str, Any]) -> bool:
    """Whether the arrays among the arguments are the host's. Raises DeviceError where some are and some are not."""
    homes = {device_of(a) for argument in (*given, *named.values()) for a in _arrays_in(argument)}
    if len(homes) > 1:
        bound = inspect.signature(on_device).bind(*given, **named).arguments
        arrays = {
            f"{n}[{i}]" if isinstance(v, list | tuple) else n: a
            for n, v in bound.items()
            for i, a in enumerate(_arrays_in(v))
        }
        check_together(on_device.func.__name__, arrays)
    return HOST in homes


def _arrays_in(argument: Any) -> list[Any]:
    parts = argument if isinstance(argument, list | tuple) else (argument,)
    return [a for a in parts if hasattr(a, "flags") and not isinstance(a, np.generic)]


def _there(device: Device, argument: Any) -> Any:
    """Arrays as kernels take them, in a list, too: on the device, and contiguous. All else as it is."""
    if isinstance(argument, list):
        return [_there(device, a) for a in argument]
    if isinstance(argument, np.ndarray):
        return device.to_device(argument)
    if not hasattr(argument, "flags") or argument.flags.c_contiguous:
        return argument
    copy = device.empty(argument.shape, argument.dtype)
    performed(copy.__setitem__, ..., argument)
    return copy
