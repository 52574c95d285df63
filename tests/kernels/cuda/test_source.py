"""The CUDA C files as texts: whole, of one dtype, and without what would make results depend on chance."""

from __future__ import annotations

import re

import pytest

from minicnn.kernels.cuda import BUILDS, FAMILIES, FOLDER, TILED, VARIANTS, WINDOW_PARAMETERS, source

KERNEL = re.compile(r'extern "C" (?:TILE_BOUNDS )?__global__ void (\w+)\(([^)]*)\)')


def code(text: str) -> str:
    """Less its comments."""
    return re.sub(r"//[^\n]*", "", text)


def test_every_file_is_a_family_or_a_header() -> None:
    assert sorted(file.stem for file in FOLDER.glob("*.cu")) == sorted(FAMILIES)
    included = {
        name for file in FOLDER.glob("*.cu*") for name in re.findall(r'#include "(.*)"', file.read_text("utf-8"))
    }
    assert included == {file.name for file in FOLDER.glob("*.cuh")}


@pytest.mark.parametrize(("program", "dtype"), BUILDS)
def test_a_program_has_kernels_and_nothing_left_to_put_in(program: str, dtype: str) -> None:
    text = code(source(program, dtype))
    assert "#include" not in text
    assert not re.search(r"\bReal\b|WINDOW_PARAMETERS", text)
    kernels = dict(KERNEL.findall(text))
    assert kernels
    assert text.count("__global__") == len(kernels)
    other = "double" if dtype == "float32" else "float"
    assert not any(re.search(rf"\b{other}\b", parameters) for parameters in kernels.values())


@pytest.mark.parametrize("family", TILED)
def test_variants_differ_in_their_constants_alone(family: str) -> None:
    texts = {name: source(f"{family}.{name}" if name else family, "float32") for name in VARIANTS}
    assert len(set(texts.values())) == len(VARIANTS)
    assert len({re.sub(r"\A(#define .*\n)+", "", text) for text in texts.values()}) == 1


@pytest.mark.parametrize("family", FAMILIES)
def test_no_atomics_and_no_constant_of_another_width(family: str) -> None:
    text = code((FOLDER / f"{family}.cu").read_text(encoding="utf-8"))
    assert "atomic" not in text
    assert not re.search(r"\d\.\d|\d\.f|\b(double|float)\b", re.sub(r"\bReal\([-\d.]+\)", "", text))


def test_the_parameters_of_windows_are_spelled_out() -> None:
    parameters = dict(KERNEL.findall(code(source("patches", "float32"))))["im2col"]
    assert [p.split()[-1] for p in parameters.split(",")[2:14]] == list(WINDOW_PARAMETERS)
    assert [p.split()[0] for p in parameters.split(",")[2:15]] == ["int"] * 13


def test_lines_keep_their_numbers() -> None:
    lines = source("convolution", "float64").splitlines()
    start = max(i for i, line in enumerate(lines) if re.fullmatch(r'#line \d+ "convolution.cu"', line))
    number = int(lines[start].split()[1])
    own = (FOLDER / "convolution.cu").read_text(encoding="utf-8").splitlines()
    assert lines[start + 1].replace("double", "Real") == own[number - 1]
    assert len(lines) - start - 1 == len(own) - number + 1


def test_lines_are_as_long_as_pythons_may_be() -> None:
    long = [
        f"{f.name}:{i}"
        for f in FOLDER.glob("*.cu*")
        for i, line in enumerate(f.read_text("utf-8").splitlines(), 1)
        if len(line) > 120
    ]
    assert long == []
