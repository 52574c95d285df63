from __future__ import annotations

import weakref
from typing import Any

import numpy as np
import pytest

from minicnn import Tensor, no_grad, ops
from minicnn.errors import ArgumentError, DTypeError, ShapeError, StateError
from minicnn.tensor import as_array, differentiable
from tests.tensor.known_gradients import GRAPHS


def leaf(*values: float, dtype: Any = np.float64) -> Tensor:
    return Tensor(np.array(values, dtype), requires_grad=True)


@pytest.mark.parametrize("graph", GRAPHS, ids=lambda graph: graph.__name__)
def test_known_gradients(graph: Any) -> None:
    graph()


def test_a_chain_of_5000_operators_needs_no_recursion() -> None:
    x = leaf(1.0)
    y = x
    for _ in range(5000):
        y = y + 1.0
    y.backward()
    assert x.grad.tolist() == [1.0]


def test_the_graph_is_released_by_backward() -> None:
    x = leaf(1.0, 2.0)
    y = (x * x).sum()
    y.backward()
    with pytest.raises(StateError, match=r"released.*retain_graph=True"):
        y.backward()


def test_a_released_part_of_another_graph_is_told_too() -> None:
    x = leaf(2.0)
    shared = x * x
    first, second = shared * 2.0, shared * 3.0
    first.backward()
    with pytest.raises(StateError, match="released"):
        second.backward()


def test_what_the_operators_saved_is_freed_by_backward() -> None:
    x = leaf(1.0, 2.0)
    middle = ops.exp(x)
    saved = weakref.ref(middle.data)
    y = middle.sum()
    del middle
    assert saved() is not None
    y.backward()
    assert saved() is None


def test_retain_graph_keeps_it_and_gradients_add_up() -> None:
    x = leaf(3.0)
    y = x * x
    y.backward(retain_graph=True)
    y.backward(retain_graph=True)
    assert x.grad.tolist() == [12.0]
    x.zero_grad()
    assert x.grad is None
    y.backward()
    assert x.grad.tolist() == [6.0]


def test_gradients_alias_neither_one_another_nor_the_upstream_gradient() -> None:
    a, b, upstream = leaf(1.0, 2.0), leaf(3.0, 4.0), np.ones(2)
    (a + b).backward(upstream)
    assert not np.shares_memory(a.grad, b.grad)
    assert not np.shares_memory(a.grad, upstream)
    a.grad[:] = 7
    assert (b.grad.tolist(), upstream.tolist()) == ([1.0, 1.0], [1.0, 1.0])


def test_a_gradient_that_two_inputs_share_is_copied() -> None:
    @differentiable
    def twice_the_sum(x: np.ndarray, y: np.ndarray) -> tuple:
        def pullback(dz: np.ndarray) -> dict:
            doubled = 2 * dz
            return {"x": lambda: doubled, "y": lambda: doubled[::1]}

        return 2 * (x + y), pullback

    a, b = leaf(1.0, 2.0), leaf(3.0, 4.0)
    twice_the_sum(a, b).backward(np.ones(2))
    assert not np.shares_memory(a.grad, b.grad)
    assert (a.grad.tolist(), b.grad.tolist()) == ([2.0, 2.0], [2.0, 2.0])


def test_both_paths_count_where_a_tensor_is_used_twice() -> None:
    a, upstream = leaf(1.0, 2.0), np.ones(2)
    h = a * 2.0
    (h * 3.0 + h * 5.0 + h).backward(upstream)
    assert a.grad.tolist() == [18.0, 18.0]
    assert upstream.tolist() == [1.0, 1.0]


def test_a_sum_of_gradients_changes_none_that_is_needed_elsewhere() -> None:
    """Sums are taken in place where a gradient is nobody else's: one that two inputs share is not."""

    @differentiable
    def twice_the_sum(x: np.ndarray, y: np.ndarray) -> tuple:
        def pullback(dz: np.ndarray) -> dict:
            doubled = 2 * dz
            return {"x": doubled, "y": doubled}

        return 2 * (x + y), pullback

    for swapped in (False, True):
        a, b = leaf(1.0, 2.0), leaf(3.0, 4.0)
        h, k = a * 1.0, b * 1.0
        early, late = twice_the_sum(h, k), h * 3.0
        (late + early if swapped else early + late).backward(np.ones(2))
        assert (a.grad.tolist(), b.grad.tolist()) == ([5.0, 5.0], [2.0, 2.0])


