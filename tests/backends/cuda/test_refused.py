"""What is refused, all in one place: launches, copies, settings, machines. Each with a sentence that helps.

Both devices refuse the same, in the same words: a GPU itself would take most of it in silence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from minicnn import ops, use_backend
from minicnn.backends.cuda import activations, dense
from minicnn.backends.cuda.device import Device, check_product, for_each, launch
from minicnn.backends.cuda.memory import VARIABLE
from minicnn.backends.cuda.on_cupy import CupyDevice, load
from minicnn.backends.cuda.on_simulator import SimulatedDevice
from minicnn.errors import BackendError, ShapeError
from minicnn.kernels import softgpu
from minicnn.kernels.softgpu import LaunchError
from tests.backends.cuda.stand_in import installed, stand_in
from tests.backends.cuda.stand_in.module import CUDARuntimeError

F32 = np.dtype(np.float32)
HOST = np.ones((4, 6), np.float32)


@pytest.fixture(params=["cuda-sim", "cuda"])
def device(request: pytest.FixtureRequest, _compiler: None) -> Iterator[Device]:
    if request.param == "cuda-sim":
        yield SimulatedDevice()
    else:
        with installed(stand_in(devices=2)):
            yield CupyDevice()


def x(device: Device) -> Any:
    return device.to_device(HOST)


def sigmoid(device: Device, *arguments: Any, grid: Any = (1,), block: Any = (32,)) -> None:
    device.run("elementwise", "sigmoid", F32, grid, block, arguments)


LAUNCHES: dict[str, tuple[Callable[[Device], object], str]] = {
    "array of another dtype": (
        lambda d: dense.dense(d, x(d), d.to_device(np.ones((6, 2))), None),
        "w.* takes a device array of float32; got .* of float64|matmul: .* of one dtype; got .*float64",
    ),
    "dtype of the other kernels": (
        lambda d: for_each(d, "elementwise", "sigmoid", np.dtype(np.float64), 24, x(d), x(d)),
        r"sigmoid: 'const double \*.*x' takes a device array of float64; got .* of float32 and shape \(4, 6\)",
    ),
    "host array on the device": (
        lambda d: activations.relu(d, HOST, 0.0, None, 0.0),
        r"relu: 'const float \*.*x' takes a device array of float32; got ndarray of float32 and shape \(4, 6\)",
    ),
    "host number for an array": (
        lambda d: sigmoid(d, 1.0, x(d), np.int64(24)),
        r"'const float \*.*x' takes a device array of float32; got float 1.0",
    ),
    "Python's int": (
        lambda d: sigmoid(d, x(d), x(d), 24),
        r"'long long n' takes a NumPy scalar of type int64, np.int64\(...\); got int 24",
    ),
    "int of another width": (lambda d: sigmoid(d, x(d), x(d), np.int32(24)), "int64.*; got int32 of int32"),
    "too few arguments": (
        lambda d: sigmoid(d, x(d)),
        r"sigmoid takes 3 arguments \(const float \*.*x, float \*.*y, long long n\), got 1",
    ),
    "too many arguments": (lambda d: sigmoid(d, *[x(d)] * 4), r"sigmoid takes 3 arguments .*, got 4"),
    "empty grid": (lambda d: sigmoid(d, x(d), x(d), np.int64(24), grid=(0,)), "grid must be 1 to"),
    "grid of floats": (lambda d: sigmoid(d, x(d), x(d), np.int64(24), grid=(1.0,)), "grid must be 1 to 3 ints"),
    "block too large": (
        lambda d: sigmoid(d, x(d), x(d), np.int64(24), block=(64, 32)),
        r"at most 1024 threads, got block \(64, 32, 1\)",
    ),
    "unknown kernel": (
        lambda d: launch(d, "elementwise", "cosine", F32, (1,), (32,)),
        "elementwise.cu has no kernel 'cosine'; it has relu, ",
    ),
    "device array to the device": (
        lambda d: d.to_device(x(d)),
        "to_device copies a NumPy array, got .*: is it on a device already?",
    ),
    "list to the device": (lambda d: d.to_device([1.0]), "to_device copies a NumPy array, got list"),
    "objects to the device": (
        lambda d: d.to_device(np.array([{}, None])),
        r"to_device copies numbers, got an array of Python objects, shape \(2,\)",
    ),
    "host array to the host": (lambda d: d.to_host(HOST), "to_host copies an array of cuda.*, got ndarray"),
}


@pytest.mark.parametrize("case", LAUNCHES)
def test_launches_and_copies(device: Device, case: str) -> None:
    wrong, says = LAUNCHES[case]
    with pytest.raises(LaunchError, match=says):
        wrong(device)


def test_device_arrays_never_become_host_arrays_unasked(device: Device) -> None:
    with pytest.raises(TypeError, match="NumPy array"):
        np.asarray(x(device))
    with pytest.raises(TypeError):
        HOST + x(device)


def test_shapes_are_refused_before_a_kernel_sees_them(_compiler: None) -> None:
    """Kernels get addresses. What is known of shapes is checked where operators begin, and for cuBLAS."""
    with use_backend("cuda-sim"), pytest.raises(ShapeError, match=r"dense"):
        ops.dense(HOST, np.ones((5, 2), np.float32))


PRODUCTS = {
    "depths": ((4, 6), (5, 3), (4, 3)),
    "result": ((4, 6), (6, 3), (3, 4)),
    "axes": ((4, 6, 1), (6, 3), (4, 3)),
}


@pytest.mark.usefixtures("_compiler")
@pytest.mark.parametrize("case", PRODUCTS)
def test_products_that_do_not_fit(case: str) -> None:
    with installed(stand_in()):
        device = CupyDevice()
        a, b, result = (device.empty(shape, np.float32) for shape in PRODUCTS[case])
        with pytest.raises(LaunchError, match=r"result = a @ b takes C-contiguous matrices of one dtype; got a"):
            device.matmul(a, b, result, False, False)
        with pytest.raises(LaunchError, match=r"matmul takes arrays of cuda, got ndarray"):
            device.matmul(HOST, b, result, False, False)
        with pytest.raises(LaunchError, match=r"result = a.T @ b.T .* got a float32\(4, 6"):
            check_product(a, b, result, True, True)


@pytest.mark.usefixtures("_compiler")
def test_arrays_that_are_not_contiguous_or_of_another_gpu() -> None:
    with installed(stand_in(devices=2)):
        device, other = CupyDevice(), CupyDevice(1)
        with pytest.raises(LaunchError, match=r"takes a device array of float32 that is contiguous, a copy"):
            activations.sigmoid(device, x(device)[::2])
        with pytest.raises(LaunchError, match=r"takes a device array of float32; got ndarray"):
            activations.sigmoid(device, x(other))
        with pytest.raises(LaunchError, match="to_host copies an array of cuda, got ndarray of cuda:1"):
            device.to_host(x(other))


NO_LIBRARY = RuntimeError('Failure finding "libnvrtc.so.13 or libnvrtc.so.12"\nand many lines')
MACHINES: dict[str, tuple[Any, int, str]] = {
    "no CuPy": (None, 0, r"CuPy is not installed .*: pip install 'minicnn\[cuda12\]'"),
    "no driver": (stand_in(driver=0), 0, "there is no NVIDIA driver"),
    "CuPy for a newer CUDA": (
        stand_in(driver=12080, built=13000),
        0,
        "this CuPy is built for CUDA 13.0, and the driver goes up to 12.8: update the driver, or .*cuda12",
    ),
    "driver that does not work": (
        stand_in(devices=CUDARuntimeError("cudaErrorSystemDriverMismatch: ...")),
        0,
        "the NVIDIA driver does not work: cudaErrorSystemDriverMismatch",
    ),
    "no GPU": (stand_in(devices=0), 0, "there is an NVIDIA driver, but no GPU that it shows"),
    "no GPU, as an error": (
        stand_in(devices=CUDARuntimeError("cudaErrorNoDevice: no CUDA-capable device is detected")),
        0,
        "there is an NVIDIA driver, but no GPU",
    ),
    "no second GPU": (stand_in(devices=1), 1, "there is no GPU cuda:1: there is one GPU, cuda:0"),
    "no fifth GPU": (stand_in(devices=4), 4, "there is no GPU cuda:4: there are 4 GPUs, cuda:0 to cuda:3"),
    "negative GPU": (stand_in(devices=2), -1, "there is no GPU cuda:-1"),
    "no NVRTC": (stand_in(nvrtc=NO_LIBRARY), 0, r"NVRTC, .* cannot be loaded \(Failure finding .*nvrtc.so.12\"\): pip"),
}


@pytest.mark.parametrize("case", MACHINES)
def test_machines_without_a_usable_gpu(case: str) -> None:
    module, index, says = MACHINES[case]
    with installed(module), pytest.raises(BackendError, match=says):
        load(index)


def test_without_cublas_it_says_how_to_do_without(monkeypatch: pytest.MonkeyPatch) -> None:
    module = stand_in()
    del module.cublas
    with installed(module):
        with pytest.raises(
            BackendError, match=r"cuBLAS, .* cannot be loaded .*: pip .* or do without it: MINICNN_CUDA_GEMM=cuda-c"
        ):
            CupyDevice()
        monkeypatch.setenv(dense.GEMM, dense.CUDA_C)
        assert CupyDevice().matmul is None


def test_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    with installed(stand_in()):
        monkeypatch.setenv(VARIABLE, "plenty")
        with pytest.raises(BackendError, match=f"{VARIABLE} is 'plenty'; it takes bytes"):
            CupyDevice()
        monkeypatch.delenv(VARIABLE)
        monkeypatch.setenv(dense.GEMM, "cudnn")
        with pytest.raises(BackendError, match="MINICNN_CUDA_GEMM must be 'cublas' or 'cuda-c', got 'cudnn'"):
            CupyDevice()


def test_without_a_compiler_the_simulated_device_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: Any, **__: Any) -> Any:
        raise softgpu.CompilerMissing("there is no g++ here: install it")

    monkeypatch.setattr(softgpu, "compile", missing)
    with pytest.raises(BackendError, match=r"no g\+\+ here: install it"):
        SimulatedDevice()
