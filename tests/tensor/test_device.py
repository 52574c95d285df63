"""Tensors that live on a device."""

from __future__ import annotations

import numpy as np
import pytest

from minicnn import Tensor
from minicnn.backends import moved, status
from minicnn.errors import ArgumentError, BackendError, DeviceError
from minicnn.kernels import softgpu

DEVICE = "cuda-sim"
pytestmark = pytest.mark.skipif(bool(status()[DEVICE]), reason=f"{DEVICE} is missing: {status()[DEVICE]}")


def test_it_says_where_it_lives() -> None:
    here = Tensor([1.0, 2.0])
    there = here.to(DEVICE)
    assert (here.device, there.device) == ("cpu", DEVICE)
    assert here.to("cpu") is here and there.to(DEVICE) is there
    assert "device='cuda-sim'" in repr(there) and "device" not in repr(here)
    assert there.numpy().tolist() == [1, 2] and isinstance(there.data, softgpu.DeviceArray)
    with pytest.raises(BackendError, match="no device 'tpu'"):
        here.to("tpu")


def test_gradients_come_back_the_same_way() -> None:
    here = Tensor([1.0, 2.0, 3.0], requires_grad=True)
    there = here.to(DEVICE)
    (there * there).sum().backward()
    assert isinstance(here.grad, np.ndarray) and here.grad.tolist() == [2, 4, 6]


def test_gradients_of_a_leaf_live_beside_it() -> None:
    w = Tensor(moved(np.eye(3), DEVICE), requires_grad=True)
    y = w.transpose()[0] * 2 + w[1:].sum(axis=0)
    y.backward(moved(np.ones(3), DEVICE))
    assert isinstance(w.grad, softgpu.DeviceArray) and w.grad.flags.c_contiguous
    assert w.grad.get().tolist() == [[2, 0, 0], [3, 1, 1], [3, 1, 1]]


def test_one_number_is_read_where_it_is_asked_for() -> None:
    total = Tensor([1.0, 2.0]).to(DEVICE).sum()
    assert total.item() == float(total) == 3.0
    assert bool(total)


def test_it_is_not_turned_into_numpys_unasked() -> None:
    there = Tensor([1.0, 2.0]).to(DEVICE)
    with pytest.raises(DeviceError, match=r"call \.numpy\(\)"):
        np.asarray(there)
    with pytest.raises(DeviceError, match="x on 'cuda-sim', y on 'cpu'"):
        there + Tensor([1.0, 2.0])
    with pytest.raises(DeviceError, match="the tensor on 'cuda-sim', the gradient on 'cpu'"):
        Tensor(there.data, requires_grad=True).backward(np.ones(2, np.float32))


@pytest.mark.parametrize("index", [np.array([0, 2, 2]), np.array([True, False, True]), (np.array([0, 2]), slice(1)), 2])
def test_what_is_picked_twice_gets_both_gradients(index: object) -> None:
    values, rng = np.arange(6.0).reshape(3, 2), np.random.default_rng(0)
    here, there = Tensor(values, requires_grad=True), Tensor(moved(values, DEVICE), requires_grad=True)
    upstream = rng.standard_normal(here[index].shape)
    expected = np.zeros((3, 2))
    np.add.at(expected, index, upstream)
    for x, dy in ((here, upstream), (there, moved(upstream, DEVICE))):
        x[index].backward(dy)
        np.testing.assert_allclose(Tensor(x.grad).numpy(), expected, rtol=1e-15)


def test_an_index_that_is_too_large_is_said() -> None:
    """CuPy would start again from 0."""
    x = Tensor(np.ones(3)).to(DEVICE)
    with pytest.raises(ArgumentError, match="does not fit"):
        x[np.array([0, 3])]
