"""Small graphs whose gradients are known by hand. The mutation suite holds broken tapes against the same functions."""

from __future__ import annotations

import numpy as np

from minicnn import Tensor, ops


def used_twice() -> None:
    """x·x by one operator, x + x by another: both uses count."""
    x = Tensor(np.array([3.0, -2.0]), requires_grad=True)
    (x * x + x + x).backward(np.array([1.0, 10.0]))
    assert x.grad.tolist() == [8.0, -20.0]


def diamond() -> None:
    """x goes two ways that meet again; the shared start must wait for both before it passes on their sum."""
    x = Tensor(np.array([2.0]), requires_grad=True)
    start = x * x
    left, right = start * 3.0, ops.exp(start)
    (left * right).backward()  # d/dx 3x² e^(x²) = 6x e^(x²) (1 + x²)
    np.testing.assert_allclose(x.grad, 12 * np.exp(4.0) * 5, rtol=1e-14)


def long_way_and_short_cut() -> None:
    """One use next to the end, the other far from it: order of discovery must not matter."""
    for swapped in (False, True):
        x = Tensor(np.array([1.5]), requires_grad=True)
        far = x
        for _ in range(5):
            far = far * 2.0
        (x * far if swapped else far * x).backward()  # 32 x²
        assert x.grad.tolist() == [96.0]


def two_calls() -> None:
    """Gradients of two losses add up in the leaf."""
    x = Tensor(np.array([1.0]), requires_grad=True)
    (x * 3.0).backward()
    (x * 4.0).backward()
    assert x.grad.tolist() == [7.0]


def broadcast() -> None:
    """A row added to every row of a matrix, a column times every column, one number to all."""
    matrix = Tensor(np.ones((2, 3)), requires_grad=True)
    row = Tensor(np.zeros(3), requires_grad=True)
    column = Tensor(np.array([[1.0], [2.0]]), requires_grad=True)
    number = Tensor(np.array(5.0), requires_grad=True)
    ((matrix + row) * column + number).backward(np.arange(6.0).reshape(2, 3))
    assert matrix.grad.tolist() == [[0, 1, 2], [6, 8, 10]]
    assert row.grad.tolist() == [6, 9, 12]
    assert column.grad.tolist() == [[3], [12]]
    assert number.grad.tolist() == 15


GRAPHS = [used_twice, diamond, long_way_and_short_cut, two_calls, broadcast]
