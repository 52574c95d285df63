from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from minicnn.datasets import embedded
from minicnn.models import load_training
from tests.cli.conftest import CLASSES, Run


@pytest.fixture(scope="module")
def clothes(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """PNG files of the first ten embedded test pictures."""
    folder = tmp_path_factory.mktemp("clothes")
    (_, _), (images, _) = embedded.load_data()
    for number, pixels in enumerate(images[:10]):
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return [folder / f"{number}.png" for number in range(10)]


@pytest.fixture(scope="module")
def halves(task: list[object]) -> dict[str, np.ndarray]:
    with np.load(str(task[1])) as file:
        return dict(file)


def table(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("│")[1:-1]] for line in text.splitlines() if line.startswith("│")]


def test_evaluate_judges_class_by_class(minicnn: Run, run_folder: Path, halves: dict[str, np.ndarray]) -> None:
    outcome = minicnn("evaluate", run_folder)
    assert outcome.status == 0
    model, _ = load_training(run_folder / "best.minicnn")
    x = halves["x_test"][..., None].astype(np.float32) * np.float32(1 / 255)
    right = model.predict(x, batch_size=256).argmax(axis=1) == halves["y_test"]
    rows = table(outcome.out)
    for label, name in enumerate(CLASSES):
        assert [name, "10", f"{right[halves['y_test'] == label].mean():.1%}"] in rows
    assert ["all", "40", f"{right.mean():.2%}"] in rows
    test = json.loads((run_folder / "history.json").read_text())["test"]
    assert outcome.out.splitlines()[-1] == f"loss {test['loss']:.4f}  accuracy {test['accuracy']:.4f}"


def test_evaluate_takes_a_file_the_last_epoch_or_other_data(
    minicnn: Run, run_folder: Path, task: list[object], tmp_path: Path
) -> None:
    def judged(*arguments: object) -> list[list[str]]:
        out = minicnn("evaluate", *arguments).out
        return [*table(out), [out.splitlines()[-1]]]

    # Two different networks in one folder: the first epoch's is called the best.
    run = shutil.copytree(run_folder, tmp_path / "copy")
    minicnn("train", *task, "--epochs", 1, "--out", "short")
    shutil.copy("short/best.minicnn", run / "best.minicnn")

    best, last = judged(run), judged(run, "--last")
    assert best[-1] != last[-1]
    assert judged(run / "best.minicnn") == best
    assert judged(run / "last.minicnn") == last
    assert judged(run, "--data", task[1]) == best


def test_predict_shows_the_likeliest_classes_of_real_png_files(minicnn: Run, clothes: list[Path]) -> None:
    assert minicnn("train", "--model", "mlp", "--limit", 1000, "--epochs", 3, "--out", "run").status == 0
    outcome = minicnn("predict", "run", *clothes, "--top", 3)
    assert outcome.status == 0
    rows = table(outcome.out)
    model, _ = load_training(Path("run") / "best.minicnn")
    (_, _), (images, labels) = embedded.load_data()
    logits = np.concatenate([model.predict(x[None, :, :, None] * np.float32(1 / 255)) for x in images[:10]])
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    for number in range(10):
        order = np.argsort(-p[number])[:3]
        assert rows[number][0] == f"{number}.png"
        for cell, k in zip(rows[number][1:], order, strict=True):
            name, percent = cell.removesuffix("%").rsplit(" ", 1)
            assert name == embedded.CLASS_NAMES[k]
            assert float(percent) == pytest.approx(100 * p[number, k], abs=0.06), "one digit is shown"
    assert (p.argmax(axis=1) == labels[:10]).mean() >= 0.5


def test_predict_brings_any_image_to_the_network(minicnn: Run, run_folder: Path, tmp_path: Path) -> None:
    """A photograph in colour, of another size, is seen small and grey."""
    pixels = np.zeros((40, 60, 3), np.uint8)
    pixels[:, :30] = [255, 250, 245]
    Image.fromarray(pixels).save(tmp_path / "left half.jpg")
    outcome = minicnn("predict", run_folder, "left half.jpg", "--top", 9)
    (row,) = table(outcome.out)
    assert row[0] == "left half.jpg"
    assert row[1].startswith("left ")
    assert len(row) == 1 + 4, "there are no more classes than four"
    assert sum(float(re.search(r"([\d.]+)%", cell)[1]) for cell in row[1:]) == pytest.approx(100, abs=0.3)


def test_predict_goes_by_the_settings_of_the_file_alone(minicnn: Run, run_folder: Path, tmp_path: Path) -> None:
    Image.new("L", (8, 8)).save(tmp_path / "black.png")
    shutil.copy(run_folder / "best.minicnn", tmp_path / "elsewhere.minicnn")
    out = [minicnn("predict", where, "black.png").out for where in (run_folder, "elsewhere.minicnn")]
    assert out[0] == out[1]
