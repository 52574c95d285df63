"""`minicnn cuda check` on kernels with and without a bug."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from minicnn.kernels.cuda import FOLDER
from minicnn.kernels.softgpu import compiler
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
        (
            VECTOR_ADD + BLOCK_SUM,
            (),
            "kernel.cu has several kernels; choose one by --kernel:\n  vector_add(const float* x, ",
        ),
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


EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize(("file", "status"), [("transpose.cu", 0), ("race.cu", 1)])
def test_an_example_is_launched_as_it_says(minicnn: Run, file: str, status: int) -> None:
    [told] = re.findall(rf"minicnn (cuda check) examples/{file} (.*)", (EXAMPLES / file).read_text(encoding="utf-8"))
    done = minicnn(*told[0].split(), EXAMPLES / file, *told[1].split())
    assert done.status == status, done.err
    assert ("data race on shared memory" in done.out) == bool(status)


def test_the_launch_of_the_help_is_that_of_the_example(minicnn: Run) -> None:
    told = re.search(r"minicnn cuda check (examples/transpose.cu .*)", (EXAMPLES / "transpose.cu").read_text())
    assert told is not None
    assert " ".join(told[1].split()) in " ".join(minicnn("cuda", "check", "--help").out.replace("\\\n", " ").split())


SOFTMAX = ("--kernel", "softmax", "--grid", "2", "--block", "32,4", "rows=8", "n=100")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("file", ["softmax", FOLDER / "softmax.cu"])
def test_one_of_minicnns_own(minicnn: Run, file: str | Path, dtype: str) -> None:
    done = minicnn("cuda", "check", file, *SOFTMAX, "--size", 800, "--dtype", dtype)
    assert done.out.startswith("softmax, 256 threads: no race")
    found = minicnn("cuda", "check", file, *SOFTMAX, "--size", 799, "--dtype", dtype)
    assert found.status == 1
    assert "past the end of 'x' (799 elements of" in found.out
    assert re.search(r"^>.*row\[k\]", found.out, re.MULTILINE), "the line stands in a header"


def test_the_kernels_of_a_family_are_listed(minicnn: Run) -> None:
    done = minicnn("cuda", "check", "softmax")
    assert done.status == 1
    assert "  softmax(const float *x, float *y, long long rows, int n)\n  softmax_gradient(" in done.err


def test_a_kernel_without_arguments(minicnn: Run, tmp_path: Path) -> None:
    done = minicnn("cuda", "check", written(tmp_path, "__global__ void k() { __syncthreads(); }"))
    assert done.out.startswith("k, 256 threads: no race")


def test_a_file_that_is_none(minicnn: Run, tmp_path: Path) -> None:
    for file, says in ((tmp_path / "no.cu", "no.cu does not exist: give a file of CUDA C"), (tmp_path, "is a folder")):
        done = minicnn("cuda", "check", file)
        assert done.status == 1
        assert says in done.err
        assert "softmax, sums, updates" in done.err


def test_without_a_compiler(minicnn: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiler.shutil, "which", lambda name: None)
    compiler._compiler.cache_clear()
    compiler._compiled.cache_clear()
    done = minicnn("cuda", "check", written(tmp_path, VECTOR_ADD))
    compiler._compiler.cache_clear()
    assert done.status == 1
    assert "compiles kernels with g++, and there is none: install it" in done.err


def test_a_shape_that_is_none(minicnn: Run, tmp_path: Path) -> None:
    done = minicnn("cuda", "check", written(tmp_path, VECTOR_ADD), "--grid", "2x2")
    assert done.status == 2
    assert "'2x2' is not 1 to 3 ints" in done.err
