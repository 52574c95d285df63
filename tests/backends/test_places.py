"""Where arrays live decides who computes; names of places, and what is said of those that are not here."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from minicnn import ops, use_backend
from minicnn.backends import backend_for, check_device, chosen_device, device_of, dispatch, moved, status, to_host
from minicnn.errors import BackendError, DeviceError
from minicnn.kernels import softgpu

X = np.ones((2, 3), np.float32)


@pytest.mark.parametrize("name", ["cpu", "cpu:0"])
def test_main_memory_is_always_here(name: str) -> None:
    assert check_device(name) == "cpu"


@pytest.mark.parametrize(
    ("device", "said"),
    [
        ("tpu", r"no device 'tpu', only 'cpu', 'cuda', 'cuda-sim'"),
        ("cude", r"did you mean 'cuda'\?"),
        ("cuda:", r"no device 'cuda:'"),
        ("cpu:7", r"no device 'cpu:7': minicnn computes on one, 'cpu'$"),
        ("cuda:1", r"no device 'cuda:1'.* another GPU, set CUDA_VISIBLE_DEVICES=1 before Python starts"),
        ("/GPU:0", r"no device '/GPU:0', only 'cpu', 'cuda', 'cuda-sim'; did you mean 'cuda'\?"),
        ("cpu:x", r"no device 'cpu:x'"),
        (0, r"a device is one of 'cpu', 'cuda', 'cuda-sim', got 0"),
        (None, r"got None"),
    ],
)
def test_a_place_that_is_none_is_said(device: Any, said: str) -> None:
    with pytest.raises(BackendError, match=said):
        check_device(device)


def test_a_gpu_that_is_missing_is_said() -> None:
    reason = status()["cuda"]
    if reason is None:
        pytest.skip("there is a GPU here")
    with pytest.raises(BackendError, match=r"backend 'cuda' cannot be used: "):
        check_device("cuda")


class Foreign(np.ndarray):
    """A subclass of NumPy's arrays is NumPy's."""


@pytest.mark.parametrize("a", [X, X.view(Foreign), np.float32(1), 1.0, [1.0], None])
def test_everything_else_is_in_main_memory(a: Any) -> None:
    assert device_of(a) == "cpu"
    with use_backend("numpy"):
        assert backend_for(a).name == "numpy"


@pytest.mark.skipif(bool(status()["cuda-sim"]), reason=f"cuda-sim is missing: {status()['cuda-sim']}")
class TestSimulated:
    def test_arrays_decide_who_computes(self) -> None:
        x = moved(X, "cuda-sim")
        with use_backend("numpy"):
            assert device_of(x) == "cuda-sim"
            assert backend_for(x).name == backend_for(X, x).name == "cuda-sim"
            assert backend_for(X).name == "numpy"

    def test_a_backend_in_use_is_the_one_of_its_arrays(self) -> None:
        """Also one that was made for it, such as a checking one."""
        with use_backend("cuda-sim"):
            own = type("Own", (), {"name": "cuda-sim"})()
            token = dispatch._chosen.set(own)
            assert backend_for(moved(X, "cpu")) is own
            dispatch._chosen.reset(token)

    def test_there_and_back(self) -> None:
        there = moved(X, "cuda-sim")
        assert moved(there, "cuda-sim") is there
        assert moved(X, "cpu") is to_host(X) is X
        assert to_host(there).tolist() == X.tolist()
        assert check_device("cuda-sim:0") == "cuda-sim"
        with use_backend("cuda-sim"):
            assert chosen_device() == "cuda-sim"

    def test_one_call_takes_arrays_of_one_place(self) -> None:
        x, w = moved(X, "cuda-sim"), np.ones((3, 4), np.float32)
        for mix in (
            lambda: ops.dense(x, w),
            lambda: ops.add(x, X),
            lambda: backend_for(x).dense(x, w, None),
        ):
            with pytest.raises(DeviceError, match=r"x on 'cuda-sim', (w|y) on 'cpu'; move them with \.to"):
                mix()
        with pytest.raises(DeviceError, match=r"parameters\[0\] on 'cuda-sim', gradients\[0\] on 'cpu'"):
            backend_for(x).sgd_update([x], [X], None, 0.1, 0.0, False)

    def test_one_call_copies_whole_or_not_at_all(self) -> None:
        x, w = moved(X, "cuda-sim"), moved(np.ones((3, 4), np.float32), "cuda-sim")
        with softgpu.transfers() as seen:
            y = ops.dense(x, w)
        assert seen == [] and device_of(y) == "cuda-sim"
        with use_backend("cuda-sim"), softgpu.transfers() as seen:
            y = ops.dense(X, to_host(w))
        assert device_of(y) == "cpu" and y.tolist() == [[3.0] * 4] * 2
        assert [transfer.to for transfer in seen] == ["host", "device", "device", "host"]
