"""Every line of the module that owns CuPy's calls, on a stand-in for CuPy over the software GPU."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from minicnn import losses, models, optimizers, set_random_seed, use_backend
from minicnn.backends.cuda import activations, dense, on_cupy
from minicnn.backends.cuda.device import Device, for_each
from minicnn.backends.cuda.on_cupy import SLOTS, CupyDevice, load
from minicnn.errors import OutOfMemoryError
from minicnn.gradient_check import CASES
from minicnn.layers import BatchNormalization, Conv2D, Dense, Dropout, Flatten, MaxPooling2D, ReLU
from minicnn.random import generator
from tests.backends.cuda.conftest import computing
from tests.backends.cuda.stand_in import installed, stand_in
from tests.backends.cuda.test_kernels import arrays, results

pytestmark = pytest.mark.usefixtures("_compiler")


@pytest.fixture(params=[False, True], ids=["late copies", "early copies"])
def cupy(request: pytest.FixtureRequest) -> Iterator[Any]:
    with installed(stand_in(devices=2, early=request.param)) as module:
        yield module


@pytest.mark.parametrize("name", CASES)
def test_as_the_textbook_computes_it(cupy: Any, name: str) -> None:
    with use_backend("numpy"):
        expected = arrays(results(name, draws=1))
    with computing(load()):
        found = arrays(results(name, draws=1))
    for a, b in zip(found, expected, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-11)


def trained(steps: int = 5, device: str = "cpu") -> list[np.ndarray]:
    """The weights of a small network that lives on a device, after some steps: from the third on they are repeated."""
    rng = generator(3)
    x, y = rng.standard_normal((8, 9, 9, 2)), rng.integers(0, 3, 8)
    set_random_seed(1)
    first = [Conv2D(4, 3, use_bias=False), BatchNormalization(), ReLU(), MaxPooling2D(2), Flatten(), Dropout(0.2)]
    model = models.Sequential([*first, Dense(5, activation="relu"), Dense(3)])
    model.compile(optimizers.Adam(0.01), losses.SparseCategoricalCrossentropy(from_logits=True))
    model.build((None, 9, 9, 2))
    model.to(device)
    for _ in range(steps):
        model.train_on_batch(x, y)
    return model.get_weights()


def test_a_network_trains_as_on_the_cpu(cupy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with use_backend("numpy"):
        expected = trained()
    for gemm in ("cublas", "cuda-c"):
        cupy.launches.clear()
        monkeypatch.setenv(dense.GEMM, gemm)
        with computing(load()):
            found = trained(device="cuda")
        assert ("gemm" in cupy.launches) == (gemm == "cublas")
        for a, b in zip(found, expected, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)


def test_a_step_waits_for_nothing_but_its_loss(cupy: Any) -> None:
    with computing(load()):
        trained(steps=5, device="cuda")
        before = Counter(cupy.machine.waits)
        trained(steps=6, device="cuda")
    assert cupy.launches.count("gemm") > 0
    assert Counter(cupy.machine.waits) - before - before == Counter([()])


def many_inputs(device: Device) -> list[float]:
    """More inputs than there are slots, each read by one kernel and left at once: what those kernels found, first to
    last."""
    host, results = np.zeros(32, np.float32), []
    for number in range(3 * SLOTS):
        host[:] = number
        x = device.to_device(host)
        host[:] = np.nan  # it may change as soon as the call returns
        results.append(activations.relu(device, x, 0.0, None, 0.0))
        del x
    return [float(device.to_host(y)[-1]) for y in results]


def test_inputs_arrive_before_they_are_read_and_stay_until_they_were(cupy: Any) -> None:
    assert many_inputs(CupyDevice()) == list(range(3 * SLOTS))


@pytest.mark.parametrize("missing", ["for the copy", "for the slot", "for the kernel"])
def test_each_wait_is_needed(missing: str) -> None:
    """Leave one out, and the stand-in shows it: kernels read too early, a slot or an array is overwritten too early."""
    with installed(stand_in(early=missing == "for the kernel")):
        device = CupyDevice()
        if missing == "for the copy":
            device._stream.wait_event = lambda _: None
        elif missing == "for the slot":
            for slot in device._slots:
                slot.read.synchronize = lambda: None
        else:
            device._copies.wait_event = lambda _: None
        assert many_inputs(device) != list(range(3 * SLOTS))


@pytest.mark.parametrize("n", [0, 1, 15, 16, 17, 100])
def test_a_copy_of_many_slots(cupy: Any, monkeypatch: pytest.MonkeyPatch, n: int) -> None:
    monkeypatch.setattr(on_cupy, "SLOT_BYTES", 64)
    device, x = CupyDevice(), generator(0).standard_normal((n, 3)).astype(np.float32)[::-1]
    copy = device.to_device(x)
    assert device.to_host(copy).tobytes() == x.tobytes()
    assert device.to_host(device.to_device(np.float64(2.5))) == 2.5


def test_nothing_waits_before_the_end() -> None:
    """Copies and launches are asked for, and the CPU goes on."""
    with installed(stand_in()):
        device = CupyDevice()
        x = device.to_device(np.ones(8, np.float32))
        for _ in range(20):
            x = activations.relu(device, x, 0.0, None, 0.0)
        assert len(device._copies._pending) == 3  # wait for what was left, copy, event
        assert len(device._stream._pending) == 22  # wait for the event, launches, a mark where the input was left
        device.synchronize()
        assert not device._copies._pending and not device._stream._pending


def test_products_of_all_turns_agree_with_the_tiles(cupy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = generator(5)
    device = CupyDevice()
    x, w, dy = (device.to_device(rng.standard_normal(shape)) for shape in ((4, 6), (6, 5), (4, 5)))
    b = device.to_device(rng.standard_normal(5))

    def all_products() -> list[np.ndarray]:
        made = [dense.dense(device, x, w, None), dense.dense(device, x, w, b), dense.dense_relu(device, x, w, b)]
        made += [dense.dense_input_gradient(device, dy, w), dense.dense_weight_gradient(device, x, dy)]
        return [device.to_host(a) for a in made]

    by_library = all_products()
    assert cupy.launches.count("gemm") == 5
    monkeypatch.setenv(dense.GEMM, dense.CUDA_C)
    for a, b in zip(all_products(), by_library, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-13)
    assert cupy.launches.count("gemm") == 5


def test_a_second_gpu(cupy: Any) -> None:
    first, second = CupyDevice(0), CupyDevice(1)
    assert (first.name, second.name) == ("cuda", "cuda:1")
    x = second.to_device(np.arange(4.0) - 2)
    y = activations.relu(second, x, 0.0, None, 0.0)
    assert second.to_host(y).tolist() == [0, 0, 0, 1]
    assert x.data.device_id == 1


def test_cupys_own_functions_compute_in_the_same_stream_and_memory(cupy: Any) -> None:
    first, second = CupyDevice(0), CupyDevice(1, memory="1MB")
    for device in (first, second, first, second):
        device.to_device(np.ones(3))
        assert cupy.machine.current == device._device.id
        assert cupy.machine.stream() is device._stream
    assert cupy.machine.allocator(1000).mem.device_id == 1
    with pytest.raises(OutOfMemoryError, match=r"cuda:1 has no room for 2 MB: 0 bytes are in use of at most 1 MB"):
        cupy.machine.allocator(2 * 10**6)


def test_a_kernel_is_compiled_once(cupy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    module = cupy.RawModule
    monkeypatch.setattr(cupy, "RawModule", lambda **given: asked.append(1) or module(**given))
    device = CupyDevice()
    for _ in range(3):
        x = device.to_device(np.ones(3))
        for_each(device, "elementwise", "sigmoid", x.dtype, x.size, x, device.empty((3,), np.float64))
    assert len(asked) == 1


def test_it_tells_time_and_what_it_is(cupy: Any) -> None:
    device = CupyDevice(1, memory=0.25)
    x = device.to_device(np.ones(3))
    assert device.seconds(lambda: activations.sigmoid(device, x)) > 0
    words = "stand-in 1, 8 GB, minicnn at most 2 GB; CUDA 12.9, driver for 13.0; CuPy 14.2.0; dense layers by cuBLAS"
    assert device.describe() == words
