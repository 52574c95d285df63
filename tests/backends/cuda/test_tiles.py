"""Matrix products in tiles: which variant is chosen, and that all of them compute the same bits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from minicnn.backends.cuda import convolution, dense, tiles
from minicnn.backends.cuda.on_simulator import SimulatedDevice
from minicnn.errors import BackendError
from minicnn.geometry import Windows
from minicnn.kernels import softgpu
from minicnn.kernels.cuda import PROGRAMS
from minicnn.random import generator

pytestmark = pytest.mark.usefixtures("_compiler")


class Noting(SimulatedDevice):
    """Notes which programs it ran."""

    def __init__(self, mode: str = "fast") -> None:
        super().__init__(mode)
        self.programs: list[str] = []

    def run(self, family: str, *rest: Any) -> None:
        self.programs.append(family)
        super().run(family, *rest)


class Shifted(Noting):
    """All of whose arrays lie a number beyond a multiple of 16 bytes."""

    def empty(self, shape: tuple[int, ...], dtype: Any) -> Any:
        size = int(np.prod(shape))
        return super().empty((size + 1,), dtype)[1:].reshape(shape)

    def to_device(self, array: np.ndarray) -> Any:
        padded = np.concatenate([np.zeros(1, array.dtype), array.ravel()])
        return super().to_device(padded)[1:].reshape(array.shape)


def products(device: Any, dtype: type) -> list[np.ndarray]:
    """Every kernel in tiles once, of sizes that end within a tile."""
    rng = generator(3)

    def given(*shape: int) -> Any:
        return device.to_device(rng.standard_normal(shape).astype(dtype))

    x, w, b, dy = given(140, 44), given(44, 72), given(72), given(140, 72)
    image, kernel, upstream = given(1, 9, 8, 36), given(3, 3, 36, 40), given(1, 9, 8, 40)
    windows, strided = (Windows.over((9, 8), 3, stride, "same") for stride in (1, 2))
    results = [
        dense.dense(device, x, w, b),
        dense.dense_relu(device, x, w, b),
        dense.dense_input_gradient(device, dy, w),
        dense.dense_weight_gradient(device, x, dy),
        convolution.conv2d(device, image, kernel, None, windows, 1),
        *convolution.conv2d_relu(device, image, kernel, given(40), windows, 1, 1),
        *convolution.conv2d_relu(device, image, kernel, given(40), windows, 1, 2),
        convolution.conv2d_input_gradient(device, upstream, kernel, windows, 1),
        convolution.conv2d_input_gradient(device, given(1, 5, 4, 40), kernel, strided, 1),
        convolution.conv2d_weight_gradient(device, image, upstream, windows, 1),
    ]
    return [device.to_host(a) for a in results]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("mode", ["fast", "check"])
def test_all_variants_give_the_same_bits(monkeypatch: pytest.MonkeyPatch, mode: str, dtype: type) -> None:
    devices = {"": Shifted(mode), ".vectors": Noting(mode), ".large": Noting(mode)}
    found = {}
    for variant, device in devices.items():
        monkeypatch.setattr(tiles, "MANY", 1 if variant == ".large" else 10**9)
        found[variant] = products(device, dtype)
        assert set(device.programs) == {f"matmul{variant}", f"convolution{variant}"}
    for variant in (".vectors", ".large"):
        for a, b in zip(found[variant], found[""], strict=True):
            assert a.tobytes() == b.tobytes(), variant


@pytest.mark.parametrize("mode", ["fast", "check"])
def test_tf32_is_off_by_less_than_a_thousandth(monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    monkeypatch.setattr(tiles, "MANY", 1)
    exact = products(Noting(), np.float32)
    device = Noting(mode)
    with tiles.tf32():
        rounded = products(device, np.float32)
    assert set(device.programs) == {"matmul.tf32", "convolution.tf32"}
    for a, b in zip(rounded, exact, strict=True):
        if a.dtype == np.float32:  # who won a pool may differ
            assert 1e-6 < np.abs(a - b).max() / np.abs(b).max() < 1e-3


def test_tf32_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not tiles.tf32_allowed()
    monkeypatch.setenv("MINICNN_CUDA_TF32", "1")
    assert tiles.tf32_allowed()
    with tiles.tf32(False):
        assert not tiles.tf32_allowed()
    monkeypatch.setenv("MINICNN_CUDA_TF32", "yes")
    with pytest.raises(BackendError, match="MINICNN_CUDA_TF32 must be '1' or '0', got 'yes'"):
        tiles.tf32_allowed()
    monkeypatch.setenv("MINICNN_CUDA_TF32", "1")
    monkeypatch.setattr(tiles, "MANY", 1)
    device = Noting()
    products(device, np.float64)
    assert not any("tf32" in program for program in device.programs)


@pytest.mark.parametrize("allowed", [False, True])
def test_large_tiles_in_any_order_of_threads(monkeypatch: pytest.MonkeyPatch, allowed: bool) -> None:
    monkeypatch.setattr(tiles, "MANY", 1)
    with tiles.tf32(allowed):
        expected = products(Noting(), np.float32)
        for order in softgpu.ORDERS[1:]:
            with softgpu.order(order, seed=9):
                found = products(Noting(), np.float32)
            assert all(a.tobytes() == b.tobytes() for a, b in zip(found, expected, strict=True)), order


@pytest.mark.parametrize(
    ("shape", "variant"),
    [
        ((64, 10, 30), ""),  # lines of 10 and of 30 numbers are no multiple of four
        ((64, 12, 32), ".vectors"),
        ((128 * 128, 8, 32), ".vectors"),  # large tiles would be half empty
        ((127 * 128, 8, 64), ".vectors"),  # ... would leave some of a GPU idle
        ((128 * 128, 8, 64), ".large"),
        ((64 * 128, 8, 128), ".large"),
    ],
)
def test_the_choice(shape: tuple[int, int, int], variant: str) -> None:
    rows, depth, columns = shape
    device = SimulatedDevice()
    x = device.empty((1,), np.float32)
    program, count = tiles.tiling(device, "matmul", (x, None), (depth, columns), rows, columns)
    assert program == f"matmul{variant}"
    assert program in PROGRAMS
    down, across = tiles.LARGE[4] if variant == ".large" else tiles.SMALL
    assert count == -(-rows // down) * -(-columns // across)


def test_more_rows_than_can_be_counted_are_refused() -> None:
    device = SimulatedDevice()
    x = device.empty((1,), np.float32)
    with pytest.raises(BackendError, match=r"2147483648 rows.*smaller batches"):
        tiles.tiling(device, "matmul", (x,), (4, 4), 2**31, 4)


@pytest.mark.parametrize(("stride", "dilation"), [(2, 1), (3, 2), (4, 6), (5, 1), (2, 2)])
def test_pixels_gather_by_phases(stride: int, dilation: int) -> None:
    """The gradient of a strided convolution, in which some pixels lie under no tap, against the definition."""
    rng, device = generator(stride), SimulatedDevice()
    windows = Windows.over((13, 11), (3, 2), (stride, stride + 1), ((1, 2), (0, 3)), dilation)
    dy, w = rng.standard_normal((2, *windows.outputs, 3)), rng.standard_normal((3, 2, 2, 3))
    dx = np.zeros((2, 13, 11, 2))
    for i, j in np.ndindex(windows.outputs):
        for r, s in np.ndindex(3, 2):
            h, column = i * stride + r * dilation - 1, j * (stride + 1) + s * dilation
            if 0 <= h < 13 and 0 <= column < 11:
                dx[:, h, column] += dy[:, i, j] @ w[r, s].T
    found = convolution.conv2d_input_gradient(device, device.to_device(dy), device.to_device(w), windows, 1)
    np.testing.assert_allclose(device.to_host(found), dx, rtol=1e-12, atol=1e-13)
