"""`.npz` files whose bytes depend on their arrays alone, read back without pickle.

`write` and `read` keep groups of small named arrays, each group as one flat float64 array (an entry of its own for each
array would double the file), with the names and shapes, and whatever else describes the group, as JSON beside them.
"""

from __future__ import annotations

import io
import json
import os
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).parent
MIDNIGHT_1980 = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip file can tell; np.savez would write the present


@dataclass(frozen=True)
class Group:
    """Float64 arrays that belong together, and what is said about them (anything that JSON holds)."""

    arrays: dict[str, np.ndarray]
    about: dict[str, Any] = field(default_factory=dict)


def write(path: Path, groups: dict[str, Group]) -> None:
    """The whole file or none of it."""
    index = {
        name: {"about": group.about, "shapes": {key: array.shape for key, array in group.arrays.items()}}
        for name, group in groups.items()
    }
    entries = {"index": np.frombuffer(json.dumps(index).encode(), np.uint8)}
    for name, group in groups.items():
        entries[name] = np.concatenate([np.ravel(a).astype(np.float64) for a in group.arrays.values()])
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, array in entries.items():
            npy = io.BytesIO()
            np.lib.format.write_array(npy, array, allow_pickle=False)
            info = zipfile.ZipInfo(f"{name}.npy", MIDNIGHT_1980)
            archive.writestr(info, npy.getvalue(), zipfile.ZIP_DEFLATED, compresslevel=9)
    temporary = path.with_name(f"{path.name}.part")
    temporary.write_bytes(buffer.getvalue())
    os.replace(temporary, path)


def read(path: Path) -> dict[str, Group]:
    """What `write` was given."""
    groups = {}
    with np.load(path, allow_pickle=False) as archive:
        for name, entry in json.loads(archive["index"].tobytes()).items():
            shapes = {key: tuple(shape) for key, shape in entry["shapes"].items()}
            ends = np.cumsum([np.prod(shape, dtype=int) for shape in shapes.values()])
            parts = np.split(archive[name], ends[:-1])
            arrays = {key: part.reshape(shape) for part, (key, shape) in zip(parts, shapes.items(), strict=True)}
            groups[name] = Group(arrays, entry["about"])
    return groups
