"""Which backend computes: the one of the device where the arrays live, and for arrays in main memory the chosen one.

Chosen by `use_backend`, or `MINICNN_BACKEND`, or the default.
"""

from __future__ import annotations

import difflib
import importlib
import os
import warnings
from contextvars import ContextVar
from functools import cache
from typing import Any

import numpy as np

from minicnn.backends.contract import Backend
from minicnn.errors import BackendError

DEFAULT = "numba"
_SPARE = "numpy"  # computes, and says so, where the default cannot

# Name -> the module that implements the contract, or that has a function `load` which returns who does. A module is
# imported when its backend first computes: importing minicnn must not wait for Numba.
_MODULES = {
    "numpy": "minicnn.backends.numpy",
    "numba": "minicnn.backends.numba",
    "cuda": "minicnn.backends.cuda.on_cupy",
    "cuda-sim": "minicnn.backends.cuda.on_simulator",
}

HOST = "cpu"  # main memory

# The package that an array's type comes from -> the backend whose device it lives on. Everything else is NumPy's.
_DEVICES = {"cupy": "cuda", "minicnn.kernels.softgpu": "cuda-sim"}

_chosen: ContextVar[Backend | None] = ContextVar("backend", default=None)


class use_backend:
    """Chooses the backend for what follows: `use_backend("numpy")`, or for a block: `with use_backend("numpy"):`.

    Raises BackendError if there is no backend of that name, or if it cannot run here; the message says why.
    """

    def __init__(self, name: str) -> None:
        self._before = _chosen.get()
        _chosen.set(_load(name))

    def __enter__(self) -> use_backend:
        return self

    def __exit__(self, *_: object) -> None:
        _chosen.set(self._before)


def current_backend() -> Backend:
    """The backend that computes now."""
    chosen = _chosen.get()
    if chosen is None:
        named = os.environ.get("MINICNN_BACKEND")
        chosen = _load(named) if named else _load_default()
        _chosen.set(chosen)
    return chosen


def backend_for(*arrays: Any) -> Backend:
    """The backend for these arrays: that of the device where one of them lives, or else the one that was chosen."""
    for a in arrays:
        if type(a) is not np.ndarray and (device := device_of(a)) != HOST:
            return backend_on(device)
    return current_backend()


def device_of(array: Any) -> str:
    """Where an array lives: "cpu" for main memory, "cuda" or "cuda-sim"."""
    kind: Any = type(array)
    return HOST if kind is np.ndarray else _device_of(kind)


@cache
def _device_of(kind: Any) -> str:
    found = (device for package, device in _DEVICES.items() if f"{kind.__module__}.".startswith(f"{package}."))
    return next(found, HOST)


def backend_on(device: str) -> Any:
    """The backend of a device, "cuda" or "cuda-sim". Raises BackendError, saying why, where it is missing."""
    chosen: Any = _chosen.get()
    return chosen if chosen is not None and chosen.name == device else _load(device)


def chosen_device() -> str:
    """Where the chosen backend's arrays live: "cpu", or its own name if it computes on a device."""
    name = current_backend().name
    return name if name in _DEVICES.values() else HOST


def status() -> dict[str, str | None]:
    """Every known backend, with None if it can be used and otherwise the reason why not."""
    return {name: _reason_against(name) for name in _MODULES}


def _load(name: str) -> Backend:
    if name not in _MODULES:
        near = difflib.get_close_matches(str(name), _MODULES, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise BackendError(f"there is no backend {name!r}, only {sorted(_MODULES)}{hint}")
    if reason := _reason_against(name):
        raise BackendError(f"backend {name!r} cannot be used: {reason}; use one of {sorted(_usable())}")
    return _loaded(name)


def _load_default() -> Backend:
    reason = _reason_against(DEFAULT)
    if reason is None:
        return _load(DEFAULT)
    warnings.warn(f"the slow backend {_SPARE!r} computes, since {DEFAULT!r} cannot: {reason}", stacklevel=4)
    return _load(_SPARE)


def _usable() -> list[str]:
    return [name for name in _MODULES if _reason_against(name) is None]


@cache
def _reason_against(name: str) -> str | None:
    """Why the backend cannot be used here, None if it can."""
    try:
        _loaded(name)
    except ImportError as error:
        return f"{error}; see that {error.name or 'what it needs'} is installed, e.g. with pip install minicnn"
    except BackendError as error:
        return str(error)
    return None


@cache
def _loaded(name: str) -> Any:
    """The backend. Raises ImportError or BackendError where it cannot be used."""
    module = importlib.import_module(_MODULES[name])
    return module.load() if hasattr(module, "load") else module
