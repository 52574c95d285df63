"""Programs as students of a Keras course write them, run on one library or the other, and what they saw.

The programs are in the folder `programs`. Each imports `keras`; `begin(model)` gives a model the weights that both
libraries begin with, and what is to be compared stands in `seen` at the end. NumPy is all that this file needs.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).parent / "programs"
PROGRAMS = sorted(path.stem for path in FOLDER.glob("*.py"))
RESULTS = FOLDER.parent / "keras_results.json"


def pictures() -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """(96, 28, 28) and (32, 28, 28) pictures that pass for MNIST: the label says where the light is."""
    rng = np.random.default_rng(1)
    labels = np.tile(np.arange(10), 13)[:128].astype("uint8")
    images = rng.integers(0, 100, (128, 28, 28))
    for image, label in zip(images, labels, strict=True):
        image[2 * label : 2 * label + 8] += 150
    images = images.astype("uint8")
    return (images[:96], labels[:96]), (images[96:], labels[96:])


def begin(model: Any) -> None:
    """Kernels around zero; biases, scales and variances above it."""
    rng = np.random.default_rng(7)
    starts = [rng.random(w.shape) * 0.4 + (0.3 if w.ndim < 2 else -0.2) for w in model.get_weights()]
    model.set_weights([start.astype("float32") for start in starts])


def for_minicnn(code: str) -> str:
    """The program with nothing but its imports changed."""
    code = re.sub(r"^import keras$", "import minicnn as keras", code, flags=re.MULTILINE)
    return re.sub(r"^from (keras|torch)\b", "from minicnn", code, flags=re.MULTILINE)


def run(name: str, change: Any = lambda code: code) -> dict[str, Any]:
    """What the program saw, ready for JSON. It runs in the current folder, and writes there."""
    path = FOLDER / f"{name}.py"
    names: dict[str, Any] = {"begin": begin, "__name__": name}
    exec(compile(change(path.read_text(encoding="utf-8")), str(path), "exec"), names)
    seen: dict[str, Any] = plain(names["seen"])
    return seen


def plain(value: Any) -> Any:
    """Arrays and tuples as lists, NumPy's numbers as Python's. Things of a library's own stay: they are no JSON."""
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    if isinstance(value, np.ndarray):
        return {"dtype": str(value.dtype), "values": value.tolist()}
    return value


def differences(found: Any, expected: Any, place: str = "") -> list[str]:
    """Where they differ: in structure, in the type of a number, or by more than what float32 explains."""
    if isinstance(expected, dict) and isinstance(found, dict):
        lost = [f"{place}: {name!r} is missing" for name in expected if name not in found]
        more = [f"{place}: {name!r} is too much" for name in found if name not in expected]
        both = [name for name in expected if name in found]
        return lost + more + [d for name in both for d in differences(found[name], expected[name], f"{place} {name}")]
    if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        pairs = enumerate(zip(found, expected, strict=True))
        return [d for i, (f, e) in pairs for d in differences(f, e, f"{place}[{i}]")]
    if type(found) is float and type(expected) is float:
        return [] if abs(found - expected) <= 2e-3 * (1 + abs(expected)) else [f"{place}: {found} for {expected}"]
    return [] if type(found) is type(expected) and found == expected else [f"{place}: {found!r} for {expected!r}"]
