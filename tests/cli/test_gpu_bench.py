"""The GPU's half of `minicnn bench cpu-vs-gpu`: it runs, and its figures are computed rightly, whatever they are."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from minicnn import backends
from minicnn.backends.cuda.on_cupy import load
from minicnn.benchmarks import cpu_vs_gpu, gpu_report, gpu_torch
from minicnn.benchmarks.floor import Work
from minicnn.benchmarks.gpu import REHEARSAL, Ceilings, ceilings, samples_on
from minicnn.benchmarks.gpu_report import Box, Gpu
from minicnn.benchmarks.gpu_rows import small
from minicnn.benchmarks.gpu_steps import crossover, sweeps
from minicnn.benchmarks.layers import LAYERS
from minicnn.benchmarks.options import Asked
from tests.backends.cuda.conftest import computing
from tests.backends.cuda.stand_in import installed, stand_in
from tests.cli.conftest import Run

MADE_UP = Ceilings(copy=1e12, product=2e13, multiplier="cuBLAS", up=1e10, down=1e10, call=1e-5, kernel=2e-6)


def needs_compiler() -> None:
    if reason := backends.status()["cuda-sim"]:
        pytest.skip(reason)


def test_a_rehearsal_runs_everything_and_writes_nothing(minicnn: Run, tmp_path: Path) -> None:
    needs_compiler()
    outcome = minicnn("bench", "cpu-vs-gpu", "--rehearse", "--only", "LeNet", "--minutes", "0.1")
    assert outcome.status == 0, outcome.err
    lines = outcome.out.splitlines()
    assert lines[0] == "a rehearsal: the GPU is simulated, its times mean nothing, and everything is tiny"
    assert any(line.startswith("LeNet-5 2, dw") for line in lines)
    assert any(line.startswith("step LeNet-5, 28x28, batch 1 ") for line in lines)
    assert "cuda-c" not in outcome.out
    for option in ("--json", "--png"):
        outcome = minicnn("bench", "cpu-vs-gpu", "--rehearse", option, tmp_path / "file")
        assert outcome.status == 2
        assert "times of a simulated GPU are written to no file" in outcome.err
    assert not list(tmp_path.iterdir())


def test_without_a_gpu_it_says_so_and_counts(minicnn: Run) -> None:
    outcome = minicnn("bench", "cpu-vs-gpu", "--quick", "--only", "convolution LeNet-5 2")
    assert outcome.out.startswith(f"there is no GPU in this comparison: {backends.status()['cuda']}\n")
    assert "FLOP/byte" in outcome.out
    assert "cuda-c" not in outcome.out


def test_all_sections_on_a_gpu(capsys: pytest.CaptureFixture[str]) -> None:
    """Through CuPy's stand-in, so that the very calls are made that a GPU gets; nothing is written."""
    needs_compiler()
    with installed(stand_in()), computing(load()):
        device = backends.current_backend().device
        gpu = Gpu(device, ceilings(device, REHEARSAL), seconds=0.0)
        layers = gpu_report.layers(gpu, [small(LAYERS[1]), small(LAYERS[-1])], Box(5), 1.0)
        kernels = gpu_report.kernels(gpu, Box(5), 1.0, **cpu_vs_gpu.TINY)
        steps = gpu_report.steps(gpu, sweeps((1, 2))[:2], Box(5), 1.0)
    assert gpu.ceilings.multiplier == "cuBLAS"
    assert [row["name"].rpartition(", ")[2] for row in layers] == ["forward", "dx", "dw"] * 2
    for row in layers:
        assert set(row["milliseconds"]) == {"numpy", "numba", "cuda-c"}
        assert row["of copy"] > 0
    assert {"im2col", "dropout", "dense by tiles"} <= {row["name"] for row in kernels}
    assert all(row["launches"] > 20 for row in steps)
    assert "FLOP/s in a product of float32 by cuBLAS" in str(gpu.ceilings)
    assert "step LeNet-5, 28x28, batch 1" in capsys.readouterr().out


