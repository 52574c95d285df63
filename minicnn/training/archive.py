"""What models and checkpoints are saved in: arrays and a JSON configuration, in one safetensors file or in a folder.

One file, so that writing it is one rename: it is there whole or not at all. safetensors holds plain numbers and no
code. The configuration is the entry "minicnn" of its header, the only one, because several are written in an order that
changes from run to run: the same content is the same file. A SHA-256 over everything tells a flipped bit.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from minicnn.errors import CheckpointError, OutputError
from minicnn.files import as_path, write_whole
from minicnn.training.envelope import FORMAT, digest, is_ours, sealed, strict_json
from minicnn.training.folder import CONFIG, is_folder, read_folder, write_folder

_FOREIGN = {b"PK\x03\x04": "a zip, as Keras's .keras files are", b"\x89HDF\r\n\x1a\n": "HDF5, as Keras's .h5 files are"}


def write_archive(
    path: str | os.PathLike[str],
    arrays: dict[str, np.ndarray],
    config: dict[str, Any],
    folder: bool | None = None,
    overwrite: bool = True,
) -> None:
    """Writes arrays and config to `path`, replacing what was there in one step.

    folder: whether to write a folder rather than a file; left out, whether `path` is one or ends in "/".
    Raises OutputError, also if something is there that is not to be overwritten, and ArgumentError for a config that
    JSON could not hold.
    """
    folder = is_folder(path) if folder is None else folder
    if not overwrite and os.path.exists(as_path(path) / CONFIG if folder else path):
        raise OutputError(f"cannot write {path}: it exists; overwrite=True replaces it")
    arrays = {name: np.asarray(a, order="C") for name, a in arrays.items()}
    envelope = sealed(arrays, config)
    if folder:
        write_folder(path, arrays, envelope)
    else:
        write_whole(path, save(arrays, metadata={"minicnn": json.dumps(envelope)}))


def read_archive(path: str | os.PathLike[str]) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The arrays and the config. Raises CheckpointError for what is missing, damaged or of another kind."""
    path = as_path(path)
    in_folder = os.path.isdir(path)  # os.path answers False, where Path raises, for what is no path at all
    if not in_folder and not os.path.isfile(path):
        raise CheckpointError(f"{path} is not a file" if os.path.exists(path) else f"there is no file {path}")
    try:
        arrays, envelope = read_folder(path) if in_folder else _read_file(path)
        intact = digest(arrays, envelope["config"]) == envelope["sha256"]
    except CheckpointError:
        raise
    # AttributeError: an element type that NumPy lacks.
    except (SafetensorError, OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise CheckpointError(
            f"{path} is not a readable minicnn file ({_kind(path) or error}): it is damaged, cut short, or something "
            "else; use another copy"
        ) from None
    if not intact:
        raise CheckpointError(f"{path} is damaged: its content does not match its checksum; use another copy")
    return arrays, envelope["config"]


def _read_file(path: Path) -> tuple[dict[str, np.ndarray], Any]:
    with safe_open(str(path), framework="numpy") as file:
        envelope = strict_json((file.metadata() or {}).get("minicnn", "{}"))
        if not is_ours(envelope):
            raise CheckpointError(f"{path} is a safetensors file, but not one of minicnn's ({FORMAT})")
        return {name: file.get_tensor(name) for name in file.keys()}, envelope  # noqa: SIM118 (no dict)


def _kind(path: Path) -> str | None:
    """What a file that people take for one of ours often is."""
    if not os.path.isfile(path):
        return None
    with open(path, "rb") as file:
        start = file.read(8)
    return next((kind for magic, kind in _FOREIGN.items() if start.startswith(magic)), None)
