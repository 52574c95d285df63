"""`minicnn cuda check` on kernels with and without a bug."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.kernels.softgpu.sources import BLOCK_SUM, SCALE_FOURS, TRANSPOSE, VECTOR_ADD

pytestmark = pytest.mark.skipif(
    shutil.which("g++") is None, reason="the software GPU compiles with g++, and there is none on this machine"
)
TRANSPOSE_LAUNCH = ("--grid", "2,2", "--block", "16,16", "--size", 1024, "rows=32", "columns=32")


def written(folder: Path, source: str) -> Path:
    file = folder / "kernel.cu"
    file.write_text(source)
    return file


def test_nothing_found(minicnn: Run, tmp_path: Path) -> None:
    done = minicnn("cuda", "check", written(tmp_path, TRANSPOSE), *TRANSPOSE_LAUNCH)
    assert done.status == 0
    assert done.out.startswith("transpose, 1,024 threads: no race, no access out of bounds")


def test_traffic(minicnn: Run, tmp_path: Path) -> None:
    file = written(tmp_path, TRANSPOSE.replace("TILE + 1", "TILE"))
    done = minicnn("cuda", "check", file, *TRANSPOSE_LAUNCH, "--traffic")
    assert done.status == 0
    [read] = [line for line in done.out.splitlines() if "shared" in line and "read" in line]
    assert read.split("│")[-2].strip() == "8.00"  # the 32 words of two columns, 16 apart, lie in 4 banks


def test_vectors_and_floats(minicnn: Run, tmp_path: Path) -> None:
    file = written(tmp_path, SCALE_FOURS)
    assert minicnn("cuda", "check", file, "by=0.5").status == 0
    found = minicnn("cuda", "check", file, "x=200")
    assert found.status == 1 and "16-byte read out of bounds, 16 bytes past the end of 'x'" in found.out


def test_a_race_and_its_line(minicnn: Run, tmp_path: Path) -> None:
    file = written(tmp_path, TRANSPOSE.replace("__syncthreads();", ""))
    done = minicnn("cuda", "check", file, *TRANSPOSE_LAUNCH)
    assert done.status == 1
    assert "data race on shared memory" in done.out
    marked = [line for line in done.out.splitlines() if line.startswith(">")]
    assert len(marked) == 1 and "tile[" in marked[0]


def test_a_forgotten_bound(minicnn: Run, tmp_path: Path) -> None:
    file = written(tmp_path, VECTOR_ADD.replace("if (i < n) ", ""))
    done = minicnn("cuda", "check", file, "--size", 250)
    assert done.status == 1
    assert "vector_add at kernel.cu:4, block (1, 0, 0), thread (122, 0, 0): 4-byte read out of bounds" in done.out


def test_shared_memory_that_nobody_wrote(minicnn: Run, tmp_path: Path) -> None:
    file = written(
        tmp_path, BLOCK_SUM.replace("part[threadIdx.x] = i < n ? x[i] : 0.0f", "if (i < n) part[threadIdx.x] = x[i]")
    )
    assert minicnn("cuda", "check", file, "--shared", 512).status == 0
    done = minicnn("cuda", "check", file, "--shared", 512, "n=250")
    assert done.status == 1
    assert "'sums', element 1, has become NaN" in done.out


@pytest.mark.parametrize(
    ("source", "arguments", "says"),
    [
        (VECTOR_ADD + BLOCK_SUM, (), "has the kernels vector_add, block_sum: choose one by --kernel"),
        (VECTOR_ADD, ("--kernel", "subtract"), "has no kernel 'subtract'"),
        (VECTOR_ADD, ("m=3",), "'m=3' is not NAME=VALUE with a parameter of vector_add: x, y, sum, n"),
        (VECTOR_ADD, ("n=three",), "'three' is no value for 'int n'"),
        (VECTOR_ADD, ("n=99999999999",), "'99999999999' is no value for 'int n'"),
        (VECTOR_ADD, ("--block", "2000"), "block must be 1 to"),
        (VECTOR_ADD.replace("int i", "int"), (), "kernel.cu does not compile"),
        ("float x;", (), "there is no kernel in it"),
        (VECTOR_ADD.replace("const float* x", "float** x").replace("x[i]", "x[0][i]"), (), "is a table of addresses"),
    ],
)
def test_what_cannot_be_checked(
    minicnn: Run, tmp_path: Path, source: str, arguments: tuple[str, ...], says: str
) -> None:
    done = minicnn("cuda", "check", written(tmp_path, source), *arguments)
    assert done.status == 1
    assert says in done.err


def test_a_shape_that_is_none(minicnn: Run, tmp_path: Path) -> None:
    done = minicnn("cuda", "check", written(tmp_path, VECTOR_ADD), "--grid", "2x2")
    assert done.status == 2
    assert "'2x2' is not 1 to 3 ints" in done.err
