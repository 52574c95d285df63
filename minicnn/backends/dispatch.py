"""Which backend computes: chosen by `use_backend`, or `MINICNN_BACKEND`, or the default."""

from __future__ import annotations

import difflib
import importlib
import os
from contextvars import ContextVar
from typing import Any

from minicnn.backends.contract import Backend
from minicnn.errors import BackendError

DEFAULT = "numpy"
# Name -> the module that implements the contract, or the reason why this version has none.
_MODULES = {"numpy": "minicnn.backends.numpy"}
_ABSENT = {
    "numba": "not part of this version: the fast CPU path is being built",
    "cuda": "not part of this version: the GPU path is being built",
}

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
        chosen = _load(os.environ.get("MINICNN_BACKEND") or DEFAULT)
        _chosen.set(chosen)
    return chosen


def backend_for(*arrays: Any) -> Backend:
    """The backend for these arrays. They all live in main memory so far, so it is the one that was chosen."""
    return current_backend()


def status() -> dict[str, str | None]:
    """Every known backend, with None if it can be used and otherwise the reason why not."""
    return {**dict.fromkeys(_MODULES), **_ABSENT}


def _load(name: str) -> Backend:
    if name in _ABSENT:
        raise BackendError(f"backend {name!r} cannot be used: {_ABSENT[name]}; use one of {sorted(_MODULES)}")
    if name not in _MODULES:
        near = difflib.get_close_matches(str(name), _MODULES, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise BackendError(f"there is no backend {name!r}, only {sorted(_MODULES)}{hint}")
    return importlib.import_module(_MODULES[name])
