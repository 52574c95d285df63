"""CUDA C kernels, one family a file, and how their text becomes a program for one dtype.

The files are written in `Real`, which stands for float or double, and include their headers by name. `source` puts
both in place, so that a compiler of any kind (NVRTC, nvcc, g++ for the software GPU) gets one plain text in which every
`extern "C"` kernel shows the true types of its parameters.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
FAMILIES = (
    *("batch_norm", "convolution", "cross_entropy", "depthwise", "dropout", "elementwise"),
    *("matmul", "patches", "pooling", "soft_activations", "softmax", "sums", "updates"),
)
TILED = "convolution", "matmul"
"""The families that are made of tiles (tiles.cuh), and so come in variants."""

VARIANTS = {
    "": {"VECTORS": False, "LARGE": False, "TENSOR_CORES": False},
    "vectors": {"VECTORS": True, "LARGE": False, "TENSOR_CORES": False},
    "large": {"VECTORS": True, "LARGE": True, "TENSOR_CORES": False},
    "tf32": {"VECTORS": True, "LARGE": True, "TENSOR_CORES": True},
}
"""How tiles are done -> the constants of tiles.cuh that say so. The first takes any shape; the last only float32."""

PROGRAMS = tuple(
    f"{family}.{variant}" if variant else family
    for family in FAMILIES
    for variant in (VARIANTS if family in TILED else ("",))
)
"""All that can be compiled: every family, those in tiles once for each variant ("matmul", "matmul.vectors", ...)."""

REALS = {"float32": "float", "float64": "double"}
"""NumPy's name of a dtype -> CUDA C's name of the type."""

BUILDS = tuple(
    (program, dtype) for program in PROGRAMS for dtype in REALS if dtype == "float32" or not program.endswith(".tf32")
)
"""Every program with every dtype that it can be compiled for."""

WINDOW_PARAMETERS = (
    *("height", "width", "out_height", "out_width", "size_h", "size_w"),
    *("stride_h", "stride_w", "dilation_h", "dilation_w", "top", "left"),
)
"""What WINDOW_PARAMETERS stands for in a kernel's parameter list: whole numbers (int), in this order."""

_INCLUDE = re.compile(r'^#include "(\w+\.cuh)"\n', re.MULTILINE)


@cache
def source(program: str, dtype: str) -> str:
    """The text of one of `PROGRAMS` for one dtype ("float32" or "float64"), headers included."""
    family, _, variant = program.partition(".")
    included: set[str] = set()
    text = re.sub(r"\bReal\b", REALS[dtype], _read(f"{family}.cu", included))
    text = re.sub(r"\bWINDOW_PARAMETERS\b(?=[,)])", ", ".join(f"int {name}" for name in WINDOW_PARAMETERS), text)
    return _constants(variant) + text if family in TILED else text


def _constants(variant: str) -> str:
    """A variant as the text in front of its program."""
    return "".join(f"#define {name} {str(value).lower()}\n" for name, value in VARIANTS[variant].items())


def _read(name: str, included: set[str]) -> str:
    """A file with its headers in place, each of them once; #line keeps the numbers that compilers complain with."""

    def header(match: re.Match[str]) -> str:
        if match[1] in included:
            return "\n"
        included.add(match[1])
        after = text[: match.end()].count("\n") + 1
        return f'{_read(match[1], included)}#line {after} "{name}"\n'

    text = (FOLDER / name).read_text(encoding="utf-8")
    return f'#line 1 "{name}"\n{_INCLUDE.sub(header, text)}'
