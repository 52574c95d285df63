"""`minicnn doctor`: what is installed, who computes, and how well this machine is used."""

from __future__ import annotations

import os
import platform
import sys
import tempfile
from importlib import metadata
from pathlib import Path

import click
from rich.table import Table

import minicnn
from minicnn import backends
from minicnn.cli.console import plain_console
from minicnn.datasets.places import cache_folder
from minicnn.errors import BackendError

NUMPY_OPERATORS = (
    *("absolute", "divide", "exp", "log", "matmul", "multiply", "negative", "power", "sqrt", "subtract"),
    *("max", "mean", "sum", "maximum", "minimum"),
    *("getitem", "reshape", "transpose", "upsample2d"),
    *("binary_cross_entropy", "cross_entropy", "log_softmax", "prelu"),
)
"""Operators that are NumPy code on every backend: none has a kernel."""

NUMPY_LAYERS = (
    *("Cropping1D", "Cropping2D", "GaussianDropout", "Permute", "PReLU", "RepeatVector"),
    *("UpSampling1D", "UpSampling2D"),
)
"""Layers that are made of those alone. Flatten, Reshape and Identity are as well, but only look at the same memory."""

NUMPY_ELSEWHERE = (
    "losses other than crossentropies from_logits over classes",
    "metrics",
    "clipping and weight decay",
    "layers and functions that prepare or augment pictures",
)


@click.command()
def doctor() -> None:
    """Versions, backends (and why one is missing), what is accelerated, threads, kernel cache, data folders."""
    from threadpoolctl import threadpool_info  # type: ignore[import-untyped]

    table = Table(show_header=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    table.add_row("minicnn", minicnn.__version__)
    table.add_row("Python", f"{platform.python_version()} ({sys.executable})")
    table.add_row("machine", f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors")
    for package in ("numpy", "numba", "llvmlite", "pillow", "safetensors", "matplotlib"):
        table.add_row(package, _version(package))
    table.add_section()
    try:
        in_use = backends.current_backend().name
    except BackendError as error:  # MINICNN_BACKEND names none: that is for the doctor to say
        in_use = f"none: {error}"
    for name, reason in backends.status().items():
        table.add_row(f"backend {name}", "ready" if reason is None else f"missing: {reason}")
    table.add_row("backend in use", in_use)
    table.add_section()
    if backends.status()["cuda"] is None:
        for name, words in _gpu().items():
            table.add_row(name, words)
        table.add_section()
    if backends.status()["numba"] is None:
        for name, words in _kernels().items():
            table.add_row(name, words)
        table.add_section()
    for pool in threadpool_info():
        kernels = f", {pool['architecture']} kernels" if "architecture" in pool else ""
        table.add_row(
            f"threads of {pool['internal_api']}", f"{pool['num_threads']} (version {pool['version']}{kernels})"
        )
    table.add_section()
    table.add_row("data folder MINICNN_DATA", os.environ.get("MINICNN_DATA", "not set"))
    table.add_row("cache folder", str(cache_folder()))
    plain_console().print(table)


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return f"missing: pip install {package}"


def _gpu() -> dict[str, str]:
    """The GPU that computes, and where its compiled kernels are kept."""
    from minicnn.backends.cuda.on_cupy import kernel_folder
    from minicnn.backends.dispatch import backend_on

    return {"GPU": backend_on("cuda").device.describe(), "kernels of the GPU": str(kernel_folder())}


def _kernels() -> dict[str, str]:
    """What the numba backend compiles for, where it keeps it, and what it leaves to NumPy."""
    from minicnn.kernels.cpu import machine, threads  # brings in Numba

    size, count = machine.vector_registers()
    return {
        "kernels are for": f"{machine.cpu()[0]}, {count} vector registers of {8 * size} bits",
        "kernel threads": f"{backends.get_num_threads()} of at most {threads.exclusive.limit}, layer {threads.layer()}",
        "kernel cache": _kernel_cache(),
        "left to NumPy: operators": ", ".join(NUMPY_OPERATORS),
        "left to NumPy: layers": ", ".join(NUMPY_LAYERS),
        "left to NumPy: also": ", ".join(NUMPY_ELSEWHERE),
    }


def _kernel_cache() -> str:
    """The folder, whether it can be written to, and how much is in it."""
    from minicnn.kernels.cpu import cache

    folder = cache.folder()
    sizes = [file.stat().st_size for file in folder.iterdir() if file.is_file()] if _is_readable(folder) else []
    if sizes:
        content = f"{len(sizes)} files, {sum(sizes) / 1e6:.1f} MB"
    else:
        content = "empty: kernels are compiled when they are first used"
    return f"{folder} ({content}; {_writable(folder)})"


def _is_readable(folder: Path) -> bool:
    return folder.is_dir() and os.access(folder, os.R_OK | os.X_OK)


def _writable(folder: Path) -> str:
    """Tried, not read from permissions: disks are full, and mounts read-only."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"kernel")
    except OSError as error:
        return f"cannot be written to, so that every process compiles anew: {error.strerror or error}"
    return "writable"