def test_a_gradient_made_for_a_leaf_is_not_copied() -> None:
    made: list[np.ndarray] = []

    @differentiable
    def square(x: np.ndarray) -> tuple:
        return x * x, lambda dy: {"x": lambda: made.append(2 * x * dy) or made[-1]}  # type: ignore[func-returns-value]

    a = leaf(1.0, 2.0)
    square(a).backward(np.ones(2), retain_graph=True)
    assert a.grad is made[0]


def test_a_gradient_that_is_spread_out_by_strides_becomes_an_array_of_its_own() -> None:
    a = leaf(1.0, 2.0)
    a.sum().backward(np.ones(()))
    a.grad += 1
    assert a.grad.tolist() == [2.0, 2.0]
    b = Tensor(np.ones((2, 3)), requires_grad=True)
    (b * 2.0).transpose().backward(np.ones((3, 2)))
    assert b.grad.flags.c_contiguous


def test_a_leafs_own_backward_copies_too() -> None:
    x, upstream = leaf(1.0), np.ones(1)
    x.backward(upstream)
    assert not np.shares_memory(x.grad, upstream)


def test_backward_of_more_than_one_number_needs_an_upstream_gradient() -> None:
    x = leaf(1.0, 2.0)
    with pytest.raises(ShapeError, match=r"shape \(2,\) needs the upstream gradient"):
        (x * x).backward()
    (x * x).backward(Tensor(np.array([1.0, 10.0])))
    assert x.grad.tolist() == [2.0, 40.0]


def test_the_upstream_gradient_must_fit() -> None:
    y = leaf(1.0, 2.0) * 2.0
    with pytest.raises(ShapeError, match=r"gradient has shape \(3,\), the tensor \(2,\)"):
        y.backward(np.ones(3))
    with pytest.raises(DTypeError, match="gradient is float32, the tensor float64"):
        y.backward(np.ones(2, np.float32))


def test_backward_without_anything_to_differentiate_is_refused() -> None:
    with pytest.raises(StateError, match="requires_grad=True"):
        (Tensor(np.ones(1)) * 2.0).backward()


def test_only_leaves_that_ask_get_gradients() -> None:
    x, constant = leaf(2.0), Tensor(np.array([5.0]))
    y = x * constant
    y.backward()
    assert (x.grad.tolist(), constant.grad, y.grad) == ([5.0], None, None)


def test_a_gradient_nobody_wants_is_never_computed() -> None:
    computed = []

    @differentiable
    def product(x: Any, y: Any) -> Any:
        def gradient(name: str, dz: Any) -> Any:
            computed.append(name)
            return dz * (y if name == "x" else x)

        return x * y, lambda dz: {"x": lambda: gradient("x", dz), "y": lambda: gradient("y", dz)}

    product(Tensor(np.ones(1)), leaf(3.0)).backward()
    assert computed == ["y"]


