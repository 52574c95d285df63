"""Memory for results: used again once nobody looks at it, and not before."""

from __future__ import annotations

import gc

import numpy as np
import pytest

from minicnn.kernels.cpu import memory

SHAPE, FLOAT = (memory.LARGE // 4, 1), np.dtype(np.float32)


@pytest.fixture(autouse=True)
def _nothing_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_free", {})


def test_a_block_is_used_again_when_the_last_view_is_gone() -> None:
    a = memory.empty(SHAPE, FLOAT)
    assert (a.shape, a.dtype, a.flags.carray) == (SHAPE, FLOAT, True)
    place = a.ctypes.data
    view = a[5:].reshape(-1)
    del a
    gc.collect()
    assert memory.empty(SHAPE, FLOAT).ctypes.data != place  # the view still looks at it
    memory._free.clear()
    del view
    gc.collect()
    assert memory.empty(SHAPE, FLOAT).ctypes.data == place


def test_two_results_never_share_memory() -> None:
    arrays = [memory.empty(SHAPE, FLOAT) for _ in range(3)]
    del arrays[1]
    arrays += [memory.empty(SHAPE, FLOAT) for _ in range(2)]
    for i, a in enumerate(arrays):
        a.fill(i)
    assert [a[0, 0] for a in arrays] == [0, 1, 2, 3]


def test_small_and_empty_arrays_are_numpys_own() -> None:
    for shape in ((0, 3), (10,)):
        assert memory.empty(shape, FLOAT).shape == shape
    assert not memory._free


def test_what_waits_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "KEPT", 3 * memory.LARGE)
    for n in (1, 2, 3):
        memory.empty((n, *SHAPE), FLOAT)
    assert list(memory._free) == [3 * memory.LARGE]
