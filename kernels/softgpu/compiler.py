"""From CUDA C to a shared library, by g++, kept in the user's cache folder."""

from __future__ import annotations

import atexit
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path

from minicnn.kernels.softgpu.errors import CompileError, CompilerMissing
from minicnn.kernels.softgpu.module import MODES, Module
from minicnn.kernels.softgpu.signature import Parameter, dynamic_arrays, kernels

RUNTIME = Path(__file__).parent / "runtime"
_BY_MODE = {
    "fast": ["-O2"],
    # The sanitizers' instrumentation, but not their libraries: the hooks are ours (runtime/hooks.cpp).
    "check": ["-O1", "-fno-tree-sra", "-fsanitize=thread", "-fsanitize=bounds", "-fsanitize=object-size"],
    # Loads stay where they are written: sunk into a branch, they would be counted for some of the lanes only.
    "prof": ["-O2", "-fno-tree-vectorize", "-fno-tree-sra", "-fno-tree-sink", "-fsanitize=thread"],
}
_COMMON = ["-std=c++17", "-fPIC", "-g1", "-gdwarf-4", "-fno-optimize-sibling-calls"]
_COMMON += ["-march=native", "-ffp-contract=fast"]  # contracted to FMA, as nvcc does
# A large frame is probed page by page, so that it meets the guard page of its stack.
_KERNEL = ["-x", "c++", "-include", "cuda.h", f"-I{RUNTIME}", "-fno-extern-tls-init", "-fstack-clash-protection"]
_KERNEL += ["-fno-gnu-unique"]  # shared memory in an inline function is each module's own, not the first one's
_KERNEL += ["-Wall", "-Wno-unknown-pragmas", "-Wno-unused"]
_INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)


def compile(
    source: str | Path, *, mode: str = "fast", name: str | None = None, defines: Mapping[str, object] | None = None
) -> Module:
    """The kernels of a source, ready to be launched.

    source: a path, or the text itself. mode: "fast"; "check": every access is checked; "prof":
    they are counted, see `Module.traffic`. name: how messages call a
    text. defines: macros, as by -D. Raises CompilerMissing, CompileError with g++'s message, OSError for a file that
    cannot be read and ValueError for an unknown mode.
    """
    if mode not in MODES:
        raise ValueError(f"mode must be one of {', '.join(MODES)}, got {mode!r:.80}")
    if isinstance(source, str) and ("\n" in source or "__global__" in source):
        text, shown, beside = source, name or "kernel.cu", None
    else:
        path = Path(source)
        text, shown, beside = path.read_text(encoding="utf-8"), name or path.name, path.parent.absolute()
    macros = tuple(f"-D{key}={value}" for key, value in sorted((defines or {}).items()))
    return _compiled(text, shown, beside, tuple(_included(text, beside)), mode, macros)


@cache
def _compiled(
    text: str, shown: str, beside: Path | None, included: tuple[str, ...], mode: str, macros: tuple[str, ...]
) -> Module:
    try:
        found = kernels(text)
    except ValueError as error:
        raise CompileError(f"{shown}: {error}") from None
    if not found:
        raise CompileError(f"{shown}: there is no kernel in it, no `__global__ void name(...) {{`")
    behind = [f"SOFTGPU_DYNAMIC({array})" for array in dynamic_arrays(text)]
    behind += [f"SOFTGPU_EXPORT({kernel})" for kernel in found]
    whole = "\n".join([text, *behind, ""])
    quoted = [f"-iquote{beside}"] if beside else []
    return built(whole, shown, mode, found, flags=[*macros, *quoted], included=included)


def built(
    whole: str,
    shown: str,
    mode: str,
    found: dict[str, tuple[Parameter, ...]],
    *,
    flags: Sequence[str] = (),
    included: Sequence[str] = (),
) -> Module:
    """Compiles C++ that exports the kernels `found`. included: texts of files that it includes by name."""
    runtime = _runtime()
    all_flags = [*_COMMON, *_KERNEL, *_BY_MODE[mode], *flags]
    content = [shown, whole, *included, runtime.name, *all_flags]
    library = _library("kernel", content, lambda work: _build_kernel(work, whole, all_flags, runtime, shown))
    return Module(shown, mode, library, found)