def test_shares_of_the_ceilings() -> None:
    assert MADE_UP.shares(Work(flops=2e9, bytes=5e8), seconds=1e-3) == pytest.approx((0.1, 0.5))


def test_short_work_is_repeated_between_two_events() -> None:
    class Clock:
        runs = 0

        def seconds(self, work: object) -> float:
            before = self.runs
            work()  # type: ignore[operator]
            return 1e-3 * (self.runs - before)

    clock = Clock()

    def run() -> None:
        clock.runs += 1

    assert samples_on(clock, run, seconds=0.0, least=3) == pytest.approx([1e-3] * 3)
    assert clock.runs == 2 + 3 * 5


@pytest.mark.parametrize(
    ("cpu", "gpu", "batch"),
    [
        ([1, 2, 4], [3, 3, 3], 16 * 2 ** (2 * math.log(1.5) / math.log(2))),
        ([4, 5, 6], [1, 1, 1], 4),
        ([1, 1, 1], [2, 2, 2], math.inf),
        ([3, 1, 4], [1, 2, 1], 16 * 4 ** (1 / 3)),
    ],
)
def test_where_the_gpu_begins_to_pay(cpu: list[float], gpu: list[float], batch: float) -> None:
    assert crossover([4, 16, 64], cpu, gpu) == pytest.approx(batch)


def test_what_there_is_no_time_for_is_dropped_and_named(capsys: pytest.CaptureFixture[str]) -> None:
    box = Box(minutes=0.0)
    assert [layer.name for layer in box.rows(LAYERS[:3], 0.5)] == [LAYERS[0].name]
    assert box.dropped == [LAYERS[1].name, LAYERS[2].name]
    assert f"dropped, for time: {LAYERS[1].name}, {LAYERS[2].name}" in capsys.readouterr().out
    assert list(Box(minutes=5).rows(LAYERS[:3], 0.5)) == LAYERS[:3]


def made_up_results() -> list[dict]:
    """Figures of no machine: to draw."""
    steps = []
    for sweep in sweeps():
        work, batch = sweep.work().flops, sweep.net.batch
        ms = {"numba": 0.2 + work / 2e8, "cuda-c": 0.6 + work / 3e9, "cuDNN": 0.9 + work / 5e9}
        net = sweep.net.name.rpartition(",")[0]
        steps.append({"name": sweep.name, "kind": "step", "net": net, "batch": batch, "milliseconds": ms})
    times = {"numpy": 9.0, "numba": 3.0, "cuda-c": 0.4, "cuDNN": 0.3}
    names = [f"{layer.name}, {part}" for layer in LAYERS[1:4] for part in ("forward", "dx", "dw")]
    layers = [{"name": name, "kind": "layer", "milliseconds": times, "flops": 4e9, "bytes": 1e7} for name in names]
    moved = {"kind": "kernel", "milliseconds": {"cuda-c": 0.1, "numba": 0.2}, "flops": 0, "bytes": 6e7}
    return steps + layers + [{"name": name, **moved} for name in ("im2col", "dropout")]


def test_results_are_written_and_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = Asked(0.0, 3, True, "", tmp_path / "r.json", tmp_path / "r.png")
    results = made_up_results()
    crossovers = gpu_report.crossovers(results)
    assert len(crossovers) == 3
    assert all(batch is None or batch >= 1 for batch in crossovers.values())
    assert "the GPU is ahead from batch " in capsys.readouterr().out
    cpu_vs_gpu._write(asked, results, MADE_UP, {"crossover batch": crossovers, "dropped": []})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["r-kernels.png", "r-layers.png", "r.json", "r.png"]
    for name in ("r.png", "r-layers.png", "r-kernels.png"):
        with Image.open(tmp_path / name) as picture:
            assert picture.width > 600


def test_pytorch_without_a_gpu_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu_torch, "missing", lambda package: f"No module named {package!r}")
    assert gpu_torch.reason_against() == "PyTorch is not installed (No module named 'torch')"


def test_a_small_layer_is_the_same_but_for_its_size() -> None:
    layer = LAYERS[-1]
    assert small(layer) == replace(layer, batch=1, side=8)
