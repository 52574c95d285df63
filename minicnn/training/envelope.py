"""What is written around a configuration, in a file as in a folder: the format's name and a checksum of everything.

Formats: "minicnn-2" names arrays of weights by their layers ("weights/dense/kernel"), "minicnn-1" numbered them.
"""

from __future__ import annotations

import hashlib
import json
import math
from typing import Any

import numpy as np

from minicnn.errors import ArgumentError

FORMAT = "minicnn-2"
FORMATS = ("minicnn-1", FORMAT)


def sealed(arrays: dict[str, np.ndarray], config: Any) -> dict[str, Any]:
    """{"format", "sha256", "config"}, ready for JSON. Raises ArgumentError for a config that JSON could not hold."""
    try:
        json.dumps(config, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise ArgumentError(f"this cannot be saved, JSON does not hold it: {error}") from None
    return {"format": FORMAT, "sha256": digest(arrays, config), "config": config}


def is_ours(envelope: Any) -> bool:
    """Whether it is what `sealed` returned, now or in an earlier version."""
    return isinstance(envelope, dict) and envelope.get("format") in FORMATS


def digest(arrays: dict[str, np.ndarray], config: Any) -> str:
    """SHA-256 of the configuration and of each array with its name, element type and shape, in hexadecimal."""
    sha = hashlib.sha256(json.dumps(config, sort_keys=True).encode())
    for name in sorted(arrays):
        a = arrays[name]
        sha.update(f"\n{name} {a.dtype} {a.shape}\n".encode())
        sha.update(np.ascontiguousarray(a).data)
    return sha.hexdigest()


def strict_json(text: str | bytes) -> Any:
    """The value of a JSON text. Raises ValueError for what two readers could read differently, and for no JSON.

    Python's reader takes NaN, infinite numbers and names that come twice in one object.
    """
    return json.loads(text, object_pairs_hook=_each_once, parse_constant=_finite, parse_float=_finite)


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name comes twice in one object")
    return found


def _finite(text: str) -> float:
    if not math.isfinite(number := float(text)):
        raise ValueError(f"{text:.40} is no finite number")
    return number
