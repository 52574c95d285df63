"""The Numba twins in the place of their CUDA C siblings: through PTX on the software GPU, in every order of threads."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from minicnn import use_backend
from minicnn.backends import current_backend
from minicnn.backends.cuda import activations, dense, twins
from minicnn.backends.cuda.on_simulator import SimulatedDevice
from minicnn.backends.cuda.twins import current_kernels, launch_on_gpu, twin_for, use_cuda_kernels
from minicnn.errors import BackendError
from minicnn.kernels import softgpu
from minicnn.kernels.numba_cuda import FAMILIES, target, twins_of
from minicnn.random import Key, generator
from tests.backends import formulas
from tests.backends.cuda.conftest import computing, simulated
from tests.backends.cuda.odd_shapes import odd_shapes
from tests.backends.cuda.test_kernels import arrays, results
from tests.kernels.numba_cuda.package import HOW, is_installed

needs_compiler = pytest.mark.skipif(not is_installed(), reason=HOW)
on_simulator = pytest.mark.usefixtures("_compiler")
OPERATORS = "batch_norm", "batch_norm_relu", "dense", "dropout", "max_pool2d", "softmax_cross_entropy"


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each twin is launched."""
    counted: Counter[str] = Counter()
    run = twins.run_on_simulator

    def counting(twin: Any, *rest: Any) -> None:
        counted[twin.name] += 1
        run(twin, *rest)

    monkeypatch.setattr("minicnn.backends.cuda.on_simulator.run_on_simulator", counting)
    return counted


@needs_compiler
@on_simulator
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_twin_computes_as_the_textbook_does(dtype: str, launched: Counter[str]) -> None:
    with use_backend("numpy"):
        expected = odd_shapes(dtype)
    tolerance = {"float32": 2e-5, "float64": 1e-12}[dtype]
    bits = {}
    with use_backend("cuda-sim"), use_cuda_kernels("numba"):
        for order in softgpu.ORDERS:
            with softgpu.order(order, seed=3):
                found = odd_shapes(dtype)
            for name, a in found.items():
                assert a.dtype == expected[name].dtype
                np.testing.assert_allclose(a, expected[name], rtol=tolerance, atol=tolerance, err_msg=name)
            bits[order] = {name: a.tobytes() for name, a in found.items()}
    assert all(one == bits["forward"] for one in bits.values())
    assert set(launched) == {name for family in FAMILIES for name in twins_of(family)}


@needs_compiler
@on_simulator
@pytest.mark.parametrize("name", OPERATORS)
def test_no_race_and_nothing_out_of_bounds(name: str, launched: Counter[str]) -> None:
    with use_backend("numpy"):
        expected = arrays(results(name))
    with computing(simulated("check")), use_cuda_kernels("numba"):
        found = arrays(results(name))
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-11)
    assert launched


@needs_compiler
@on_simulator
def test_updates_keep_to_their_arrays() -> None:
    with computing(simulated("check")), use_cuda_kernels("numba"):
        for momentum, nesterov in ((0.0, False), (0.9, False), (0.9, True)):
            formulas.sgd(momentum, nesterov)


@needs_compiler
@on_simulator
@pytest.mark.parametrize("key", [Key(0), Key(2**64 - 1, 7), Key(12345678901234, 2**32 - 1)], ids=str)
def test_dropout_draws_the_mask_of_the_cpu(key: Key) -> None:
    x = generator(0).standard_normal(5001).astype(np.float32)
    with use_backend("numba"):
        expected = current_backend().dropout(x, 0.3, key)
    with use_backend("cuda-sim"), use_cuda_kernels("numba"):
        assert current_backend().dropout(x, 0.3, key).tobytes() == expected.tobytes()


@needs_compiler
@on_simulator
def test_launches_are_as_strict_as_the_siblings() -> None:
    device = SimulatedDevice()
    x, w = device.to_device(np.ones((2, 3), np.float32)), device.to_device(np.ones((3, 4)))
    with use_cuda_kernels("numba"):
        with pytest.raises(softgpu.LaunchError, match=r"dense: '[^']*\bw' takes a device array of float32"):
            dense.dense(device, x, w, None)
        with pytest.raises(softgpu.LaunchError, match=r"dropout: '[^']*\bx' takes a device array.* got ndarray"):
            activations.dropout(device, np.ones(3, np.float32), 0.5, Key(0))


class TestChoice:
    @pytest.fixture(autouse=True)
    def _nobody_chose(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(twins, "_chosen", twins.ContextVar("kernels", default=None))
        monkeypatch.delenv("MINICNN_CUDA_KERNELS", raising=False)

    def test_cuda_c_unless_something_else_is_said(self) -> None:
        assert current_kernels() == "cuda-c"
        assert twin_for("dropout", "dropout") is None

    @needs_compiler
    def test_by_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MINICNN_CUDA_KERNELS", "numba")
        assert twin_for("dropout", "dropout").name == "dropout"
        assert twin_for("convolution", "conv2d") is None

    @needs_compiler
    def test_for_a_block(self) -> None:
        with use_cuda_kernels("numba"):
            assert current_kernels() == "numba"
            with use_cuda_kernels("cuda-c"):
                assert twin_for("dropout", "dropout") is None
            assert current_kernels() == "numba"
        assert current_kernels() == "cuda-c"

    def test_an_unknown_language(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MINICNN_CUDA_KERNELS", "triton")
        with pytest.raises(BackendError, match="MINICNN_CUDA_KERNELS must be one of cuda-c, numba, got 'triton'"):
            current_kernels()
        with pytest.raises(BackendError, match="use_cuda_kernels must be one of cuda-c, numba, got 'opencl'"):
            use_cuda_kernels("opencl")

    def test_without_numba_cuda_it_says_what_to_install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
        with pytest.raises(BackendError, match=r"needs numba-cuda: pip install 'minicnn\[numba-cuda\]'"):
            use_cuda_kernels("numba")


class Recorder:
    """Stands for a kernel that a GPU would run: keeps what it is launched with."""

    def __init__(self) -> None:
        self.launches: list[tuple[Any, ...]] = []

    def __getitem__(self, configuration: Any) -> Any:
        return lambda *arguments: self.launches.append((configuration, arguments))


@needs_compiler
def test_on_a_gpu_it_is_launched_on_cupys_stream_with_flat_views(monkeypatch: pytest.MonkeyPatch) -> None:
    """What of it does not need a GPU: no synchronization is asked for, numbers keep their types, None is empty."""
    recorder, empty = Recorder(), np.empty(0, np.float32)
    fake = SimpleNamespace(
        as_cuda_array=lambda array, sync: ("view", array.shape, sync),
        external_stream=lambda pointer: f"stream {pointer}",
    )
    monkeypatch.setattr(target, "cuda", fake)
    twin = SimpleNamespace(kernel=recorder, launch_shape=twins_of("matmul")["dense"].launch_shape)
    x = np.zeros((5, 3), np.float32)
    numbers = np.int64(5), np.int64(3), np.int64(40), np.int32(0)
    launch_on_gpu(twin, (x, x, None, x, *numbers), SimpleNamespace(ptr=77), empty)
    view = ("view", (15,), False)
    assert recorder.launches == [(((1, 3), (16, 16), "stream 77"), (view, view, ("view", (0,), False), view, *numbers))]
