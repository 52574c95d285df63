"""Memory for results: used again once nobody looks at it, and not before."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import numpy as np
import pytest

from minicnn.kernels.cpu import memory

SHAPE, FLOAT = (memory.LARGE // 4, 1), np.dtype(np.float32)


@pytest.fixture(autouse=True)
def pool() -> Iterator[memory.Pool]:
    """A pool of the test's own, in which nothing waits."""
    own = memory.Pool(3 * memory.LARGE)
    before = memory.use(own)
    yield own
    memory.use(before)


def test_a_block_is_used_again_when_the_last_view_is_gone(pool: memory.Pool) -> None:
    a = memory.empty(SHAPE, FLOAT)
    assert (a.shape, a.dtype, a.flags.carray) == (SHAPE, FLOAT, True)
    place = a.ctypes.data
    view = a[5:].reshape(-1)
    del a
    gc.collect()
    assert memory.empty(SHAPE, FLOAT).ctypes.data != place  # the view still looks at it
    pool._free.clear()
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


def test_results_begin_with_a_cache_line() -> None:
    arrays = [memory.empty((n, *SHAPE), FLOAT) for n in (1, 1, 2, 3)]
    assert all(a.ctypes.data % memory.LINE == 0 for a in arrays)


def test_small_and_empty_arrays_are_numpys_own(pool: memory.Pool) -> None:
    for shape in ((0, 3), (10,)):
        assert memory.empty(shape, FLOAT).shape == shape
    assert pool.made == 0
    assert not pool._free


def test_what_waits_is_bounded(pool: memory.Pool) -> None:
    for n in (1, 2, 3):
        memory.empty((n, *SHAPE), FLOAT)
    assert list(pool._free) == [3 * memory.LARGE]


def test_what_waits_elsewhere_is_taken_before_there_is_more(pool: memory.Pool) -> None:
    place = memory.empty(SHAPE, FLOAT).ctypes.data
    own = memory.Pool(None, spare=pool)
    before = memory.use(own)
    try:
        arrays = [memory.empty(SHAPE, FLOAT) for _ in range(2)]
    finally:
        memory.use(before)
    assert arrays[0].ctypes.data == place
    assert own.made == memory.LARGE
    del arrays
    gc.collect()
    assert not pool._free.get(memory.LARGE)  # they stay with who took them


def test_an_alias_does_not_hold_its_block_but_one_of_other_memory_holds_it() -> None:
    a = memory.empty(SHAPE, FLOAT)
    place = a.ctypes.data
    alias = memory.unowned(a[3:])
    assert (alias.ctypes.data, alias.shape) == (place + 12, a[3:].shape)
    del a
    gc.collect()
    assert memory.empty(SHAPE, FLOAT).ctypes.data == place
    foreign = np.arange(5.0)
    assert memory.unowned(foreign) is foreign
