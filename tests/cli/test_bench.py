"""Every benchmark runs end to end on its smallest row; what it leaves is checked, never how fast anything was."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest
from PIL import Image

from minicnn.benchmarks import BENCHMARKS, loader
from minicnn.benchmarks.nets import Net
from minicnn.benchmarks.scaling import exponent
from tests.cli.conftest import Run

needs_torch = pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="PyTorch is not installed")

# The smallest row of each, and the key under which a result keeps its milliseconds or megabytes.
SMALL = {
    "train-step": "LeNet",
    "inference": "LeNet-5, batch 1",
    "layers": "LeNet-5 2",
    "memory": "LeNet",
    "scaling": "channels",
    "input-path": "LeNet",
    "loader": "batch 20",
    "cpu-vs-gpu": "step LeNet",
}


def results(minicnn: Run, name: str, tmp_path: Path, *more: object) -> list[dict]:
    files = ["--json", tmp_path / "out" / "r.json", "--png", tmp_path / "out" / "r.png"]
    against = [] if name in ("cpu-vs-gpu", "input-path", "loader") else ["--against", "numpy"]
    outcome = minicnn("bench", name, "--quick", "--only", SMALL[name], *files, *(more or against))
    assert outcome.status == 0, outcome.err
    assert "measured peak" in outcome.out
    with Image.open(tmp_path / "out" / "r.png") as picture:
        assert picture.format == "PNG"
        assert picture.width > 600
    content = json.loads((tmp_path / "out" / "r.json").read_text())
    assert content["machine"]["threads"] >= 1
    assert content["machine"]["numpy"]
    assert content["machine"]["copy gigabytes a second"] > 0
    assert content["results"]
    return content["results"]


@pytest.mark.parametrize("name", ["train-step", "inference", "layers", "cpu-vs-gpu"])
def test_a_race_leaves_times_floors_and_a_picture(minicnn: Run, tmp_path: Path, name: str) -> None:
    for result in results(minicnn, name, tmp_path):
        assert "numpy" in result["milliseconds"]
        assert all(ms > 0 for ms in result["milliseconds"].values())
        assert set(result["floor milliseconds"]) == {"flops", "bytes"}


def test_memory_is_measured_in_processes_of_their_own(minicnn: Run, tmp_path: Path) -> None:
    (result,) = results(minicnn, "memory", tmp_path)
    for figure in ("step", "batch"):
        assert set(result[figure]["megabytes"]) == {"numba", "numpy"}
    # What numpy's im2col of LeNet-5's second layer alone holds: 64 images, 10 x 10 windows of 5 x 5 x 6 numbers.
    assert result["batch"]["megabytes"]["numpy"] > 64 * 100 * 150 * 4 / 1e6
    assert result["must hold"] > 0


def test_fit_is_set_against_its_bare_steps(minicnn: Run, tmp_path: Path) -> None:
    (result,) = results(minicnn, "input-path", tmp_path)
    assert result["over bare steps"]["bare steps"] == 0
    assert result["milliseconds a step"].keys() == {
        "bare steps",
        "fit",
        "shuffled",
        "with a bar",
        "of uint8",
        "augmented",
    }


def test_waiting_for_data_is_a_part_of_the_step(minicnn: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ("conv", 4, 3, "valid"), ("relu",), ("pool",), ("flatten",), ("dense", 2)
    monkeypatch.setattr(loader, "NETS", [Net("a small one, batch 20", 4, (104, 96, 3), 2, words)])
    (result,) = results(minicnn, "loader", tmp_path)
    assert set(result["waiting"]) == {"bare steps", "shuffled", "changed", "files"}
    assert all(0 <= result["after the first batch"][name] <= share < 1 for name, share in result["waiting"].items())
    assert result["of processor time"]["files"] > result["of processor time"]["bare steps"] == 0


def test_scaling_fits_exponents(minicnn: Run, tmp_path: Path) -> None:
    (result,) = results(minicnn, "scaling", tmp_path)
    assert result["sizes"] == [16, 32, 64, 128, 256]
    assert set(result["exponents"]) == {"minicnn", "numpy"}
    assert exponent([1, 2, 4, 8], [3.0, 12.0, 48.0, 192.0]) == pytest.approx(2)
    assert exponent([1], [3.0]) is None


@needs_torch
@pytest.mark.torch
def test_pytorch_races_where_it_is_installed(minicnn: Run, tmp_path: Path) -> None:
    (result,) = results(minicnn, "train-step", tmp_path, "--against", "torch")
    assert {"torch nchw", "torch nhwc"} <= set(result["milliseconds"])
    assert result["ratio"] > 0


@pytest.mark.skipif(importlib.util.find_spec("torch") is not None, reason="PyTorch is installed")
def test_without_pytorch_a_sentence_says_how_to_get_it(minicnn: Run) -> None:
    outcome = minicnn("bench", "layers", "--quick", "--only", "LeNet-5 2")
    assert outcome.status == 0
    assert "pip install torch" in outcome.err
    assert "numpy" in outcome.out.splitlines()[0]
    outcome = minicnn("bench", "layers", "--against", "torch")
    assert outcome.status == 2
    assert "pip install torch" in outcome.err


def test_help_lists_the_benchmarks(minicnn: Run) -> None:
    text = minicnn("bench", "--help").out
    assert all(f"  {name} " in text for name in BENCHMARKS)
    assert set(SMALL) == set(BENCHMARKS)


def test_what_is_wrong_is_said_before_anything_is_timed(minicnn: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    outcome = minicnn("bench", "trian-step")
    assert outcome.status == 1
    assert "there is no benchmark 'trian-step'; did you mean 'train-step'?" in outcome.err
    for place in (tmp_path / "file" / "r.json", tmp_path):
        for option in ("--json", "--png"):
            outcome = minicnn("bench", "--quick", option, place)
            assert (outcome.status, outcome.out) == (2, "")
            assert option in outcome.err
    for wrong in (["--only", "ResNeXt"], ["--seconds", "-1"], ["--against", "jax"]):
        outcome = minicnn("bench", "layers", *wrong)
        assert (outcome.status, outcome.out) == (2, "")
