"""Every gradient of every operator, held against central differences in float64, over drawn calls."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicnn import ops
from minicnn.gradient_check import CASES, check_operator
from minicnn.random import generator
from tests.conftest import Spy, contract_functions
from tests.ops.calls import ASK_NO_BACKEND, run, upstream_for

# The backend functions that an operator must reach, forwards and backwards.
KERNELS = {
    "add": ("add",),
    "add_relu": ("add_relu", "relu_gradient"),
    "average_pool2d": ("average_pool2d", "average_pool2d_gradient"),
    "batch_norm": ("batch_norm", "batch_norm_parameter_gradients", "batch_norm_input_gradient"),
    "batch_norm_add": (
        "batch_norm_add",
        "batch_norm_parameter_gradients",
        "batch_norm_input_gradient",
        "batch_norm_add_relu",
        "batch_norm_add_relu_gradients",
        "batch_norm_relu_pool_parameter_gradients",
        "batch_norm_relu_pool_input_gradient",
    ),
    "batch_norm_inference": ("batch_norm_inference", "batch_norm_parameter_gradients"),
    "batch_norm_relu": (
        "batch_norm_relu_pool",
        "batch_norm_relu_pool_parameter_gradients",
        "batch_norm_relu_pool_input_gradient",
    ),
    "conv2d_relu": (
        "conv2d_relu_pool",
        "relu_pool_gradient",
        "conv2d_input_gradient",
        "conv2d_weight_gradient",
    ),
    "dense_relu": (
        "dense_relu",
        "relu_gradient",
        "dense_input_gradient",
        "dense_weight_gradient",
        "bias_gradient",
    ),
    "concatenate": ("concatenate", "part"),
    "conv2d": ("conv2d", "conv2d_input_gradient", "conv2d_weight_gradient", "bias_gradient"),
    "conv2d_transpose": ("conv2d_input_gradient", "conv2d", "conv2d_weight_gradient", "bias_gradient"),
    "dense": ("dense", "dense_input_gradient", "dense_weight_gradient", "bias_gradient"),
    "depthwise_conv2d": (
        "depthwise_conv2d",
        "depthwise_conv2d_input_gradient",
        "depthwise_conv2d_weight_gradient",
        "bias_gradient",
    ),
    "dropout": ("dropout",),
    "elu": ("elu", "elu_gradient"),
    "gelu": ("gelu", "gelu_gradient"),
    "selu": ("elu", "elu_gradient"),
    "silu": ("silu", "silu_gradient"),
    "softplus": ("softplus", "softplus_gradient"),
    "global_average_pool2d": ("average_pool2d", "average_pool2d_gradient"),
    "global_max_pool2d": ("max_pool2d", "max_pool2d_gradient"),
    "leaky_relu": ("relu", "relu_gradient"),
    "max_pool2d": ("max_pool2d", "max_pool2d_gradient"),
    "relu": ("relu", "relu_gradient"),
    "relu6": ("relu", "relu_gradient"),
    "sigmoid": ("sigmoid", "sigmoid_gradient"),
    "softmax": ("softmax", "softmax_gradient"),
    "softmax_cross_entropy": ("softmax_cross_entropy", "softmax_cross_entropy_gradient"),
    "tanh": ("tanh", "tanh_gradient"),
    "zero_pad2d": ("im2col", "col2im"),
}
# Those that no operator calls: models, the tape and optimizers do.
OTHERS = {"recorded", "add_to"} | {
    f"{name}_update" for name in ("sgd", "adam", "nadam", "adamax", "rmsprop", "adagrad", "adadelta")
}


@pytest.mark.parametrize("name", [name for name in CASES if name not in ASK_NO_BACKEND])
@given(seed=st.integers(0, 2**32 - 1))
def test_gradients_agree_with_finite_differences(backend: Spy, name: str, seed: int) -> None:
    check_gradients(name, seed)


@pytest.mark.parametrize("name", ASK_NO_BACKEND)
@given(seed=st.integers(0, 2**32 - 1))
def test_gradients_of_those_that_ask_no_backend(name: str, seed: int) -> None:
    check_gradients(name, seed)


def check_gradients(name: str, seed: int) -> None:
    check = check_operator(name, seed, draws=2)
    assert check.passed, check.explanation
    assert check.worst_error <= 1e-6
    assert check.checked > 0
    assert check.kinks == 0, f"{check.worst_call} was to be drawn away from kinks"


def test_every_operator_has_cases() -> None:
    assert set(CASES) == set(ops.__all__)


@pytest.mark.parametrize("name", KERNELS)
def test_the_chosen_backend_computes(backend: Spy, name: str) -> None:
    rng = generator(1)
    for _ in range(8):
        case = CASES[name](rng)
        run(case, upstream_for(case, rng))
    backend.assert_ran(*KERNELS[name])


def test_every_function_of_the_contract_is_reached() -> None:
    reached = {function for functions in KERNELS.values() for function in functions}
    assert reached | OTHERS == set(contract_functions())


@pytest.mark.parametrize("name", ["conv2d", "depthwise_conv2d", "max_pool2d"])
def test_the_draws_meet_the_geometries_that_break_things(name: str) -> None:
    rng = generator(0)
    cases = [CASES[name](rng) for _ in range(300)]
    images = [case.inputs["x"].shape for case in cases]
    options = [case.options for case in cases]
    sizes = [case.inputs["w"].shape[:2] if "w" in case.inputs else case.options["pool_size"] for case in cases]
    assert any(n == 1 for n, *_ in images)
    assert any(h == w == 1 for _, h, w, _ in images), "one pixel"
    assert any(c == 1 for *_, c in images), "one channel"
    assert any(h % 2 and w % 2 and h != w for _, h, w, _ in images)
    strides = [o["strides"] for o in options]
    assert any(s > r for stride, size in zip(strides, sizes, strict=True) for s, r in zip(stride, size, strict=True))
    assert any(s < r for stride, size in zip(strides, sizes, strict=True) for s, r in zip(stride, size, strict=True))
    paddings = [o["padding"] for o in options]
    assert "same" in paddings
    assert any(len({*p[0], *p[1]}) == 3 for p in paddings if p != "same"), "padding that differs on three sides"
    if name != "max_pool2d":
        assert any(2 in o["dilation"] for o in options)
    if name == "conv2d":
        assert {o["groups"] for o in options} == {1, 2, 3}
        assert any("b" not in case.inputs for case in cases)


def test_draws_for_maxima_are_far_from_ties() -> None:
    rng = generator(0)
    for _ in range(50):
        pixels = np.sort(CASES["max_pool2d"](rng).inputs["x"], axis=None)
        assert np.diff(pixels).min(initial=1.0) > 0.05
