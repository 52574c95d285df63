"""The twins as programs: their siblings' names and parameters, and no double where float was meant."""

from __future__ import annotations

import ast
import re

import numpy as np
import pytest

from minicnn.kernels.cuda import FAMILIES as CUDA_FAMILIES
from minicnn.kernels.cuda import REALS
from minicnn.kernels.numba_cuda import FAMILIES, twin_of, twins_of
from minicnn.kernels.numba_cuda.launching import Twin, each, launched
from minicnn.kernels.numba_cuda.ptx import described, ptx
from minicnn.kernels.numba_cuda.target import cuda
from tests.kernels.numba_cuda.nvjitlink import cost
from tests.kernels.numba_cuda.package import HOW, is_installed
from tests.test_architecture import MODULES, imported

needs_compiler = pytest.mark.skipif(not is_installed(), reason=HOW)
TWINS = [(family, name) for family in FAMILIES for name in twins_of(family)]


def twin(family: str, name: str) -> Twin:
    found = twin_of(family, name)
    assert found is not None
    return found


def test_what_has_a_twin() -> None:
    assert set(FAMILIES) <= set(CUDA_FAMILIES)
    assert {name for _, name in TWINS} == {
        *(
            "im2col",
            "col2im",
            "dense",
            "dense_input_gradient",
            "dense_weight_gradient",
            "column_sums",
            "dropout",
            "sgd",
        ),
        *("max_pool2d", "max_pool2d_gradient", "relu_pool", "relu_pool_gradient"),
        *("chunk_moments", "combine_moments", "normalize", "parameter_gradients", "input_gradient"),
        *("loss_of_labels", "loss_of_targets", "gradient_of_labels", "gradient_of_targets"),
    }
    assert twin_of("updates", "adam") is None
    assert twin_of("convolution", "conv2d") is None


@pytest.mark.parametrize(("family", "name"), TWINS)
def test_takes_what_its_sibling_takes(family: str, name: str) -> None:
    for dtype in REALS:
        parameters = described(twin(family, name), family, dtype)
        assert tuple(parameter.name for parameter in parameters) == twin(family, name).parameters


def test_a_twin_of_other_parameters_is_refused() -> None:
    @launched(each)
    @cuda.jit
    def sigmoid(x, n):
        x[0] = n

    with pytest.raises(TypeError, match=r"sigmoid of elementwise.cu takes x, y, n; its twin x, n"):
        described(sigmoid, "elementwise", "float32")
    with pytest.raises(TypeError, match=r"the Numba twin of sigmoid takes 2 arguments \(x, n\), got 3"):
        sigmoid.launch_shape((1, 2, 3))


@needs_compiler
@pytest.mark.parametrize(("family", "name"), TWINS)
def test_no_double_in_float_and_no_memory_for_registers(family: str, name: str) -> None:
    for dtype, other in (("float32", ".f64"), ("float64", ".f32")):
        text = ptx(twin(family, name), described(twin(family, name), family, dtype))
        assert f".visible .entry {name}(" in text
        assert ".local" not in text
        if dtype == "float32" or family != "cross_entropy":  # the exponential of a double looks at it as at a float
            assert other not in text


# Four blocks of 256 threads, or more, fit on a multiprocessor of 65536 registers if a thread takes 64 of them; the two
# kernels that gather from windows take a few more. Shared memory: two tiles, or what a sum needs; sm_90 adds 1 KB.
MOST_REGISTERS, MOST_SHARED = 72, {"float32": 3 * 1024, "float64": 5 * 1024}


@needs_compiler
@pytest.mark.parametrize("architecture", ["sm_80", "sm_90", "sm_100", "sm_120"])
@pytest.mark.parametrize(("family", "name"), TWINS)
def test_nothing_is_spilled(family: str, name: str, architecture: str) -> None:
    for dtype in REALS:
        found = cost(ptx(twin(family, name), described(twin(family, name), family, dtype)), name, architecture)
        assert found.spilled_bytes == found.stack_bytes == 0
        assert 0 < found.registers <= MOST_REGISTERS
        assert found.shared_bytes <= MOST_SHARED[dtype]


@needs_compiler
def test_the_search_for_doubles_finds_one() -> None:
    @launched(each)
    @cuda.jit
    def sigmoid(x, y, n):
        i = cuda.grid(1)
        if i < n:
            y[i] = 0.5 * x[i] + n / 3

    text = ptx(sigmoid, described(sigmoid, "elementwise", "float32"))
    assert len(re.findall(r"\w+\.f64", text)) >= 3


def test_nothing_but_one_module_imports_the_cuda_target() -> None:
    assert [name for name in MODULES if cuda_imports(name)] == ["minicnn.kernels.numba_cuda.target"]


def cuda_imports(module: str) -> list[str]:
    """What it imports of Numba's CUDA target."""
    names = [name for name in imported(module) if name.startswith(("numba.cuda", "numba_cuda"))]
    for node in ast.walk(MODULES[module]):
        if isinstance(node, ast.ImportFrom) and node.module == "numba":
            names += ["numba.cuda" for alias in node.names if alias.name == "cuda"]
    return names


def test_launch_shapes_cover_what_there_is() -> None:
    assert twin("dropout", "dropout").launch_shape((*[None] * 7, np.int64(1025))) == ((2,), (256,))
    assert twin("matmul", "dense").launch_shape((*[None] * 4, 17, 5, 33, 0)) == ((2, 3), (16, 16))
    assert twin("sums", "column_sums").launch_shape((None, None, 0, 33, 512)) == ((1, 2), (32, 8))
