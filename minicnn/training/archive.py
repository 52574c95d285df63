"""The file that models and checkpoints are saved in: arrays and a JSON configuration, in one safetensors file.

One file, so that writing it is one rename: it is there whole or not at all. safetensors holds plain numbers and no
code. The configuration is the entry "minicnn" of its header; a SHA-256 over everything tells a flipped bit.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from minicnn.errors import CheckpointError, OutputError

FORMAT = "minicnn-1"


def write_archive(path: str | os.PathLike[str], arrays: dict[str, np.ndarray], config: dict[str, Any]) -> None:
    """Writes arrays and config to `path`, replacing what was there in one step. Raises OutputError."""
    text = json.dumps(config, allow_nan=False)
    arrays = {name: np.ascontiguousarray(a) for name, a in arrays.items()}
    header = {"format": FORMAT, "minicnn": text, "sha256": _digest(arrays, text)}
    write_whole(path, save(arrays, metadata=header))


def write_whole(path: str | os.PathLike[str], content: bytes) -> None:
    """Writes a file in one step: to a temporary file beside it, flushed to the disk, then renamed.

    Whoever is killed meanwhile leaves the old file as it was. Raises OutputError if the place cannot be written to.
    """
    path = Path(path)
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
    except OSError as error:
        raise OutputError(
            f"cannot write {path}: {error.strerror or error}; choose another place or make room"
        ) from None
    finally:
        if temporary is not None:
            with contextlib.suppress(FileNotFoundError):  # after the rename it is gone, as it should be
                os.unlink(temporary)


def read_archive(path: str | os.PathLike[str]) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The arrays and the config. Raises CheckpointError for a file that is missing, damaged or of another kind."""
    path = Path(path)
    if not path.is_file():
        raise CheckpointError(f"there is no file {path}" if not path.exists() else f"{path} is not a file")
    try:
        with safe_open(str(path), framework="numpy") as file:
            header = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no dict)
    except (SafetensorError, OSError, ValueError, TypeError, KeyError) as error:
        raise CheckpointError(
            f"{path} is not a readable minicnn file ({error}): it is damaged, cut short, or something else; "
            "use another copy"
        ) from None
    if header.get("format") != FORMAT:
        raise CheckpointError(
            f"{path} is a safetensors file, but not one of minicnn's (format {header.get('format')!r}, not {FORMAT!r})"
        )
    text = header.get("minicnn", "")
    if _digest(arrays, text) != header.get("sha256"):
        raise CheckpointError(f"{path} is damaged: its content does not match its checksum; use another copy")
    try:
        config = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{path}: its configuration is not JSON ({error})") from None
    return arrays, config


def _digest(arrays: dict[str, np.ndarray], text: str) -> str:
    sha = hashlib.sha256(text.encode())
    for name in sorted(arrays):
        a = arrays[name]
        sha.update(f"\n{name} {a.dtype} {a.shape}\n".encode())
        sha.update(np.ascontiguousarray(a).data)
    return sha.hexdigest()


def _umask() -> int:
    """What new files may not allow: a temporary file starts out private, the finished one must not."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
