"""Every step of the ladder computes what the loops compute, says what it cannot, and threads change no bit."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from minicnn.kernels.cpu.ladder import STEPS, loops, peak
from minicnn.kernels.cpu.ladder.registers import MR, NR
from minicnn.kernels.cpu.ladder.step import Step
from minicnn.kernels.cpu.threads import exclusive

BY_NAME = {step.name: step for step in STEPS}
THREADED = [step for step in STEPS if step.threaded]
NO_PADS = ((0, 0), (0, 0))

# x (N, H, W, C), (R, S, K), strides. Chosen to cross every border: tiles, panels, blocks of pixels and of the sum.
GEOMETRIES = {
    "one number": ((1, 1, 1, 1), (1, 1, 1), (1, 1)),
    "odd everywhere": ((2, 7, 5, 3), (3, 2, 5), (1, 1)),
    "strides": ((2, 8, 9, 3), (3, 3, NR), (2, 3)),
    "stride beyond the kernel": ((1, 9, 8, 2), (1, 2, 4), (4, 3)),
    "whole tiles": ((1, 4, MR + 2, 4), (3, 3, NR), (1, 1)),
    "two panels and a tile that is not full": ((3, 5, 6, 2), (3, 3, 2 * NR), (1, 1)),
    "a panel that is not full": ((1, 6, 7, 2), (3, 3, NR + 3), (1, 1)),
    "one column of outputs": ((2, 8, 3, 2), (3, 3, NR), (1, 1)),
    "several blocks of pixels": ((1, 20, 33 * MR // 16 + 3, 1), (3, 3, 2), (1, 1)),
    "several blocks of the sum": ((1, 4, 3, 131), (3, 3, 3), (1, 1)),
}
UNSUPPORTED = {
    "register tile": lambda w, strides: w[2] % NR != 0,
    "Winograd": lambda w, strides: w[:2] != (3, 3) or strides != (1, 1),
}


def drawn(geometry: str) -> tuple[np.ndarray, np.ndarray, tuple[int, int]]:
    rng = np.random.default_rng(len(geometry))
    x_shape, (r, s, k), strides = GEOMETRIES[geometry]
    x = rng.standard_normal(x_shape, dtype=np.float32)
    return x, rng.standard_normal((r, s, x_shape[3], k), dtype=np.float32), strides


@pytest.fixture
def threads() -> Iterator[None]:
    """Gives the pool its number of threads back."""
    before = exclusive.count
    yield
    exclusive.count = before


def cases() -> list[tuple[str, str]]:
    able = []
    for step in STEPS:
        refuses = UNSUPPORTED.get(step.name, lambda w, strides: False)
        able += [(step.name, name) for name, (_, w, strides) in GEOMETRIES.items() if not refuses(w, strides)]
    return able


@pytest.mark.parametrize(("name", "geometry"), cases())
def test_a_step_equals_the_loops(name: str, geometry: str) -> None:
    x, w, strides = drawn(geometry)
    before = x.copy(), w.copy()
    y = BY_NAME[name](x, w, strides)
    right = loops.conv2d(x.astype(np.float64), w.astype(np.float64), None, strides, NO_PADS, (1, 1), 1)
    assert y.dtype == np.float32
    assert y.shape == right.shape
    np.testing.assert_allclose(y, right, rtol=0, atol=2e-6 * max(1.0, np.abs(right).max()))
    assert np.array_equal(x, before[0])
    assert np.array_equal(w, before[1])


@pytest.mark.parametrize("name", UNSUPPORTED)
def test_what_a_step_cannot_do_it_says(name: str) -> None:
    refused = 0
    for geometry, (_, w, strides) in GEOMETRIES.items():
        if UNSUPPORTED[name](w, strides):
            refused += 1
            x, weights, _ = drawn(geometry)
            with pytest.raises(ValueError, match=r"needs a .*; (got|give it) .*take"):
                BY_NAME[name](x, weights, strides)
    assert 0 < refused < len(GEOMETRIES)


@pytest.mark.parametrize("step", THREADED, ids=lambda step: step.name)
@pytest.mark.parametrize("geometry", ["odd layer", "several batches of tiles"])
def test_any_number_of_threads_gives_the_same_bits(step: Step, geometry: str, threads: None) -> None:
    rng = np.random.default_rng(0)
    shape = {"odd layer": (3, 19, 21, 7), "several batches of tiles": (2, 36, 30, 5)}[geometry]
    x = rng.standard_normal(shape, dtype=np.float32)
    w = rng.standard_normal((3, 3, shape[3], NR + 5), dtype=np.float32)
    results = []
    for count in range(1, exclusive.limit + 1):
        exclusive.count = count
        results += [step(x, w), step(x, w)]
    assert all(np.array_equal(results[0], y) for y in results[1:])


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_views_are_arrays_too(step: Step) -> None:
    rng = np.random.default_rng(1)
    x = rng.standard_normal((1, 6, 12, 4), dtype=np.float32)[:, ::-1, ::2, ::2]
    w = rng.standard_normal((2 * NR, 2, 3, 3), dtype=np.float32).T[..., ::2]
    np.testing.assert_array_equal(step(x, w), step(x.copy(), w.copy()))


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_no_images_give_no_outputs(step: Step) -> None:
    y = step(np.zeros((0, 5, 6, 2), np.float32), np.zeros((3, 3, 2, NR), np.float32))
    assert y.shape == (0, 3, 4, NR)


@pytest.mark.parametrize(
    ("x", "w", "strides", "message"),
    [
        ((1, 4, 4, 2), (3, 3, 3, 1), (1, 1), r"the same C; got \(1, 4, 4, 2\) and \(3, 3, 3, 1\)"),
        ((4, 4, 2), (3, 3, 2, 1), (1, 1), r"expects x \(N, H, W, C\)"),
        ((1, 2, 4, 2), (3, 3, 2, 1), (1, 1), "does not fit an x of"),
        ((1, 4, 4, 0), (3, 3, 0, 1), (1, 1), "does not fit an x of"),
        ((1, 4, 4, 2), (3, 3, 2, 1), (0, 1), r"strides of at least 1; got \(0, 1\)"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(
    x: tuple[int, ...], w: tuple[int, ...], strides: tuple[int, int], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        STEPS[-1](np.zeros(x, np.float32), np.zeros(w, np.float32), strides)


def test_another_dtype_is_refused() -> None:
    with pytest.raises(TypeError, match="computes in float32; got x of float64 and w of float32"):
        STEPS[1](np.zeros((1, 3, 3, 1)), np.zeros((3, 3, 1, 1), np.float32))


def test_the_peaks_do_their_work() -> None:
    for threads in (1, 2):
        assert np.array_equal(peak.multiply_add(threads), np.ones((threads, peak.SUMS, peak.LANES)))  # s = s/2 + 1/2
    target = np.zeros((2, 5), np.float32)
    peak.copy(np.arange(10, dtype=np.float32).reshape(2, 5), target)
    assert target.ravel().tolist() == list(range(10))
