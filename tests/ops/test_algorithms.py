"""`algorithm=` changes how a convolution is computed, never what; and it changes it really."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from minicnn import ops, use_backend
from minicnn.backends.contract import ALGORITHMS
from minicnn.errors import ArgumentError
from minicnn.gradient_check import Case, gradcheck
from minicnn.kernels.cpu import (
    columns,
    correlation,
    input_gradient,
    weight_gradient,
    winograd,
    winograd_weight_gradient,
)
from minicnn.random import generator
from tests.conftest import Spy
from tests.ops.calls import run, upstream_for

NAMED = [name for name in ALGORITHMS if name != "auto"]


def case(operator: Any, algorithm: str, side: int = 7, **options: Any) -> Case:
    rng = generator(3)
    x, w = rng.standard_normal((2, side, side + 2, 3)), rng.standard_normal((3, 3, 3, 5))
    inputs = {"x": x, "w": w, "b": rng.standard_normal(5)}
    return Case(operator, inputs, {"padding": ((1, 2), (0, 1)), "algorithm": algorithm, **options})


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_gradients_of_each(backend: Spy, algorithm: str) -> None:
    one = case(ops.conv2d, algorithm)
    report = gradcheck(lambda x, w, b: one(x=x, w=w, b=b), list(one.inputs.values()))
    assert report.worst_error <= 1e-6


@pytest.mark.parametrize("options", [{}, {"pool_size": 2}], ids=str)
@pytest.mark.parametrize("algorithm", NAMED)
def test_all_compute_the_same(backend: Spy, algorithm: str, options: dict[str, Any]) -> None:
    operator = ops.conv2d_relu if options else ops.conv2d
    auto, named = (case(operator, a, **options) for a in ("auto", algorithm))
    upstream = upstream_for(auto, generator(4))
    expected, found = run(auto, upstream), run(named, upstream)
    np.testing.assert_allclose(found.y, expected.y, atol=1e-12)
    for argument, gradient in expected.gradients.items():
        np.testing.assert_allclose(found.gradients[argument], gradient, atol=1e-11, err_msg=argument)


# Who computes y, dx and dw.
MODULES = {
    "direct": (correlation, input_gradient, weight_gradient),
    "winograd": (winograd, winograd, winograd_weight_gradient),
    "im2col": (columns, columns, columns),
}
PARTS = "conv2d", "conv2d_input_gradient", "conv2d_weight_gradient"


@pytest.mark.parametrize("algorithm", MODULES)
def test_the_one_that_was_asked_for_runs(algorithm: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[tuple[str, str]] = []

    def listed(who: str, name: str, function: Any) -> Any:
        def listing(*args: Any) -> None:
            ran.append((who, name))
            function(*args)

        return listing

    for who, modules in MODULES.items():
        for module, name in zip(modules, PARTS, strict=True):
            monkeypatch.setattr(module, name, listed(who, name, getattr(module, name)))
    one = case(ops.conv2d, algorithm, side=8)
    with use_backend("numba"):
        run(one, upstream_for(one, generator(0)))
    assert set(ran) == {(algorithm, name) for name in PARTS}


@pytest.mark.parametrize("operator", [ops.conv2d, ops.conv2d_relu])
@pytest.mark.parametrize("algorithm", ["fft", "Direct", None, 3, ["auto"]])
def test_an_unknown_one(backend: Spy, operator: Any, algorithm: Any) -> None:
    with pytest.raises(ArgumentError, match=r"algorithm must be one of 'auto', 'direct', 'winograd', 'im2col'; got "):
        operator(np.zeros((1, 5, 5, 1)), np.zeros((3, 3, 1, 1)), algorithm=algorithm)


@pytest.mark.parametrize("options", [{"strides": 2}, {"dilation": 2}, {"groups": 2}, {}], ids=str)
def test_winograd_of_what_it_cannot_do(backend: Spy, options: dict[str, Any]) -> None:
    size = 3 if options else 5
    x, w = np.zeros((1, 9, 9, 2)), np.zeros((size, size, 2 // options.get("groups", 1), 4))
    with pytest.raises(ArgumentError, match=r"algorithm 'winograd' needs a 3x3 kernel, .* take 'auto' or 'direct'"):
        ops.conv2d(x, w, algorithm="winograd", **options)