def test_a_constant_argument_that_asks_for_a_gradient_is_named() -> None:
    mean = leaf(0.0)
    one = Tensor(np.ones(1))
    y = ops.batch_norm_inference(Tensor(np.ones((2, 1))), one, one, mean, one)
    with pytest.raises(StateError, match=r"batch_norm_inference has no gradient for mean.*mean\.detach"):
        y.backward(np.ones((2, 1)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_python_numbers_and_lists_take_the_tensors_dtype(dtype: Any) -> None:
    x = leaf(1.0, 2.0, dtype=dtype)
    y = ((2 - x) / 3.0 + [1, 2]) ** 2
    y.sum().backward()
    assert (y.dtype, x.grad.dtype) == (dtype, dtype)


@pytest.mark.parametrize("scalar", [np.float64(3), np.array([3.0, 3.0]), 3, 3.0, [3.0, 3.0]], ids=repr)
def test_whatever_stands_on_the_left_the_tensor_does_the_arithmetic(scalar: Any) -> None:
    x = leaf(1.0, 2.0)
    results = [scalar + x, scalar - x, scalar * x, scalar / x]
    assert all(isinstance(r, Tensor) for r in results)
    assert [r.data.tolist() for r in results] == [[4, 5], [2, 1], [3, 6], [3, 1.5]]
    (scalar * x).sum().backward()
    assert x.grad.tolist() == [3.0, 3.0]


def test_an_array_on_the_left_of_a_matrix_product() -> None:
    x = Tensor(np.eye(2), requires_grad=True)
    y = np.array([[1.0, 2.0]]) @ x
    y.backward(np.ones((1, 2)))
    assert x.grad.tolist() == [[1, 1], [2, 2]]


def test_dtypes_do_not_mix_in_silence() -> None:
    with pytest.raises(DTypeError, match="x is float32, y is float64"):
        leaf(1.0, dtype=np.float32) + np.ones(1)


def test_no_grad_records_nothing_and_ends_with_its_block() -> None:
    x = leaf(1.0)
    with no_grad():
        y = x * x
    assert not y.requires_grad
    assert y.node is None
    assert (x * x).requires_grad
    with pytest.raises(ZeroDivisionError), no_grad():
        raise ZeroDivisionError
    assert (x * x).requires_grad


def test_plain_arrays_stay_plain() -> None:
    y = ops.multiply(np.ones(2), np.ones(2))
    assert type(y) is np.ndarray


def test_vjp_gives_the_array_function_and_its_pullback() -> None:
    y, pullback = ops.multiply.vjp(np.array([2.0]), np.array([5.0]))
    assert y.tolist() == [10.0]
    assert {name: g().tolist() for name, g in pullback(np.ones(1)).items()} == {"x": [5.0], "y": [2.0]}


def test_detach_forgets_how_it_was_made_and_shares_the_data() -> None:
    x = leaf(2.0)
    y = (x * x).detach()
    assert not y.requires_grad
    assert y.data.tolist() == [4.0]
    assert x.detach().data is x.data


def test_iterating_gives_rows_with_gradients_and_ends() -> None:
    x = Tensor(np.array([[1.0, 2.0], [3.0, 4.0]]), requires_grad=True)
    first, second = x
    (first * second).sum().backward()
    assert x.grad.tolist() == [[3.0, 4.0], [1.0, 2.0]]


def test_a_tensor_of_one_number_has_an_array_for_its_gradient() -> None:
    x = Tensor(np.array(3.0), requires_grad=True)
    (x * x + x).backward()
    assert isinstance(x.grad, np.ndarray)
    assert (x.grad.shape, float(x.grad)) == ((), 7.0)
    x.backward()
    assert isinstance(x.grad, np.ndarray)


def test_the_array_views_of_a_tensor() -> None:
    x = Tensor([[1, 2, 3]])
    assert (x.shape, x.dtype, x.ndim, x.size, len(x)) == ((1, 3), np.float32, 2, 3, 1)
    assert np.asarray(x).tolist() == [[1, 2, 3]]
    assert x.numpy() is x.data
    assert x.T.shape == (3, 1)
    assert x[0, 1].item() == float(x[0, 1]) == 2
    assert bool(x[0, 0])
    assert "shape=(3, 1), dtype=float32" in repr(x.T)
    assert "made by transpose" in repr(Tensor(np.ones((1, 2)), requires_grad=True).T)


@pytest.mark.parametrize("value", [None, "one", [[1], [1, 2]], [None, 1.0], {1: 2}, 1j], ids=repr)
def test_a_tensor_is_made_of_numbers(value: Any) -> None:
    with pytest.raises(DTypeError, match="must be an array, a number or evenly nested lists"):
        Tensor(value)
    with pytest.raises(DTypeError, match="add: y must be an array, a number or evenly nested lists"):
        leaf(1.0) + value


@pytest.mark.parametrize("dtype", [np.int64, np.float16, np.bool_])
def test_only_floats_have_gradients(dtype: Any) -> None:
    assert Tensor(np.ones(2, dtype)).dtype == dtype
    with pytest.raises(DTypeError, match="only float32 and float64 tensors have gradients"):
        Tensor(np.ones(2, dtype), requires_grad=True)


def test_arrays_are_not_copied_on_their_way_in() -> None:
    a = np.ones(3)
    assert as_array(a) is a
    assert Tensor(a).data is a


def test_a_tensor_as_index_is_refused_with_a_reason() -> None:
    with pytest.raises(ArgumentError, match="getitem: index"):
        leaf(1.0, 2.0)[Tensor([0])]
