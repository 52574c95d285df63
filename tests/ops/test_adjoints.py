"""What linear operators owe: the adjoint identity, linearity, and for convolutions translation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicnn import ops
from minicnn.gradient_check.draws import windows
from minicnn.random import generator
from tests.conftest import Spy
from tests.ops.adjoints import LINEAR, check_adjoint
from tests.ops.calls import ASK_NO_BACKEND

ARGUMENTS = [(name, argument) for name in LINEAR for argument in LINEAR[name]]


@pytest.mark.parametrize(("name", "argument"), [one for one in ARGUMENTS if one[0] not in ASK_NO_BACKEND])
@given(seed=st.integers(0, 2**32 - 1))
def test_adjoint_identity(backend: Spy, name: str, argument: str, seed: int) -> None:
    check_adjoint(name, argument, seed)


@pytest.mark.parametrize(("name", "argument"), [one for one in ARGUMENTS if one[0] in ASK_NO_BACKEND])
@given(seed=st.integers(0, 2**32 - 1))
def test_adjoint_identity_of_those_that_ask_no_backend(name: str, argument: str, seed: int) -> None:
    check_adjoint(name, argument, seed)


@given(data=st.data(), seed=st.integers(0, 2**32 - 1))
def test_col2im_is_the_adjoint_of_im2col(backend: Spy, data: st.DataObject, seed: int) -> None:
    over, rng = windows(lambda low, high: data.draw(st.integers(low, high))), generator(seed)
    x = rng.standard_normal((2, *over.image, 3))
    columns = rng.standard_normal((2, *over.outputs, *over.size, 3))
    spread, gathered = backend.backend.im2col(x, over), backend.backend.col2im(columns, over)
    assert (spread.shape, gathered.shape) == (columns.shape, x.shape)
    np.testing.assert_allclose((spread * columns).sum(), (x * gathered).sum(), rtol=1e-11, atol=1e-11)
    backend.assert_ran("im2col", "col2im")


@given(data=st.data(), seed=st.integers(0, 2**32 - 1))
def test_im2col_only_copies_pixels_and_zeros(backend: Spy, data: st.DataObject, seed: int) -> None:
    over, rng = windows(lambda low, high: data.draw(st.integers(low, high))), generator(seed)
    x = rng.permutation(np.arange(1.0, 1 + over.image[0] * over.image[1])).reshape(1, *over.image, 1)
    patches = backend.backend.im2col(x, over)
    (top, _), (left, _) = over.pads
    for (_, i, j, r, s, _), value in np.ndenumerate(patches):
        row = i * over.strides[0] + r * over.dilation[0] - top
        column = j * over.strides[1] + s * over.dilation[1] - left
        inside = 0 <= row < over.image[0] and 0 <= column < over.image[1]
        assert value == (x[0, row, column, 0] if inside else 0)


@given(strides=st.tuples(st.integers(1, 3), st.integers(1, 3)), seed=st.integers(0, 2**32 - 1))
def test_convolution_commutes_with_translation(backend: Spy, strides: tuple[int, int], seed: int) -> None:
    """An image moved by one stride gives outputs moved by one pixel."""
    rng = generator(seed)
    x, w = rng.standard_normal((1, 9, 10, 2)), rng.standard_normal((3, 2, 2, 3))
    down, across = strides
    moved = ops.conv2d(x[:, down:, across:], w, strides=strides)
    expected = ops.conv2d(x, w, strides=strides)[:, 1:, 1:]
    np.testing.assert_allclose(moved, expected, rtol=1e-12, atol=1e-12)


@given(seed=st.integers(0, 2**32 - 1))
def test_a_transposed_convolution_is_the_adjoint_of_the_convolution(backend: Spy, seed: int) -> None:
    rng = generator(seed)
    x, w = rng.standard_normal((2, 7, 6, 3)), rng.standard_normal((3, 2, 3, 4))
    y = ops.conv2d(x, w, strides=2, padding=((1, 0), (0, 1)))
    z = rng.standard_normal(y.shape)
    back = ops.conv2d_transpose(z, w, strides=2, padding=((1, 0), (0, 1)), output_padding=(1, 1))
    assert back.shape == x.shape
    np.testing.assert_allclose((y * z).sum(), (x * back).sum(), rtol=1e-11, atol=1e-11)


def test_strides_pick_from_what_stride_one_gives(backend: Spy) -> None:
    rng = generator(3)
    x, w = rng.standard_normal((2, 9, 8, 2)), rng.standard_normal((3, 3, 2, 2))
    dense = ops.conv2d(x, w, padding=1)
    np.testing.assert_allclose(ops.conv2d(x, w, padding=1, strides=(3, 2)), dense[:, ::3, ::2], rtol=1e-12, atol=1e-12)


def test_dilation_is_a_kernel_with_holes(backend: Spy) -> None:
    rng = generator(4)
    x, w = rng.standard_normal((1, 9, 9, 2)), rng.standard_normal((3, 2, 2, 3))
    holes = np.zeros((5, 4, 2, 3))
    holes[::2, ::3] = w
    np.testing.assert_allclose(ops.conv2d(x, w, dilation=(2, 3)), ops.conv2d(x, holes), rtol=1e-12, atol=1e-12)


def test_groups_are_convolutions_side_by_side(backend: Spy) -> None:
    rng = generator(5)
    x, w = rng.standard_normal((1, 5, 5, 4)), rng.standard_normal((3, 3, 2, 6))
    apart = [ops.conv2d(x[..., :2], w[..., :3]), ops.conv2d(x[..., 2:], w[..., 3:])]
    np.testing.assert_allclose(ops.conv2d(x, w, groups=2), np.concatenate(apart, axis=-1), rtol=1e-12, atol=1e-12)


def test_depthwise_is_as_many_groups_as_channels(backend: Spy) -> None:
    rng = generator(6)
    x, w = rng.standard_normal((2, 5, 6, 3)), rng.standard_normal((3, 2, 3, 2))
    grouped = ops.conv2d(x, w.reshape(3, 2, 1, 6), groups=3, strides=2)
    np.testing.assert_allclose(ops.depthwise_conv2d(x, w, strides=2), grouped, rtol=1e-12, atol=1e-12)
