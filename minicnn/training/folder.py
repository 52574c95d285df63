"""The folder that models can be saved in: `config.json`, and the arrays in safetensors files that anybody can read.

Renaming replaces a file in one step, but not a folder. So the files of arrays carry the checksum in their names, and
config.json, which holds it, is written last: until then it belongs to the old ones, afterwards to the new. Whoever is
killed meanwhile leaves the old model or the new one, and files that the next saving removes.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save

from minicnn.errors import CheckpointError, OutputError
from minicnn.files import as_path, write_whole
from minicnn.training.envelope import is_ours, strict_json

CONFIG = "config.json"
PARTS = ("weights", "optimizer")  # what names of arrays begin with: "weights/dense/kernel"
_OURS = re.compile(rf"({'|'.join(PARTS)})-[0-9a-f]{{16}}\.safetensors")
_HALF = re.compile(rf"\.({re.escape(CONFIG)}|{_OURS.pattern})\.\w+\.tmp")


def is_folder(path: Any) -> bool:
    """Whether a path means a folder: it is one, or ends like one, "model/"."""
    return os.path.isdir(as_path(path)) or str(path).endswith(("/", os.sep))


def write_folder(path: str | os.PathLike[str], arrays: dict[str, np.ndarray], envelope: dict[str, Any]) -> None:
    """Writes the files, config.json last, and removes those of the model that it replaces. Raises OutputError."""
    path = as_path(path)
    _need_place(path)
    for part in PARTS:
        members = {name.removeprefix(f"{part}/"): a for name, a in arrays.items() if name.startswith(f"{part}/")}
        if members:
            write_whole(path / _file(part, envelope["sha256"]), save(members))
    write_whole(path / CONFIG, (json.dumps(envelope, indent=2, allow_nan=False) + "\n").encode())
    _sweep(path, envelope["sha256"])


def read_folder(path: Path) -> tuple[dict[str, np.ndarray], Any]:
    """The arrays and the envelope, not checked against one another.

    Raises CheckpointError if no model was saved there; OSError, ValueError, SafetensorError for what cannot be read.
    """
    if not os.path.isfile(path / CONFIG):
        raise CheckpointError(f"{path} is a folder in which no model was saved: it has no {CONFIG}")
    envelope = strict_json((path / CONFIG).read_bytes())
    if not is_ours(envelope):
        run = isinstance(envelope, dict) and "settings" in envelope
        raise CheckpointError(
            f"{path} is the folder of a run: its models are best.minicnn and last.minicnn"
            if run
            else f"{path / CONFIG} is not one of minicnn's"
        )
    checksum = envelope["sha256"]
    if not isinstance(checksum, str) or not re.fullmatch("[0-9a-f]{64}", checksum):
        raise ValueError("its checksum is none")
    arrays: dict[str, np.ndarray] = {}
    for part in PARTS:
        file = path / _file(part, checksum)
        if os.path.isfile(file):
            with safe_open(str(file), framework="numpy") as members:
                arrays |= {f"{part}/{name}": members.get_tensor(name) for name in members.keys()}  # noqa: SIM118
    return arrays, envelope


def _file(part: str, checksum: str) -> str:
    return f"{part}-{checksum[:16]}.safetensors"


def _need_place(path: Path) -> None:
    """Raises OutputError if a config.json lies there that is somebody else's."""
    if not os.path.exists(path / CONFIG):
        return
    try:
        ours = is_ours(strict_json((path / CONFIG).read_bytes()))
    except (OSError, ValueError, RecursionError):
        ours = False
    if not ours:
        raise OutputError(f"cannot write {path}: its {CONFIG} is not of a saved model; choose another folder")


def _sweep(path: Path, checksum: str) -> None:
    """Removes arrays of the model that was there before, and what killed writers left."""
    kept = {_file(part, checksum) for part in PARTS}
    for name in os.listdir(path):
        if (_OURS.fullmatch(name) and name not in kept) or _HALF.fullmatch(name):
            with contextlib.suppress(OSError):  # it is in nobody's way
                os.unlink(path / name)
