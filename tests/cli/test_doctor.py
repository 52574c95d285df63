from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

import minicnn as package
from minicnn.backends import dispatch
from minicnn.cli.doctor import NUMPY_LAYERS, NUMPY_OPERATORS
from minicnn.gradient_check import CASES
from minicnn.kernels.cpu import cache
from minicnn.random import generator
from minicnn.tensor import Tensor
from tests.backends.cuda.stand_in import installed, stand_in
from tests.cli.conftest import Run
from tests.conftest import Spy
from tests.layers.cases import CASES as LAYER_CASES
from tests.ops.calls import run, upstream_for

PREPARING = "minicnn.layers.random_", "minicnn.layers.scaling"


def words(text: str) -> list[str]:
    return [" ".join(line.replace("│", " ").split()) for line in text.splitlines()]


def test_doctor_tells_versions_backends_threads_and_folders(minicnn: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINICNN_DATA", "/data/[/here]")
    outcome = minicnn("doctor")
    assert outcome.status == 0
    lines = words(outcome.out)
    assert f"minicnn {package.__version__}" in lines
    assert f"numpy {np.__version__}" in lines
    assert "backend numpy ready" in lines
    assert any(line.startswith("backend cuda missing: ") for line in lines)
    assert "backend in use numba" in lines
    assert any(line.startswith("threads of ") for line in lines)
    assert any(line.startswith("kernels are for ") and line.endswith(" bits") for line in lines)
    assert any(line.startswith(f"kernel threads {package.get_num_threads()} of at most ") for line in lines)
    assert "left to NumPy: layers PReLU, UpSampling2D, ZeroPadding2D" in lines
    assert "data folder MINICNN_DATA /data/[/here]" in lines


def test_doctor_describes_a_gpu(minicnn: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.setenv("CUPY_CACHE_DIR", "/kept/[/here]")
    for cached in (dispatch._reason_against, dispatch._loaded):
        monkeypatch.setattr(dispatch, cached.__name__, cached.__wrapped__)
    with installed(stand_in()):
        lines = words(minicnn("doctor").out)
    assert "backend cuda ready" in lines
    about = "stand-in 0, 8 GB; CUDA 12.9, driver for 13.0; CuPy 14.2.0; dense layers by cuBLAS"
    assert f"GPU {about}" in lines
    assert "kernels of the GPU /kept/[/here]" in lines
    with installed(stand_in(driver=0)):
        lines = words(minicnn("doctor").out)
    assert any(line.startswith("backend cuda missing: there is no NVIDIA driver") for line in lines)
    assert not any(line.startswith("GPU ") for line in lines)


@pytest.fixture
def kernel_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Another folder for kernels, for the doctor alone."""
    monkeypatch.setattr(cache, "folder", lambda: tmp_path / "kernels")
    monkeypatch.setenv("COLUMNS", "300")
    return tmp_path / "kernels"


def test_doctor_looks_into_the_kernel_cache(minicnn: Run, kernel_folder: Path) -> None:
    assert f"kernel cache {kernel_folder} (empty: kernels are compiled when they are first used; writable)" in words(
        minicnn("doctor").out
    )
    (kernel_folder / "object").write_bytes(bytes(300_000))
    assert f"kernel cache {kernel_folder} (1 files, 0.3 MB; writable)" in words(minicnn("doctor").out)
    assert os.listdir(kernel_folder) == ["object"]


def test_doctor_says_that_the_kernel_cache_cannot_be_written_to(minicnn: Run, kernel_folder: Path) -> None:
    kernel_folder.write_text("a file in the folder's place")
    (line,) = (line for line in words(minicnn("doctor").out) if line.startswith("kernel cache "))
    assert "cannot be written to, so that every process compiles anew: " in line


# One of its two gradients asks for a sigmoid.
@pytest.mark.parametrize("name", sorted(set(CASES) - {"binary_cross_entropy"}))
def test_the_operators_left_to_numpy_are_those_that_ask_no_backend(backend: Spy, name: str) -> None:
    rng = generator(0)
    for _ in range(3):
        case = CASES[name](rng)
        run(case, upstream_for(case, rng))
    assert (name in NUMPY_OPERATORS) == (not backend.calls)


def test_the_layers_left_to_numpy_are_those_that_ask_no_backend(backend: Spy) -> None:
    asking, silent = set(), set()
    for case in LAYER_CASES.values():
        layer = case.make()
        if type(layer).__module__.startswith(PREPARING):
            continue
        backend.calls.clear()
        layer(Tensor(np.ones((2, *case.example), np.float32)), training=True)
        (asking if backend.calls else silent).add(type(layer).__name__)
    assert silent - asking == {*NUMPY_LAYERS, "Flatten", "Reshape"}
