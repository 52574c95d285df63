"""Every operator on the software GPU: as the textbook computes it, in any order of threads, and without a race."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from minicnn import use_backend
from minicnn.backends import current_backend
from minicnn.geometry import Windows
from minicnn.gradient_check import CASES
from minicnn.kernels import softgpu
from minicnn.random import Key, generator
from tests.backends import formulas
from tests.backends.cuda.conftest import computing, simulated
from tests.ops.calls import Result, run, upstream_for

pytestmark = pytest.mark.usefixtures("_compiler")


def results(name: str, draws: int = 3) -> list[Result]:
    """Some calls of an operator, forwards and backwards, by the backend in use; always the same calls."""
    rng = generator(11)
    with use_backend("numpy"):  # some cases ask an operator where its kinks are
        cases = [CASES[name](rng) for _ in range(draws)]
        upstreams = [upstream_for(case, rng) for case in cases]
    return [run(case, upstream) for case, upstream in zip(cases, upstreams, strict=True)]


def arrays(found: list[Result]) -> list[np.ndarray]:
    return [a for result in found for a in (result.y, *result.gradients.values())]


@pytest.mark.parametrize("name", CASES)
def test_as_the_textbook_computes_it(gpu_backend: str, name: str) -> None:
    with use_backend("numpy"):
        expected = arrays(results(name))
    with use_backend(gpu_backend):
        found = arrays(results(name))
    for a, b in zip(found, expected, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("name", CASES)
def test_every_run_gives_the_same_bits(gpu_backend: str, name: str) -> None:
    with use_backend(gpu_backend):
        first, second = arrays(results(name)), arrays(results(name))
    assert all(a.tobytes() == b.tobytes() for a, b in zip(first, second, strict=True))


@pytest.mark.parametrize("name", CASES)
def test_any_order_of_threads_gives_the_same_bits(name: str) -> None:
    with use_backend("cuda-sim"):
        expected = arrays(results(name))
        for order in softgpu.ORDERS[1:]:
            with softgpu.order(order, seed=5):
                found = arrays(results(name))
            assert all(a.tobytes() == b.tobytes() for a, b in zip(found, expected, strict=True)), order


@pytest.mark.parametrize("name", CASES)
def test_no_race_and_nothing_out_of_bounds(name: str) -> None:
    with computing(simulated("check")):
        checked = arrays(results(name))
    with use_backend("cuda-sim"):
        fast = arrays(results(name))
    for a, b in zip(checked, fast, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-13)


def test_larger_than_a_block_and_a_tile(gpu_backend: str) -> None:
    """The cases are small: here are two chunks of rows, several tiles either way, and splits of the pixels."""
    rng = generator(2)
    x, dy = rng.standard_normal((2, 35, 30, 18)), rng.standard_normal((2, 35, 30, 40))
    w = rng.standard_normal((3, 3, 9, 40))
    windows = Windows.over((35, 30), 3, padding="same")
    statistics = x.mean(axis=(0, 1, 2)), x.var(axis=(0, 1, 2))
    with use_backend("numpy"):
        expected = convolved_and_normalized(x, w, dy, windows, statistics)
    with use_backend(gpu_backend):
        found = [convolved_and_normalized(x, w, dy, windows, statistics)]
    if gpu_backend == "cuda-sim":
        with computing(simulated("check")):
            found.append(convolved_and_normalized(x, w, dy, windows, statistics))
    for results_of_one in found:
        for name, a in results_of_one.items():
            np.testing.assert_allclose(a, expected[name], rtol=1e-9, atol=1e-10, err_msg=name)


def convolved_and_normalized(x: Any, w: Any, dy: Any, windows: Windows, statistics: Any) -> dict[str, np.ndarray]:
    backend = current_backend()
    _, mean, variance = backend.batch_norm(x, np.ones(18), np.zeros(18), 1e-3)
    dgamma, dbeta = backend.batch_norm_parameter_gradients(x, x, *statistics, 1e-3)
    return {
        "y": backend.conv2d(x, w, None, windows, 2),
        "dx": backend.conv2d_input_gradient(dy, w, windows, 2),
        "dw": backend.conv2d_weight_gradient(x, dy, windows, 2),
        "db": backend.bias_gradient(dy),
        **{"mean": mean, "variance": variance, "dgamma": dgamma, "dbeta": dbeta},
        "depthwise dw": backend.depthwise_conv2d_weight_gradient(x, dy[..., :36], windows),
    }


@pytest.mark.parametrize("n", [1, 4, 1023, 5000])
@pytest.mark.parametrize("key", [Key(0), Key(2**64 - 1, 7), Key(12345678901234, 2**32 - 1)], ids=str)
def test_dropout_draws_the_mask_of_every_other_backend(gpu_backend: str, n: int, key: Key) -> None:
    x = generator(0).standard_normal(n).astype(np.float32)
    found = {}
    for name in ("numpy", "numba", gpu_backend):
        with use_backend(name):
            found[name] = current_backend().dropout(x, 0.3, key).tobytes()
    assert found[gpu_backend] == found["numpy"] == found["numba"]


@pytest.mark.parametrize("order", softgpu.ORDERS)
def test_updates_keep_to_their_arrays(order: str) -> None:
    """Their kernels get addresses, not arrays: here those are watched."""
    with computing(simulated("check")), softgpu.order(order, seed=1):
        formulas.sgd(0.9, True)
        formulas.adam(amsgrad=True)
        for update in (formulas.nadam, formulas.adamax, formulas.adagrad, formulas.adadelta):
            update()
        formulas.rmsprop(0.8, True)
