"""Files that are there whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import Any

from minicnn.errors import ArgumentError, OutputError


def write_whole(path: str | os.PathLike[str], content: bytes) -> None:
    """Writes a file in one step: to a temporary file beside it, flushed to the disk, then renamed.

    Whoever is killed meanwhile leaves the old file as it was. Raises OutputError if the place cannot be written to.
    """
    path = as_path(path)
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or error
        raise OutputError(f"cannot write {path}: {reason}; choose another place or make room") from None
    finally:
        if temporary is not None:
            with contextlib.suppress(FileNotFoundError):  # after the rename it is gone, as it should be
                os.unlink(temporary)


def as_path(path: Any) -> Path:
    """A Path. Raises ArgumentError for what is none."""
    try:
        return Path(path)
    except TypeError:
        raise ArgumentError(f"path must be a string or a Path, got {path!r:.80}") from None


def _umask() -> int:
    """What new files may not allow: a temporary file starts out private, the finished one must not."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
