from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from minicnn.cli.train import Settings
from minicnn.models import load_training
from minicnn.training.archive import read_archive
from tests.cli.conftest import CLASSES, Run

FILES = ["best.minicnn", "config.json", "curves.png", "history.json", "last.minicnn"]


def test_train_writes_everything(minicnn: Run, task: list[object], tmp_path: Path) -> None:
    outcome = minicnn("train", *task, "--out", "run")
    assert outcome.status == 0
    assert outcome.err == ""
    assert sorted(p.name for p in (tmp_path / "run").iterdir()) == FILES
    history = json.loads((tmp_path / "run" / "history.json").read_text())
    assert list(history["history"]) == ["loss", "accuracy", "val_loss", "val_accuracy"]
    assert all(len(values) == 5 for values in history["history"].values())
    assert set(history["test"]) == {"loss", "accuracy"}
    validation = history["history"]["val_accuracy"]
    assert validation[history["best_epoch"] - 1] == max(validation)
    with Image.open(tmp_path / "run" / "curves.png") as picture:
        picture.load()
        assert picture.format == "PNG"


def test_it_learns_and_tells_how_well(run_folder: Path, minicnn: Run, task: list[object]) -> None:
    outcome = minicnn("train", *task, "--out", "run")
    lines = outcome.out.splitlines()
    number = r"\d+\.\d{4}"
    assert lines[0].startswith("tiny: 200 parameters on halves: 108 training, 12 validation, 40 test images of 8x8x1")
    assert lines[0].endswith("numba backend; writing to run")
    for epoch in range(1, 6):
        pattern = rf"Epoch {epoch}/5  loss {number}  accuracy {number}  val_loss {number}  val_accuracy {number}"
        assert re.fullmatch(pattern + r"  [\d,]+ images/s  \d+\.\d s", lines[epoch])
    accuracy = re.match(r"test accuracy (\d+\.\d+)%, loss", lines[6])
    assert accuracy
    assert float(accuracy[1]) > 60, "chance is 25"
    assert lines[7] == "written to run: try  minicnn evaluate run"
    test = json.loads((run_folder / "history.json").read_text())["test"]
    assert f"{test['accuracy']:.2%}" == f"{float(accuracy[1]):.2f}%"


def test_the_exact_configuration_is_kept(minicnn: Run, task: list[object], tmp_path: Path) -> None:
    more = ["--lr", 0.02, "--momentum", 0, "--weight-decay", 0, "--augment", "shift-flip", "--seed", 7, "--limit", 50]
    assert minicnn("train", *task, *more, "--epochs", 1, "--out", "run").status == 0
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    expected = dict(zip([str(word)[2:].replace("-", "_") for word in more[::2]], more[1::2], strict=True))
    given = Settings(**config["settings"])
    assert {name: getattr(given, name) for name in expected} == expected
    assert (given.epochs, given.batch_size) == (1, 16)
    assert Path(given.data).is_absolute(), "so that evaluate and --resume find it from any folder"
    assert set(config["made_with"]) == {"minicnn", "python", "numpy", "backend"}
    model, _ = load_training(tmp_path / "run" / "last.minicnn")
    assert model.optimizer.momentum == 0
    assert model.optimizer.weight_decay is None
    assert model.optimizer.iterations == 4, "50 images, 16 a step"


def test_the_same_seed_gives_the_same_files_and_another_seed_others(
    minicnn: Run, task: list[object], run_folder: Path, tmp_path: Path
) -> None:
    minicnn("train", *task, "--out", "again")
    minicnn("train", *task, "--out", "other", "--seed", 1)
    for name in ("best.minicnn", "last.minicnn", "history.json", "config.json"):
        assert (tmp_path / "again" / name).read_bytes() == (run_folder / name).read_bytes(), name
    ours, others = (read_archive(folder / "last.minicnn")[0] for folder in (run_folder, tmp_path / "other"))
    assert not np.array_equal(ours["weights/conv2d/kernel"], others["weights/conv2d/kernel"])


@pytest.mark.parametrize("name", ["small", "lenet5", "mlp"])
def test_networks_by_name_on_the_embedded_pictures(name: str, minicnn: Run, tmp_path: Path) -> None:
    outcome = minicnn("train", "--model", name, "--limit", 100, "--epochs", 1)
    assert outcome.status == 0
    assert outcome.out.startswith(f"{name}: ")
    assert "500 validation, 1,000 test images of 28x28x1" in outcome.out
    assert sorted(p.name for p in (tmp_path / "runs" / f"{name}-fashion-mnist-6k").iterdir()) == FILES


def test_a_new_run_takes_a_new_folder(minicnn: Run, task: list[object], tmp_path: Path) -> None:
    for _ in range(2):
        minicnn("train", *task, "--epochs", 1)
    assert sorted(p.name for p in (tmp_path / "runs").iterdir()) == ["tiny-halves", "tiny-halves-2"]


def test_a_folder_that_holds_a_run_is_not_written_to(minicnn: Run, task: list[object], run_folder: Path) -> None:
    before = {p.name: p.read_bytes() for p in run_folder.iterdir()}
    outcome = minicnn("train", *task, "--out", run_folder)
    assert outcome.status == 1
    assert "holds a run already: choose another --out, or go on with it by --resume" in outcome.err
    assert {p.name: p.read_bytes() for p in run_folder.iterdir()} == before


def test_training_goes_on_from_the_weights_of_a_file(minicnn: Run, task: list[object], run_folder: Path) -> None:
    outcome = minicnn(
        "train", *task, "--model", run_folder / "best.minicnn", "--lr", 1e-9, "--epochs", 1, "--out", "more"
    )
    test = json.loads((run_folder / "history.json").read_text())["test"]
    assert f"test accuracy {test['accuracy']:.2%}" in outcome.out


def test_class_folders_of_images(minicnn: Run, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for label, name in enumerate(("[dark]", "light:smile:")):
        (tmp_path / "pets" / name).mkdir(parents=True)
        for number in range(10):
            pixels = rng.integers(0, 128, (9, 11, 3), dtype=np.uint8) + np.uint8(100 * label)
            Image.fromarray(pixels).save(tmp_path / "pets" / name / f"{number}.png")
    arguments = ("--data", "pets", "--model", "mlp", "--image-size", 12, "--epochs", 2, "--out", "run")
    assert minicnn("train", *arguments).status == 0
    outcome = minicnn("evaluate", "run")
    assert outcome.status == 0
    assert "│ [dark]       │" in outcome.out, "names are no markup"
    assert "│ light:smile: │" in outcome.out, "and no pictures"
    outcome = minicnn("predict", "run", tmp_path / "pets" / "[dark]" / "0.png")
    assert outcome.status == 0
    assert "[dark]" in outcome.out


def test_class_names_are_kept_in_the_checkpoints(run_folder: Path) -> None:
    for name in ("best.minicnn", "last.minicnn"):
        extra = read_archive(run_folder / name)[1]["training"]["extra"]
        assert extra["class_names"] == list(CLASSES)
        assert extra["scale"] == 1 / 255
    assert extra["epoch"] == 5


def test_odd_folder_names_are_printed_as_they_are(minicnn: Run, task: list[object]) -> None:
    outcome = minicnn("train", *task, "--epochs", 1, "--out", "a[/b]:smile:")
    assert outcome.status == 0
    assert "written to a[/b]:smile:: try  minicnn evaluate a[/b]:smile:" in outcome.out
