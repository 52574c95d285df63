"""Device arrays: they compute as NumPy's do, and there is no way to the host but the copy that somebody asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from minicnn.kernels import softgpu


def test_there_and_back() -> None:
    turned = np.arange(6.0).reshape(2, 3).T
    for values in (turned, turned.copy(), np.zeros((0, 4), np.int8), np.float32(3)):
        copy = softgpu.to_device(values)
        assert copy.shape == values.shape and copy.dtype == values.dtype and copy.nbytes == values.nbytes
        assert copy.address % 256 == 0
        assert np.array_equal(copy.to_host(), values)


def test_fresh_memory_is_nan() -> None:
    assert np.isnan(softgpu.empty((3, 3), np.float32).to_host()).all()


def test_views_share_memory() -> None:
    whole = softgpu.to_device(np.arange(12, dtype=np.int32).reshape(4, 3))
    part = whole[1:3]
    assert part.shape == (2, 3) and part.address == whole.address + 12
    part.set(np.zeros((2, 3), np.int32))
    assert whole.reshape(-1).to_host().tolist() == [0, 1, 2, 0, 0, 0, 0, 0, 0, 9, 10, 11]
    assert whole.reshape(2, 6).shape == whole.reshape((2, -1)).shape == (2, 6)


def test_a_view_keeps_its_memory() -> None:
    part = softgpu.to_device(np.arange(100000))[5:7]
    softgpu.empty(100000, np.int64)
    assert part.to_host().tolist() == [5, 6]


def test_numpys_arrays_do_not_mix_with_them() -> None:
    device, host = softgpu.to_device(np.ones(3)), np.ones(3)
    for mix in (
        lambda: np.asarray(device),
        lambda: host + device,
        lambda: device + host,
        lambda: device * host[0:1].reshape(()),
        lambda: np.add(host, 1, out=device),
        lambda: np.add(device, 1, out=host),
        lambda: np.concatenate([device, host]),
        lambda: np.where(host > 0, device, 0),
        lambda: host.__setitem__(slice(None), device),
        lambda: device.__setitem__(slice(None), host),
        lambda: host.__iadd__(device),
        lambda: softgpu.to_device(device),
    ):
        with pytest.raises(TypeError):
            mix()
    assert device.get().tolist() == host.tolist() == [1, 1, 1]


X = np.linspace(-2, 2, 24).reshape(4, 6)
Y = np.linspace(1, 3, 6)


@pytest.mark.parametrize(
    "compute",
    [
        lambda x, y: x + y,
        lambda x, y: 2 - x / y,
        lambda x, y: -(abs(x) ** 2),
        lambda x, y: x * np.float64(3),
        lambda x, y: x @ x.T,
        lambda x, y: x > y,
        lambda x, y: np.exp(x),
        lambda x, y: np.maximum(x, y),
        lambda x, y: np.where(x > 0, x, 0),
        lambda x, y: np.concatenate([x, x[:1]]),
        lambda x, y: np.pad(x, ((1, 0), (0, 2))),
        lambda x, y: np.einsum("ij,j->i", x, y),
        lambda x, y: np.asarray([[1, 2]], like=y),
        lambda x, y: np.broadcast_to(y, (3, 6)),
        lambda x, y: np.swapaxes(x, 0, 1),
        lambda x, y: np.zeros_like(x),
        lambda x, y: np.eye(3, dtype=np.float32, like=x),
        lambda x, y: x.sum(axis=0),
        lambda x, y: x.mean(),
        lambda x, y: x.argmax(axis=1),
        lambda x, y: x.clip(-1, 1),
        lambda x, y: x.astype(np.float32),
        lambda x, y: x.transpose(1, 0).reshape(-1),
        lambda x, y: x[1:, ::2],
        lambda x, y: x[:, 3],
        lambda x, y: x[np.array([0, 2, 2])],
        lambda x, y: y[None],
    ],
)
def test_they_compute_as_numpys_do(compute: Callable[[Any, Any], Any]) -> None:
    expected, found = compute(X, Y), compute(softgpu.to_device(X), softgpu.to_device(Y))
    assert isinstance(found, softgpu.DeviceArray)
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found.get(), expected)
    if expected.ndim > 1 and np.may_share_memory(expected, X) is False:
        assert found.flags.c_contiguous == expected.flags.c_contiguous


def test_they_change_in_place() -> None:
    x = softgpu.to_device(X)
    row, address = x[1], x.address
    x += 1
    x[0] = x[2]
    np.multiply(x, 2, out=x)
    assert x.address == address
    assert row.get().tolist() == ((X[1] + 1) * 2).tolist()
    assert x[0].get().tolist() == ((X[2] + 1) * 2).tolist()


def test_what_is_read_is_a_transfer() -> None:
    with softgpu.transfers() as seen:
        x = softgpu.to_device(np.ones((2, 3), np.float32))
        total = (x * 2).sum()
        assert seen == [("device", 24)]
        assert float(total) == total.item() == int(total) == 12.0
        assert bool(total > 3)
    assert seen[1:] == [("host", 4)] * 3 + [("host", 1)]
    x.get()
    assert len(seen) == 5


def test_kernels_refuse_views_by_strides() -> None:
    kernel = softgpu.compile("""extern "C" __global__ void f(float *x) { x[0] = 1; }""", name="f.cu").kernel("f")
    x = softgpu.to_device(np.zeros((4, 4), np.float32))
    for view in (x.T, x[:, 1:], x[::2]):
        with pytest.raises(softgpu.LaunchError, match="contiguous"):
            kernel((1,), (1,), (view,))
    kernel((1,), (1,), (x[2:],))
    assert x.get().sum() == 1


def test_what_is_refused() -> None:
    device = softgpu.to_device(np.ones((4, 2)))
    with pytest.raises(ValueError, match="does not fit"):
        device.set(np.ones(3))
    with pytest.raises(ValueError, match="does not fit"):
        device.set(np.ones((4, 2), np.float32))
    with pytest.raises(TypeError, match="set takes a NumPy array"):
        device.set(device)
    with pytest.raises(ValueError, match="no device array"):
        softgpu.empty((2, -1), np.float32)
    with pytest.raises(TypeError, match="no implementation found"):
        np.linalg.svd(device)
    with pytest.raises(TypeError, match="returned NotImplemented"):
        np.add.at(device, np.array([0, 0]), 1)
    with pytest.raises(TypeError, match="has no length"):
        len(device.sum())
