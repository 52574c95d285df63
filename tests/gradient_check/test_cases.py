from __future__ import annotations

import numpy as np
import pytest

from minicnn import ops
from minicnn.errors import ArgumentError
from minicnn.gradient_check import CASES, Case, cases, check_operator
from minicnn.gradient_check.draws import MARGIN, between, distinct
from minicnn.random import generator
from minicnn.tensor import differentiable


def test_a_check_tells_what_it_did() -> None:
    check = check_operator("dense", seed=1, draws=3)
    assert check.passed
    assert (check.operator, check.draws, check.kinks, check.explanation) == ("dense", 3, 0, "")
    assert 0 < check.worst_error <= 1e-6
    assert check.checked > 3
    assert check.worst_call.startswith("dense(x (")


def test_the_same_seed_gives_the_same_check() -> None:
    assert check_operator("conv2d", seed=7, draws=2) == check_operator("conv2d", seed=7, draws=2)
    assert check_operator("conv2d", seed=7, draws=2) != check_operator("conv2d", seed=8, draws=2)


def test_a_wrong_operator_is_told_with_its_call(monkeypatch: pytest.MonkeyPatch) -> None:
    @differentiable
    def doubled(x: np.ndarray) -> tuple:
        return 2 * x, lambda dy: {"x": lambda: np.where(dy == dy.max(), np.nan, dy)}

    monkeypatch.setitem(cases.CASES, "tanh", lambda rng: Case(doubled, {"x": rng.standard_normal((2, 3))}))
    check = check_operator("tanh", draws=2)
    assert not check.passed
    assert np.isnan(check.worst_error)
    assert check.explanation.startswith("doubled(x (2, 3)): the gradient of x at (")


def test_an_unknown_operator_is_answered_with_a_near_one() -> None:
    with pytest.raises(ArgumentError, match=r"no operator 'conv2'; did you mean 'conv2d'\?"):
        check_operator("conv2")
    with pytest.raises(ArgumentError, match="no operator 'zebra'; there are absolute, add"):
        check_operator("zebra")


@pytest.mark.parametrize("draws", [0, -1, 1.5, None])
def test_draws_and_seed_are_whole_numbers(draws: object) -> None:
    with pytest.raises(ArgumentError, match="draws must be a whole number of at least 1"):
        check_operator("add", draws=draws)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="seed must be a whole number of at least 0"):
        check_operator("add", seed=-1)


def test_a_case_is_its_call() -> None:
    case = Case(ops.relu, {"x": np.array([1.0, -1.0])}, {"negative_slope": 0.5})
    assert str(case) == "relu(x (2,), negative_slope=0.5)"
    assert case(**case.inputs).tolist() == [1.0, -0.5]


def test_a_case_changes_its_dtype_as_a_whole() -> None:
    options = {"labels": np.array([0, 1]), "weights": np.ones(2), "n": 1}
    case = Case(ops.relu, {"x": np.ones(2)}, options).astype(np.float32)
    assert case.inputs["x"].dtype == case.options["weights"].dtype == np.float32
    assert (case.options["labels"].dtype, case.options["n"]) == (np.int64, 1)


def test_every_case_is_drawn_anew_and_reproducibly() -> None:
    for draw in CASES.values():
        one, again = draw(generator(4)), draw(generator(4))
        assert str(one) == str(again)
        assert all((one.inputs[name] == again.inputs[name]).all() for name in one.inputs)
        assert all(a.dtype == np.float64 and a.size for a in one.inputs.values())


def test_values_between_kinks_keep_their_distance_on_all_sides() -> None:
    kinks = (-1.0, 0.0, 2.5)
    x = between(generator(0), (1000,), kinks)
    assert np.abs(x[:, None] - np.array(kinks)).min() >= MARGIN
    assert len(np.unique(np.searchsorted(kinks, x))) == 4


def test_distinct_values_are_apart_and_of_both_signs() -> None:
    x = distinct(generator(0), (10, 10))
    assert np.diff(np.sort(x, axis=None)).min() > 0.05
    assert x.min() < 0 < x.max()
