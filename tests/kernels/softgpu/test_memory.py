"""Device arrays: views and copies, and no way to the host but the copy that somebody asked for."""

from __future__ import annotations

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


def test_numpy_gets_nothing_unasked() -> None:
    device, host = softgpu.to_device(np.ones(3)), np.ones(3)
    for mix in (
        lambda: np.asarray(device),
        lambda: host + device,
        lambda: device + host,
        lambda: np.sum(device),
        lambda: host.__setitem__(slice(None), device),
        lambda: list(device),
        lambda: bool(device),
        lambda: softgpu.to_device(device),
    ):
        with pytest.raises(TypeError):
            mix()


def test_what_is_refused() -> None:
    device = softgpu.to_device(np.ones((4, 2)))
    for index in (0, slice(None, None, 2), (slice(None), 0)):
        with pytest.raises(TypeError, match="sliced along its first axis"):
            device[index]
    with pytest.raises(ValueError, match="does not fit"):
        device.set(np.ones(3))
    with pytest.raises(ValueError, match="does not fit"):
        device.set(np.ones((4, 2), np.float32))
    with pytest.raises(ValueError, match="no device array"):
        softgpu.empty((2, -1), np.float32)
