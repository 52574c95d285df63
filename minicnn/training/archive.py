"""The file that models and checkpoints are saved in: arrays and a JSON configuration, in one safetensors file.

One file, so that writing it is one rename: it is there whole or not at all. safetensors holds plain numbers and no
code. The configuration is the entry "minicnn" of its header, the only one, because several are written in an order that
changes from run to run: the same content is the same file. A SHA-256 over everything tells a flipped bit.
"""

from __future__ import annotations

import hashlib
import json
import os
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from minicnn.errors import CheckpointError
from minicnn.files import as_path, write_whole

FORMAT = "minicnn-1"


def write_archive(path: str | os.PathLike[str], arrays: dict[str, np.ndarray], config: dict[str, Any]) -> None:
    """Writes arrays and config to `path`, replacing what was there in one step. Raises OutputError."""
    arrays = {name: np.asarray(a, order="C") for name, a in arrays.items()}
    envelope = {"format": FORMAT, "sha256": _digest(arrays, config), "config": config}
    write_whole(path, save(arrays, metadata={"minicnn": json.dumps(envelope, allow_nan=False)}))


def read_archive(path: str | os.PathLike[str]) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The arrays and the config. Raises CheckpointError for a file that is missing, damaged or of another kind."""
    path = as_path(path)
    if not os.path.isfile(path):  # os.path answers False, where Path raises, for what is no path at all
        raise CheckpointError(f"{path} is not a file" if os.path.exists(path) else f"there is no file {path}")
    try:
        with safe_open(str(path), framework="numpy") as file:
            envelope = json.loads((file.metadata() or {}).get("minicnn", "{}"))
            if not isinstance(envelope, dict) or envelope.get("format") != FORMAT:
                raise CheckpointError(f"{path} is a safetensors file, but not one of minicnn's ({FORMAT})")
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no dict)
        intact = _digest(arrays, envelope["config"]) == envelope["sha256"]
    except CheckpointError:
        raise
    # AttributeError: an element type that NumPy lacks.
    except (SafetensorError, OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise CheckpointError(
            f"{path} is not a readable minicnn file ({error}): it is damaged, cut short, or something else; "
            "use another copy"
        ) from None
    if not intact:
        raise CheckpointError(f"{path} is damaged: its content does not match its checksum; use another copy")
    return arrays, envelope["config"]


def _digest(arrays: dict[str, np.ndarray], config: Any) -> str:
    sha = hashlib.sha256(json.dumps(config, sort_keys=True).encode())
    for name in sorted(arrays):
        a = arrays[name]
        sha.update(f"\n{name} {a.dtype} {a.shape}\n".encode())
        sha.update(np.ascontiguousarray(a).data)
    return sha.hexdigest()
