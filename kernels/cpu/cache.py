"""Compiled kernels kept between processes, so that a machine compiles each of them once.

Two kinds of things are kept, both in the user's cache folder: object files of micro-kernels (`stored`, `store`) and
what Numba compiles (`KernelCache`). A cache may be missing, full, read-only, damaged, or written by two processes at
once: then a kernel is compiled again, and nothing else happens. Files are written beside their place and moved there,
so that nobody ever reads half of one.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import platformdirs
from numba.core.caching import CompileResultCacheImpl, FunctionCache

from minicnn.kernels.announcement import announce_compiling

VARIABLE = "MINICNN_KERNEL_CACHE"
"""The environment variable that names another folder."""

_DIGEST = 32  # bytes of SHA-256 in front of every object file: executing a damaged one would crash the process


@cache
def folder() -> Path:
    """Where compiled kernels lie: $MINICNN_KERNEL_CACHE, or the user's cache folder by the platform's rules."""
    given = os.environ.get(VARIABLE)
    return Path(given) if given else Path(platformdirs.user_cache_dir("minicnn", appauthor=False)) / "kernels"


def stored(name: str) -> bytes | None:
    """The object file that was stored under `name`; None if there is none, or a damaged one."""
    try:
        content = (folder() / name).read_bytes()
    except OSError:
        return None
    digest, data = content[:_DIGEST], content[_DIGEST:]
    return data if hashlib.sha256(data).digest() == digest else None


def store(name: str, data: bytes) -> None:
    """Keeps an object file, if the folder lets us."""
    beside = None
    try:
        folder().mkdir(parents=True, exist_ok=True)
        handle, beside = tempfile.mkstemp(dir=folder(), prefix=name)
        with os.fdopen(handle, "wb") as file:
            file.write(hashlib.sha256(data).digest() + data)
        os.replace(beside, folder() / name)
    except OSError:
        if beside is not None and os.path.exists(beside):
            os.unlink(beside)


@cache
def _source_stamp() -> str:
    """A hash of every file here and below: kernels call each other across files, so any change makes all stale."""
    files = sorted(Path(__file__).parent.rglob("*.py"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


class _Locator:
    """Tells Numba's cache where a function's compiled form lies, and when it is stale."""

    def __init__(self, line: int) -> None:
        self._line = line

    @classmethod
    def from_function(cls, function: Any, file: str) -> _Locator:
        return cls(function.__code__.co_firstlineno)

    def get_cache_path(self) -> str:
        return str(folder())

    def ensure_cache_path(self) -> None:
        folder().mkdir(parents=True, exist_ok=True)

    def get_source_stamp(self) -> str:
        return _source_stamp()

    def get_disambiguator(self) -> str:
        return str(self._line)


class _Implementation(CompileResultCacheImpl):
    _locator_classes = [_Locator]  # noqa: RUF012  (Numba's name and type)


class KernelCache(FunctionCache):
    """Numba's cache in our folder, that never fails: what cannot be read or kept is compiled again."""

    _impl_class = _Implementation

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The compiled form, or None."""
        try:
            found = super().load_overload(sig, target_context)
        except Exception:  # a damaged file can raise anything while it is being read
            found = None
        if found is None:
            announce_compiling()
        return found

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keeps the compiled form if possible."""
        try:
            super().save_overload(sig, data)
        except Exception:  # a full disk, a read-only folder, a damaged index
            return
