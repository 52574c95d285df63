"""What is refused, and what is said where a device is missing."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from minicnn import use_backend
from minicnn.backends import current_backend
from minicnn.backends.cuda import activations, dense
from minicnn.backends.cuda.device import for_each
from minicnn.backends.cuda.on_cupy import CupyDevice
from minicnn.backends.cuda.on_simulator import SimulatedDevice
from minicnn.errors import BackendError
from minicnn.kernels import softgpu
from minicnn.random import generator


class CUDARuntimeError(Exception):
    pass


def cupy_with(devices: int | Exception) -> Any:
    """A CuPy that finds as many devices."""

    def count() -> int:
        if isinstance(devices, Exception):
            raise devices
        return devices

    runtime = SimpleNamespace(getDeviceCount=count, CUDARuntimeError=CUDARuntimeError)
    return SimpleNamespace(cuda=SimpleNamespace(runtime=runtime))


def test_without_cupy_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cupy", None)
    with pytest.raises(BackendError, match=r"CuPy is not installed .*pip install cupy-cuda"):
        CupyDevice()


@pytest.mark.parametrize(
    ("devices", "reason"),
    [
        (CUDARuntimeError("cudaErrorInsufficientDriver"), "no usable CUDA driver: cudaErrorInsufficientDriver"),
        (0, "a CUDA driver, but no device"),
    ],
    ids=["no driver", "no device"],
)
def test_with_cupy_alone_it_says_what_else_is_missing(
    monkeypatch: pytest.MonkeyPatch, devices: Any, reason: str
) -> None:
    monkeypatch.setitem(sys.modules, "cupy", cupy_with(devices))
    with pytest.raises(BackendError, match=reason):
        CupyDevice()


def test_without_a_compiler_the_simulated_device_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: Any, **__: Any) -> Any:
        raise softgpu.CompilerMissing("there is no g++ here: install it")

    monkeypatch.setattr(softgpu, "compile", missing)
    with pytest.raises(BackendError, match=r"no g\+\+ here: install it"):
        SimulatedDevice()


@pytest.mark.usefixtures("_compiler")
class TestSimulated:
    def test_a_forgotten_transfer_is_refused(self) -> None:
        device, x = SimulatedDevice(), np.ones((2, 3), np.float32)
        with pytest.raises(softgpu.LaunchError, match=r"relu.*x"):
            activations.relu(device, x, 0.0, None, 0.0)
        y = activations.relu(device, device.to_device(x), 0.0, None, 0.0)
        with pytest.raises(TypeError, match=r"\.get\(\)"):
            np.asarray(y)
        assert device.to_host(y).tolist() == x.tolist()

    def test_arrays_of_another_dtype_are_refused(self) -> None:
        device = SimulatedDevice()
        x, w = device.to_device(np.ones((2, 3), np.float32)), device.to_device(np.ones((3, 4)))
        with pytest.raises(softgpu.LaunchError, match=r"dense.*w"):
            dense.dense(device, x, w, None)

    def test_a_wrong_number_of_arguments_is_refused(self) -> None:
        device = SimulatedDevice()
        x = device.to_device(np.ones(3))
        with pytest.raises(softgpu.LaunchError, match="sigmoid takes 3 arguments"):
            for_each(device, "elementwise", "sigmoid", x.dtype, x.size, x)

    def test_what_goes_in_and_comes_out_is_numpys(self) -> None:
        logits, labels = generator(0).standard_normal((5, 7)), np.array([0, 6, 3, 3, 1], np.int64)
        with use_backend("cuda-sim"):
            found = current_backend().softmax_cross_entropy(logits[::-1], labels)
        with use_backend("numpy"):
            expected = current_backend().softmax_cross_entropy(logits[::-1], labels)
        for a, b in zip(found, expected, strict=True):
            assert isinstance(a, np.ndarray)
            np.testing.assert_allclose(a, b, rtol=1e-13)

    def test_updates_reach_arrays_that_are_not_contiguous(self) -> None:
        parameters = [np.ones((4, 6))[:, ::2], np.zeros(0), np.ones(5000, np.float32)]
        gradients = [np.full((4, 3), 2.0), np.zeros(0), np.full(5000, 2.0, np.float32)]
        with use_backend("cuda-sim"):
            current_backend().sgd_update(parameters, gradients, None, 0.25, 0.0, False)
        assert all((p == 0.5).all() for p in parameters)
        assert all((g == 2).all() for g in gradients)
