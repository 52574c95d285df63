"""The checker is tested too: what is wrong must fail, with a message that says where; what is right must not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from minicnn import Tensor, gradcheck, ops
from minicnn.errors import ArgumentError, DTypeError, GradientError
from minicnn.random import generator
from minicnn.tensor import differentiable


def planted(f: Callable[[Any], Any], gradient: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """A differentiable f(x) with whatever gradient(x, dy) claims."""

    @differentiable
    def operator(x: Any) -> Any:
        return f(x), lambda dy: {"x": lambda: gradient(x, dy)}

    return operator


X = np.array([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]])


def test_a_right_gradient_passes_with_ten_digits() -> None:
    report = gradcheck(planted(np.sin, lambda x, dy: dy * np.cos(x)), [X])
    assert report.passed
    assert report.worst_error < 1e-9
    assert (report.checked, report.kinks) == (6, 0)


def test_a_wrong_gradient_is_named_by_element_with_both_values_and_the_kink_verdict() -> None:
    def wrong(x: np.ndarray, dy: np.ndarray) -> np.ndarray:
        dx = 2 * x * dy
        dx[1, 0] *= 1.5
        return dx

    square = planted(np.square, wrong)
    with pytest.raises(GradientError) as raised:
        gradcheck(lambda a, b: square(b) + a, {"a": X, "b": X})
    report = gradcheck(lambda a, b: square(b) + a, {"a": X, "b": X}, raise_on_failure=False)
    (a, b), message = report.inputs, str(raised.value)
    assert a.worst_error < 1e-9
    assert (b.name, b.worst_index) == ("b", (1, 0))
    assert b.worst_error > 0.1
    assert "the gradient of b at (1, 0) is" in message
    assert f"{b.analytic:.10g}" in message
    assert f"{b.numeric:.10g}" in message
    assert b.analytic == pytest.approx(1.5 * b.numeric, rel=1e-6)
    assert "no kink is near" in message
    assert not report.passed


@pytest.mark.parametrize("error", [1e-5, 1e-3, 1.0])
def test_small_relative_errors_are_caught(error: float) -> None:
    with pytest.raises(GradientError, match=r"relative error .*allowed 1e-06"):
        gradcheck(planted(np.exp, lambda x, dy: dy * np.exp(x) * (1 + error)), [X])


def test_the_tolerance_is_a_choice() -> None:
    almost = planted(np.exp, lambda x, dy: dy * np.exp(x) * (1 + 1e-5))
    assert gradcheck(almost, [X], tolerance=1e-4).passed


@pytest.mark.parametrize(
    "operator",
    [ops.softmax, lambda x: ops.batch_norm(x, Tensor(np.ones(3)), Tensor(np.zeros(3)))],
    ids=["softmax", "batch_norm"],
)
def test_a_backward_of_zeros_fails_where_the_sum_has_no_gradient(operator: Callable[..., Any]) -> None:
    """Σ softmax is constant: with an upstream gradient of all ones, a backward of zeros would be right."""
    x = Tensor(X, requires_grad=True)
    operator(x).backward(np.ones_like(X))
    np.testing.assert_allclose(x.grad, 0, atol=1e-12)
    lazy = planted(lambda x: operator(Tensor(x)).data, lambda x, dy: np.zeros_like(x))
    with pytest.raises(GradientError, match="is 0, but finite differences give"):
        gradcheck(lazy, [X])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_gradient_that_is_no_number_fails_at_its_element(bad: float) -> None:
    def spoiled(x: np.ndarray, dy: np.ndarray) -> np.ndarray:
        dx = 2 * x * dy
        dx[0, 2] = bad
        return dx

    report = gradcheck(planted(np.square, spoiled), [X], raise_on_failure=False)
    assert not report.passed
    assert report.worst.worst_index == (0, 2)
    assert np.isnan(report.worst_error)
    assert np.isfinite(report.worst.numeric)
    with pytest.raises(GradientError, match=rf"at \(0, 2\) is {bad}, but finite differences give"):
        gradcheck(planted(np.square, spoiled), [X])


def test_nan_in_one_input_is_not_hidden_by_another() -> None:
    nan = planted(np.square, lambda x, dy: dy * np.nan)
    report = gradcheck(lambda a, b: ops.exp(a) + nan(b), [X, X], raise_on_failure=False)
    assert np.isnan(report.worst_error)
    assert report.worst.name == "input 1"


@pytest.mark.parametrize(
    ("f", "x", "kinks"),
    [
        (ops.relu, [0.0, 1.0, -1.0], 1),
        (ops.absolute, [0.0, 0.0, 3.0], 2),
        (ops.relu6, [6.0, 0.0, 3.0], 2),
        (lambda x: ops.max(x), [2.0, 2.0, 1.0], 2),
    ],
    ids=["relu", "absolute", "relu6", "max"],
)
def test_kinks_are_counted_and_any_slope_between_the_two_is_accepted(f: Any, x: list[float], kinks: int) -> None:
    report = gradcheck(f, [np.array(x)])
    assert report.passed
    assert report.kinks == kinks
    assert f"{kinks} kinks" in str(report)


def test_a_kink_within_the_longest_step_is_passed_by_shorter_ones() -> None:
    report = gradcheck(ops.relu, [np.array([5e-6, -5e-6, 5e-7])])
    assert report.passed
    assert report.kinks == 0


def test_a_value_outside_both_slopes_fails_on_a_kink_too() -> None:
    steep = planted(lambda x: np.maximum(x, 0), lambda x, dy: dy * np.where(x == 0, 1.5, x > 0))
    with pytest.raises(GradientError, match="1 of 3 points of it sit on a kink"):
        gradcheck(steep, [np.array([0.0, 1.0, -1.0])])


def test_a_gradient_that_is_truly_zero_may_be_zero() -> None:
    assert gradcheck(planted(np.square, lambda x, dy: 2 * x * dy), [np.zeros(3)]).passed
    assert gradcheck(lambda a, b: a * 2.0, {"a": X, "b": X}).passed, "b does not go into f at all"


def test_a_missing_gradient_fails() -> None:
    with pytest.raises(GradientError, match="input 0"):
        gradcheck(lambda a: ops.exp(a.detach()), [X])


def test_large_inputs_are_checked_along_random_directions() -> None:
    x = generator(0).standard_normal(5000)
    report = gradcheck(ops.sigmoid, [x])
    assert report.passed
    assert report.checked == 20
    assert report.worst.where == "along a random direction"

    def one_wrong(x: np.ndarray, dy: np.ndarray) -> np.ndarray:
        dx = 2 * x * dy
        dx[1234] += 0.1
        return dx

    with pytest.raises(GradientError, match="along a random direction"):
        gradcheck(planted(np.square, one_wrong), [x])
    assert gradcheck(ops.sigmoid, [x], max_elements=5000).checked == 5000


def test_what_changes_its_input_is_refused() -> None:
    def doubling(x: np.ndarray) -> np.ndarray:
        x *= 2
        return x + 0

    before = X.copy()
    with pytest.raises(GradientError, match="changed input 0 in place"):
        gradcheck(planted(doubling, lambda x, dy: 2 * dy), [X])

    def careless(x: np.ndarray, dy: np.ndarray) -> np.ndarray:
        x[...] = 2 * x * dy
        return x.copy()

    with pytest.raises(GradientError, match="changed input 0 in place"):
        gradcheck(planted(np.square, careless), [X])
    np.testing.assert_array_equal(X, before)


def test_what_gives_another_result_each_time_is_refused() -> None:
    seeds = iter(range(100))
    with pytest.raises(GradientError, match=r"f is no function.*fix their seed"):
        gradcheck(lambda x: ops.dropout(x, 0.5, seed=next(seeds)), [np.ones(50)])


def test_a_gradient_of_another_shape_is_refused() -> None:
    with pytest.raises(GradientError, match=r"gradient of input 0 has shape \(3,\), input 0 itself \(2, 3\)"):
        gradcheck(planted(lambda x: x * 2, lambda x, dy: 2 * dy.sum(axis=0)), [X])


def test_scalars_empty_arrays_and_numbers_of_any_shape() -> None:
    assert gradcheck(lambda x: ops.sum(x * x), [X]).passed
    report = gradcheck(lambda x: x * x, [np.array(3.0)])
    assert (report.checked, report.worst.worst_index, report.worst.where) == (1, (), "at ()")
    empty = gradcheck(lambda x: x * x, [np.zeros((0, 3))])
    assert empty.passed
    assert empty.checked == 0


def test_the_same_seed_gives_the_same_report() -> None:
    assert gradcheck(ops.exp, [X], seed=3) == gradcheck(ops.exp, [X], seed=3)
    assert gradcheck(ops.exp, [X], seed=3) != gradcheck(ops.exp, [X], seed=4)


def test_the_report_is_a_table() -> None:
    lines = str(gradcheck(lambda a, b: a * b, {"a": X, "b": X})).splitlines()
    assert [line.split()[0] for line in lines] == ["a", "b"]
    assert all("worst relative error" in line and "6 checked, 0 kinks" in line for line in lines)


@pytest.mark.parametrize(
    ("inputs", "error", "words"),
    [
        ([X.astype(np.float32)], DTypeError, "input 0 must be a float64 array, got float32"),
        ({"x": [1.0, 2.0]}, DTypeError, "x must be a float64 array, got list"),
        ([np.arange(3)], DTypeError, "got int64"),
        (X, ArgumentError, "inputs must be a list or a mapping of arrays, got ndarray"),
        (None, ArgumentError, "got NoneType"),
    ],
)
def test_inputs_are_float64_arrays(inputs: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        gradcheck(lambda x: x * x, inputs)


def test_f_returns_a_tensor() -> None:
    with pytest.raises(ArgumentError, match="f must return a Tensor, it returned ndarray"):
        gradcheck(lambda x: x.data, [X])
