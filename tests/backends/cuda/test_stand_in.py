"""The stand-in has nothing that CuPy lacks. Importing CuPy takes no GPU: `pip install cupy-cuda12x` is enough."""

from __future__ import annotations

import inspect
from functools import partial
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from tests.backends.cuda.stand_in import stand_in


@pytest.fixture(autouse=True)
def _cupy() -> None:
    pytest.importorskip("cupy", reason="CuPy is not installed")


OWN = {
    *("cupy.launches", "cupy.machine"),  # for tests to look at
    "cupy.cublas",  # cannot be looked at without its library; version 14.2.0 was read
    "cupy.cuda.nvrtc",  # the same
}
OWN_METHODS = {"add", "work_until", "free", "mark", "timed", "simulated", "offset", "block"}


def members(thing: Any, path: str) -> dict[str, Any]:
    """What the stand-in offers, modules and name spaces unfolded."""
    found = {}
    for name, value in vars(thing).items():
        inner = f"{path}.{name}"
        if name.startswith("_") or inner in OWN:
            continue
        if isinstance(value, ModuleType | SimpleNamespace):
            found |= members(value, inner)
        else:
            found[inner] = value
    return found


def real(path: str) -> Any:
    import cupy

    thing: Any = cupy
    for name in path.split(".")[1:]:
        thing = getattr(thing, name)
    return thing


def test_all_of_it_is_in_cupy() -> None:
    offered = members(stand_in(), "cupy")
    assert len(offered) > 15
    for path, value in offered.items():
        theirs = real(path)
        kind = value.func if isinstance(value, partial) else value
        if isinstance(kind, type):
            public = {name for name in vars(kind) if not name.startswith("_")} - OWN_METHODS
            assert not {name for name in public if not hasattr(theirs, name)}, path


def test_signatures_that_python_can_tell() -> None:
    import cupy

    assert {"block", "disable_timing"} <= set(inspect.signature(cupy.cuda.Event.__init__).parameters)
    assert "non_blocking" in inspect.signature(cupy.cuda.Stream.__init__).parameters
    assert "stream" in inspect.signature(cupy.asnumpy).parameters


def test_arrays_over_given_memory() -> None:
    """What `on_cupy` asks of arrays, on CuPy's own over memory of the host that nobody touches."""
    import gc

    import cupy
    import numpy as np

    host = np.zeros(24, np.float32)
    held = cupy.cuda.UnownedMemory(host.ctypes.data, host.nbytes, host, 0)
    a = cupy.ndarray((6, 4), np.dtype(np.float32), memptr=cupy.cuda.MemoryPointer(held, 0))
    assert (a.data.ptr, a.data.mem.ptr, a.data.device_id) == (host.ctypes.data, host.ctypes.data, 0)
    assert (a.data + 16).ptr - a.data.ptr == 16
    assert gc.is_tracked(a)
    for view in (a[2:], a.reshape((4, 6)), a[::2]):
        assert view.base is a
        assert view.data.mem is held
    assert a.flags.c_contiguous
    assert not a[::2].flags.c_contiguous
    with pytest.raises(TypeError):
        np.asarray(a)
    assert issubclass(cupy.cuda.memory.OutOfMemoryError, MemoryError)


def test_what_numpys_functions_do_on_arrays_of_a_device_cupy_does_too() -> None:
    import cupy

    from minicnn.kernels.softgpu import array

    assert not [name for name in array._FUNCTIONS if not hasattr(cupy, name)]
    assert not [name for name in array._METHODS if not hasattr(cupy.ndarray, name)]
