"""Limits, and the error that tells what is held."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from minicnn import MinicnnError
from minicnn.backends.cuda.device import Device
from minicnn.backends.cuda.memory import VARIABLE, Limit, limit_of, told
from minicnn.backends.cuda.on_cupy import CupyDevice
from minicnn.backends.cuda.on_simulator import SimulatedDevice
from minicnn.errors import ArgumentError, BackendError, OutOfMemoryError
from tests.backends.cuda.stand_in import installed, stand_in


@pytest.mark.parametrize(
    ("given", "limit"),
    [
        (4000000000, Limit(size=4 * 10**9)),
        ("4GB", Limit(size=4 * 10**9)),
        ("1.5 gb", Limit(size=15 * 10**8)),
        ("512MiB", Limit(size=2**29)),
        ("100 B", Limit(size=100)),
        (0.5, Limit(fraction=0.5)),
        ("0.25", Limit(fraction=0.25)),
        (1.0, Limit(fraction=1.0)),
        (None, Limit()),
    ],
)
def test_limits_are_bytes_sizes_or_parts(given: Any, limit: Limit) -> None:
    assert limit_of(given) == limit


@pytest.mark.parametrize("wrong", ["", "four", "4 TB of it", -1, 0, "0GB", 1.5, "0.5KiB or so", True, "1e9", "nan", []])
def test_other_limits_are_refused(wrong: Any) -> None:
    with pytest.raises(ArgumentError, match=r"memory is .*; it takes bytes .*'4GB'.*0\.5"):
        limit_of(wrong)


def test_the_environment_sets_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "2GB")
    assert limit_of(None).bytes_of(8 * 10**9) == 2 * 10**9
    monkeypatch.setenv(VARIABLE, "0.5")
    assert limit_of(None).bytes_of(8 * 10**9) == 4 * 10**9
    assert limit_of("1KB").bytes_of(8 * 10**9) == 1000
    monkeypatch.setenv(VARIABLE, "much")
    with pytest.raises(BackendError, match="MINICNN_CUDA_MEMORY is 'much'"):
        limit_of(None)


def test_bytes_are_told_in_three_digits() -> None:
    assert [told(n) for n in (0, 999, 1234, 56_780_000, 8 * 10**9)] == [
        "0 bytes",
        "999 bytes",
        "1.23 KB",
        "56.8 MB",
        "8 GB",
    ]


@pytest.fixture(params=["cuda-sim", "cuda"])
def device(request: pytest.FixtureRequest, _compiler: None) -> Iterator[Device]:
    """With a megabyte for arrays beside those that other tests hold."""
    if request.param == "cuda-sim":
        simulated = SimulatedDevice()
        gc.collect()
        yield SimulatedDevice(memory=simulated._in_use() + 10**6)
    else:
        with installed(stand_in()):
            yield CupyDevice(memory="1MB")


def test_out_of_memory_says_what_is_held(device: Device) -> None:
    kept = [device.empty((1000, 50), np.float32) for _ in range(3)]
    kept += [device.to_device(np.zeros((7, 11))), device.empty((50_000,), np.float32)]
    with pytest.raises(OutOfMemoryError) as caught:
        device.empty((64, 1000), np.float64)
    text = str(caught.value)
    assert text.startswith(f"{device.name} has no room for 512 KB, float64(64, 1000): ")
    assert "MINICNN_CUDA_MEMORY" in text
    assert "    3 x float32(1000, 50): 600 KB\n" in text
    assert "A smaller batch needs less" in text
    assert isinstance(caught.value, MemoryError)
    assert isinstance(caught.value, MinicnnError)
    with pytest.raises(OutOfMemoryError, match=r"no room for 512 KB"):
        device.to_device(np.zeros((64, 1000)))
    kept.clear()
    assert device.empty((64, 1000), np.float64).size == 64000


def test_views_of_one_array_count_once_and_small_ones_are_summed(device: Device) -> None:
    kept = [device.empty((n + 1,), np.float64) for n in range(9)]
    large = device.empty((90_000,), np.float64)
    kept += [large[:10], large.reshape((90_000,))]
    with pytest.raises(OutOfMemoryError, match=r"1 x float64\(90000,\): 720 KB\n") as caught:
        device.empty((90_000,), np.float64)
    assert "others: " in str(caught.value)


@pytest.mark.usefixtures("_compiler")
def test_what_only_a_circle_holds_is_free() -> None:
    """On the software GPU; on a real one CuPy's pool sees to that."""
    gc.collect()
    device = SimulatedDevice(memory=SimulatedDevice()._in_use() + 10**6)
    gc.disable()
    try:
        circle: list[Any] = [device.empty((64, 1000), np.float64)]
        circle.append(circle)
        del circle
        assert device.empty((64, 1000), np.float64).size == 64000
    finally:
        gc.enable()


@pytest.mark.usefixtures("_compiler")
def test_the_limit_is_told() -> None:
    assert SimulatedDevice(memory="2GB").describe() == "software GPU on this CPU, at most 2 GB"
    assert SimulatedDevice().describe() == "software GPU on this CPU"
