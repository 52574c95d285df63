from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from minicnn import Sequential, layers
from minicnn.backends import current_backend
from minicnn.gradient_check.cases import CASES
from minicnn.models import load_model
from tests.cli.conftest import Run


def words(text: str) -> list[str]:
    return [" ".join(line.replace("│", " ").split()) for line in text.splitlines()]


def test_summary_of_a_network_by_name(minicnn: Run) -> None:
    lines = words(minicnn("summary", "lenet5").out)
    assert "dense (Dense) (None, 120) 48,120" in lines
    assert "Total params: 61,706 (241.04 KB)" in lines
    lines = words(minicnn("summary", "lenet5", "--input-shape", "32x32x3", "--classes", "100").out)
    assert "conv2d (Conv2D) (None, 32, 32, 6) 456" in lines
    assert "dense_2 (Dense) (None, 100) 8,500" in lines


def test_summary_of_files_and_runs(minicnn: Run, run_folder: Path, task: list[object], tmp_path: Path) -> None:
    from_run = minicnn("summary", run_folder)
    assert from_run.status == 0
    assert "conv2d (Conv2D) (None, 6, 6, 4) 36" in words(from_run.out)
    for other in (run_folder / "last.minicnn", task[3]):
        assert minicnn("summary", other).out == from_run.out
    load_model(run_folder / "best.minicnn").save(tmp_path / "folder", zipped=False)
    assert minicnn("summary", "folder").out == from_run.out
    (tmp_path / "open.json").write_text(Sequential([layers.Flatten(), layers.Dense(2)]).to_json())
    assert "Total params: 34 (136.00 B)" in words(minicnn("summary", "open.json", "--input-shape", "4,4,1").out)


def test_gradcheck_of_all_operators(minicnn: Run) -> None:
    outcome = minicnn("gradcheck", "--draws", 1)
    assert outcome.status == 0
    rows = {line.split()[0]: line.split() for line in words(outcome.out) if line.endswith(" right")}
    assert list(rows) == list(CASES)
    for row in rows.values():
        assert float(row[1]) <= 1e-6
        assert int(row[3].replace(",", "")) > 0


def test_gradcheck_of_one_operator_is_the_same_each_time_and_follows_the_seed(minicnn: Run) -> None:
    first = minicnn("gradcheck", "conv2d", "dense", "--draws", 2)
    assert [line.split()[0] for line in words(first.out) if line.endswith("right")] == ["conv2d", "dense"]
    assert minicnn("gradcheck", "conv2d", "dense", "--draws", 2).out == first.out
    assert minicnn("gradcheck", "conv2d", "dense", "--draws", 2, "--seed", 1).out != first.out


def test_gradcheck_ends_with_1_when_a_gradient_is_wrong(minicnn: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = current_backend()
    right = backend.dense_weight_gradient
    monkeypatch.setattr(backend, "dense_weight_gradient", lambda x, dy: right(x, dy) * np.float64(1.001))
    outcome = minicnn("gradcheck", "tanh", "dense", "--draws", 2)
    assert outcome.status == 1
    lines = words(outcome.out)
    verdicts = {line.split()[0]: line.split()[-1] for line in lines if line.startswith(("tanh ", "dense "))}
    assert verdicts == {"tanh": "right", "dense": "WRONG"}
    assert any(line.startswith("dense(x") and "the gradient of w" in line for line in lines)
