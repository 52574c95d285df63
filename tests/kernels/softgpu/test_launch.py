"""Launches that hardware would take in silence, or crash on, are refused with a sentence."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from minicnn.kernels import softgpu
from tests.kernels.softgpu.sources import SCALE_FOURS, VECTOR_ADD

F, N = np.float32, np.int32


def array(n: int = 8, dtype: Any = F) -> softgpu.DeviceArray:
    return softgpu.to_device(np.zeros(n, dtype))


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ((array(), array(), array(), 8), r"'int n' takes a NumPy scalar of type int32.*got int 8"),
        ((array(), array(), array(), F(8)), r"'int n' takes .* got float32 of float32"),
        ((array(), array(), array(), np.int64(8)), r"'int n' takes .* got int64"),
        ((array(), array(), array()), r"vector_add takes 4 arguments .* got 3"),
        ((np.zeros(8, F), array(), array(), N(8)), r"'const float\* x' takes a device array of float32; got ndarray"),
        (
            (array(dtype=np.float64), array(), array(), N(8)),
            r"'const float\* x' takes .*float32; got DeviceArray of",
        ),
        ((array(), array(), 3.0, N(8)), r"'float\* sum' takes a device array of float32; got float 3.0"),
    ],
)
def test_arguments(args: tuple[Any, ...], says: str) -> None:
    with pytest.raises(softgpu.LaunchError, match=says):
        softgpu.compile(VECTOR_ADD).kernel("vector_add")((1,), (8,), args)


@pytest.mark.parametrize(
    ("grid", "block", "says"),
    [
        ((0,), (8,), "grid must be 1 to"),
        ((1, 70000), (8,), "grid must be 1 to"),
        ((1,), (2048,), "block must be 1 to"),
        ((1,), (64, 32), "at most 1024 threads"),
        ((1,), (1, 1, 65), "block must be 1 to"),
        ((1,), (8.0,), "block must be 1 to 3 ints"),
        ((1, 1, 1, 1), (8,), "grid must be 1 to 3 ints"),
        (1, (8,), "grid must be 1 to 3 ints"),
    ],
)
def test_grids_and_blocks(grid: Any, block: Any, says: str) -> None:
    with pytest.raises(softgpu.LaunchError, match=says):
        softgpu.compile(VECTOR_ADD).kernel("vector_add")(grid, block, (array(), array(), array(), N(8)))


def test_too_much_shared_memory() -> None:
    with pytest.raises(softgpu.LaunchError, match="shared_bytes must be 0 to 232448, got 300000"):
        softgpu.compile(VECTOR_ADD).kernel("vector_add")((1,), (8,), (array(), array(), array(), N(8)), 300000)


def test_memory_that_is_not_whole_or_not_aligned_vectors() -> None:
    scale = softgpu.compile(SCALE_FOURS).kernel("scale_fours")
    for wrong in (array(7), array(9)[1:]):
        with pytest.raises(softgpu.LaunchError, match="whole and aligned vectors of 16 bytes"):
            scale((1,), (1,), (wrong, array(), F(1), N(1)))


def test_an_unknown_kernel() -> None:
    with pytest.raises(softgpu.LaunchError, match=r"kernel.cu has no kernel 'subtract'; it has vector_add"):
        softgpu.compile(VECTOR_ADD).kernel("subtract")


def test_an_unknown_order() -> None:
    with pytest.raises(ValueError, match="order must be one of forward"), softgpu.order("backward"):
        pass
