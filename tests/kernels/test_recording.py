from __future__ import annotations

import numpy as np
import pytest

from minicnn.kernels.cpu import activations, memory
from minicnn.kernels.cpu.memory import empty
from minicnn.kernels.recording import Recording, computed, note, performed

LARGE = memory.LARGE  # float32 numbers in four times the bytes that make a block worth keeping


def test_a_run_does_what_was_noted_with_what_lies_there_now() -> None:
    x, y = np.arange(6.0), np.zeros(6)
    with Recording() as recording:
        activations.tanh(x, y)
        performed(np.add, y, 1.0, y)
    np.testing.assert_allclose(y, np.tanh(np.arange(6.0)) + 1)
    x[:] = -x
    recording.run()
    np.testing.assert_allclose(y, 1 - np.tanh(np.arange(6.0)))


def test_what_is_only_noted_happens_in_runs_alone() -> None:
    seen: list[int] = []
    with Recording() as recording:
        note(seen.append, 1)
    assert seen == []
    recording.run()
    recording.run()
    assert seen == [1, 1]


def test_nothing_is_noted_outside() -> None:
    with Recording() as recording:
        pass
    performed(np.zeros, 3)
    assert not recording.computes(np.zeros(3))
    recording.run()


def test_nothing_is_noted_after_an_error() -> None:
    x = np.zeros(2)
    recording = Recording()
    with pytest.raises(ZeroDivisionError), recording:
        raise ZeroDivisionError
    performed(np.add, x, 1, x)
    recording.run()
    assert x.tolist() == [1, 1]


def test_it_knows_what_it_computes() -> None:
    computed, other = np.zeros((2, 3)), np.zeros(3)
    with Recording() as recording:
        performed(np.add, computed, 1, computed)
    assert recording.computes(computed)
    assert recording.computes(computed[1])
    assert not recording.computes(other)


def test_what_is_performed_is_not_noted_a_second_time() -> None:
    x, y = np.ones(3), np.zeros(3)

    def step() -> None:
        performed(np.add, y, x, y)

    with Recording() as recording:
        performed(step)
    assert y.tolist() == [1, 1, 1]
    recording.run()
    assert y.tolist() == [2, 2, 2]


@pytest.mark.parametrize("shape", [(2, 3), (3,), (2, 1), ()])
def test_arithmetic_is_computed_again(shape: tuple[int, ...]) -> None:
    x, y = np.full((2, 3), 2.0, np.float32), np.full(shape, 3.0, np.float32)
    with Recording() as recording:
        z = computed(np.multiply, x, y)
    assert z.dtype == np.float32
    assert z.tolist() == [[6, 6, 6], [6, 6, 6]]
    x[:] = 5
    recording.run()
    assert z.tolist() == [[15, 15, 15], [15, 15, 15]]
    assert recording.computes(z)


def test_memory_that_is_free_is_used_again_within_a_recording_but_by_nobody_else() -> None:
    with Recording() as recording:
        first = empty((LARGE,), np.dtype(np.float32))
        place = first.ctypes.data
        performed(np.copyto, first, 1)
        del first
        second = empty((LARGE,), np.dtype(np.float32))
        assert second.ctypes.data == place
        performed(np.copyto, second, 2)
        del second
    outside = [empty((LARGE,), np.dtype(np.float32)) for _ in range(3)]
    assert place not in [a.ctypes.data for a in outside]
    for a in outside:
        a.fill(7)
    recording.run()
    assert all((a == 7).all() for a in outside)
    assert recording.pool.made <= LARGE * 4
