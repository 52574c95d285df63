"""What is compiled, what is kept, and what is said when neither works."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from minicnn.kernels import softgpu
from minicnn.kernels.cpu import cache
from minicnn.kernels.softgpu import compiler
from minicnn.kernels.softgpu.signature import kernels
from tests.kernels.softgpu.sources import VECTOR_ADD

CACHED = (compiler._compiled, compiler._runtime, compiler._compiler, compiler._version, compiler._kept_in)
FILL = '#include "value.h"\nextern "C" __global__ void fill(float* x) { x[threadIdx.x] = VALUE; }\n'


def forget() -> None:
    for function in CACHED:
        function.cache_clear()


@pytest.fixture
def fresh() -> Iterator[None]:
    """As in a new process."""
    forget()
    yield
    forget()


def filled(source: Path) -> list[float]:
    x = softgpu.empty(3, np.float32)
    softgpu.compile(source).kernel("fill")((1,), (3,), (x,))
    return x.to_host().tolist()


def test_a_changed_header_is_compiled_again(tmp_path: Path, fresh: None) -> None:
    source = tmp_path / "fill.cu"
    source.write_text(FILL)
    (tmp_path / "value.h").write_text("#define VALUE 2.0f\n")
    assert filled(source) == [2.0] * 3
    (tmp_path / "value.h").write_text("#define VALUE 5.0f\n")
    assert filled(source) == [5.0] * 3


def test_macros() -> None:
    source = 'extern "C" __global__ void fill(float* x) { x[threadIdx.x] = VALUE; }\n'
    for value in (1.0, 2.0):
        x = softgpu.empty(2, np.float32)
        softgpu.compile(source, defines={"VALUE": value}).kernel("fill")((1,), (2,), (x,))
        assert x.to_host().tolist() == [value] * 2


def test_what_is_kept_and_what_is_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fresh: None) -> None:
    monkeypatch.setattr(cache, "folder", lambda: tmp_path)
    softgpu.compile(VECTOR_ADD)
    kept = {file: file.stat().st_mtime_ns for file in tmp_path.iterdir()}
    assert sorted(file.name.split("-")[1] for file in kept) == ["kernel", "runtime"]
    forget()
    softgpu.compile(VECTOR_ADD)
    assert {file: file.stat().st_mtime_ns for file in tmp_path.iterdir()} == kept
    forget()
    kernel = next(file for file in kept if "kernel" in file.name)
    damaged = tmp_path / "damaged"  # a new file: the old one is mapped into this process
    damaged.write_bytes(kernel.read_bytes()[:2000])
    damaged.replace(kernel)
    softgpu.compile(VECTOR_ADD)
    assert kernel.stat().st_size > 2000


def test_a_cache_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fresh: None) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(cache, "folder", lambda: tmp_path / "file")
    assert softgpu.compile(VECTOR_ADD).kernels.keys() == {"vector_add"}


def test_no_compiler(monkeypatch: pytest.MonkeyPatch, fresh: None) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(softgpu.CompilerMissing, match=r"compiles kernels with g\+\+, and there is none: install it"):
        softgpu.compile(VECTOR_ADD)


@pytest.mark.parametrize(
    ("source", "says"),
    [
        (VECTOR_ADD.replace("int i =", "int i +"), r"(?s)kernel.cu does not compile:.*kernel.cu:3:\d+: error"),
        ("int main() { return 0; }\n", "there is no kernel in it"),
        (
            "__global__ void k(struct Shape shape) {}\n",
            "parameter 'struct Shape shape' is neither a number nor a pointer",
        ),
        (VECTOR_ADD.replace("i < n", "x[i] < INFINITY"), "INFINITY"),  # NVRTC has none either
        (VECTOR_ADD.replace("int i =", "threadIdx.x = 0; int i ="), "read-only"),
    ],
)
def test_sources_that_are_wrong(source: str, says: str) -> None:
    with pytest.raises(softgpu.CompileError, match=says):
        softgpu.compile(source)


def test_an_unknown_mode() -> None:
    with pytest.raises(ValueError, match="mode must be one of fast, check, prof, got 'slow'"):
        softgpu.compile(VECTOR_ADD, mode="slow")


def test_parameters() -> None:
    source = """
    // __global__ void commented(int x) {
    extern "C" __global__ void __launch_bounds__(128, 2) first(
        const float4* __restrict__ x, /* out */ unsigned char *y, size_t n, bool fast, const unsigned long long seed) {
    }
    extern "C" __global__ void second(float* const* tables, const void* any) {}
    """
    found = kernels(source)
    assert list(found) == ["first", "second"]
    listed = [(p.name, str(p.dtype), p.is_pointer, p.vector, p.to_pointers) for ps in found.values() for p in ps]
    assert listed == [
        ("x", "float32", True, 4, False),
        ("y", "uint8", True, 1, False),
        ("n", "uint64", False, 1, False),
        ("fast", "bool", False, 1, False),
        ("seed", "uint64", False, 1, False),
        ("tables", "None", True, 1, True),
        ("any", "None", True, 1, False),
    ]


def test_tables_of_addresses() -> None:
    source = """
extern "C" __global__ void fill_all(float* const* arrays, int n) {
    arrays[blockIdx.x][threadIdx.x] = n;
}
"""
    arrays = [softgpu.empty(4, np.float32) for _ in range(3)]
    table = softgpu.to_device(np.array([array.address for array in arrays], np.uint64))
    for mode in ("fast", "check"):
        fill = softgpu.compile(source, mode=mode).kernel("fill_all")
        fill((3,), (4,), (table, np.int32(7)))
        assert [array.to_host().tolist() for array in arrays] == [[7.0] * 4] * 3
    with pytest.raises(softgpu.BoundsError):
        fill((3,), (5,), (table, np.int32(7)))
    with pytest.raises(softgpu.LaunchError, match="a device array of addresses, uint64"):
        fill((3,), (4,), (arrays[0], np.int32(7)))