def _build_kernel(work: Path, whole: str, flags: list[str], runtime: Path, shown: str) -> None:
    source = Path(shown).name  # so that g++'s messages and the line tables call it that
    (work / source).write_text(whole, encoding="utf-8")
    _run([_compiler(), *flags, "-c", source, "-o", "kernel.o"], work, shown)
    # Linked without the flags: -fsanitize=thread would bring the sanitizer's own library along.
    # The runtime launches, even a kernel that itself asks it for nothing.
    linked = ["kernel.o", "-Wl,--no-as-needed", str(runtime), "-Wl,-Bsymbolic", "-Wl,-rpath,$ORIGIN", "-Wl,-z,defs"]
    _run([_compiler(), "-shared", *linked, "-o", "library.so"], work, shown)


@cache
def _runtime() -> Path:
    """The scheduler and the checker: one library for all kernels."""
    sources = sorted(RUNTIME.glob("*.cpp"))
    flags = [*_COMMON, "-O2", "-Wall", "-Wextra", "-DSOFTGPU_RUNTIME"]
    content = [file.read_text(encoding="utf-8") for file in sorted(RUNTIME.glob("*"))]
    command = [*flags, "-shared", *map(str, sources), "-ldl", "-o", "library.so"]
    return _library("runtime", [*content, *flags], lambda work: _run([_compiler(), *command], work, "the software GPU"))


def _included(text: str, beside: Path | None) -> list[str]:
    """The texts of all files of the user's own that a source includes: if one changes, so does what is compiled."""
    if beside is None:
        return []
    texts = []
    for name in _INCLUDE.findall(text):
        file = beside / name
        if file.is_file():
            inner = file.read_text(encoding="utf-8")
            texts += [inner, *_included(inner, file.parent)]
    return texts


@cache
def _compiler() -> str:
    if sys.platform != "linux":
        raise CompilerMissing(f"the software GPU runs on Linux only, this is {sys.platform}")
    found = shutil.which("g++")
    if found is None:
        raise CompilerMissing(
            "the software GPU compiles kernels with g++, and there is none: install it (on Debian: apt install g++)"
        )
    return found


@cache
def _version() -> str:
    return subprocess.run([_compiler(), "--version"], capture_output=True, text=True, check=True).stdout


def _run(command: list[str], work: Path, shown: str) -> None:
    done = subprocess.run(command, cwd=work, capture_output=True, text=True)
    if done.returncode:
        raise CompileError(f"{shown} does not compile:\n{done.stderr.strip()}")


def _library(kind: str, content: list[str], build: Callable[[Path], None]) -> Path:
    """The library that `build` leaves as library.so in the folder it is given; kept under a hash of `content`.

    Each ends with the hash of its own bytes, which no loader looks at: a damaged one is built again, not executed.
    """
    from minicnn.kernels.cpu.cache import announce_compiling  # here: these bring Numba along, and that takes its time
    from minicnn.kernels.cpu.machine import cpu

    key = hashlib.sha256("\0".join([_version(), *cpu(), *content]).encode()).hexdigest()[:32]
    kept = _kept_in() / f"softgpu-{kind}-{key}.so"
    if _is_whole(kept):
        return kept
    announce_compiling()
    with tempfile.TemporaryDirectory(dir=kept.parent) as work:
        build(Path(work))
        built = Path(work) / "library.so"
        with built.open("ab") as file:
            file.write(hashlib.sha256(built.read_bytes()).digest())
        os.replace(built, kept)
    return kept


def _is_whole(file: Path) -> bool:
    try:
        content = file.read_bytes()
    except OSError:
        return False
    return hashlib.sha256(content[:-32]).digest() == content[-32:]


@cache
def _kept_in() -> Path:
    """The cache folder; one that goes with this process where that cannot be written."""
    from minicnn.kernels.cpu.cache import folder

    try:
        folder().mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder()):
            return folder().absolute()
    except OSError:
        temporary = tempfile.mkdtemp(prefix="minicnn-")
        atexit.register(shutil.rmtree, temporary, ignore_errors=True)
        return Path(temporary)
