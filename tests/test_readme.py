"""The README's programs run."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from minicnn import Sequential, layers
from minicnn.backends import status
from tests.data.pictures import NAMES, write_pictures

TEXT = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
CODE = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
PROGRAMS = [code for code in CODE if code.startswith("import numpy")]
(PICTURES,) = [code for code in CODE if "image_dataset_from_directory(" in code]


@pytest.mark.parametrize("program", PROGRAMS)
def test_it_prints_what_its_comment_says(program: str, capsys: pytest.CaptureFixture[str]) -> None:
    if "softgpu" in program and (reason := status()["cuda-sim"]):
        pytest.skip(reason)
    exec(compile(program, "README.md", "exec"), {})
    expected = re.search(r"print\(.*\)  # (.*)", program)
    assert expected is not None
    assert capsys.readouterr().out.strip() == expected[1]


def test_there_are_two() -> None:
    assert len(PROGRAMS) == 2


def make_model() -> Sequential:
    """For pictures of 28x28 pixels."""
    model = Sequential([layers.Input((28, 28, 3)), layers.Flatten(), layers.Dense(len(NAMES), activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def test_the_one_about_folders_on_a_small_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As it stands, but with small pictures and few epochs, on the folder and the model that its reader has."""
    small = PICTURES.replace("(150, 150)", "(28, 28)").replace("epochs=30", "epochs=2")
    assert small.count("(28, 28)") == small.count("epochs=2") == 2
    monkeypatch.chdir(tmp_path)
    pictures = write_pictures(tmp_path / "pets")
    model = make_model()
    before = model.get_weights()[0]
    x = np.repeat(pictures.reshape(-1, 28, 28, 1), 3, axis=-1) / np.float32(255)
    reader_has = {"model": model, "make_model": make_model, "x": x, "y": np.repeat(range(3), 6)}
    exec(compile(small, "README.md", "exec"), reader_has)
    assert not np.array_equal(before, model.get_weights()[0])
    assert (tmp_path / "curves.png").stat().st_size > 1000
    assert list((tmp_path / "logs").rglob("events.*"))
    out = capsys.readouterr().out
    assert "Found 18 files belonging to 3 classes." in out
    assert "Found 18 images belonging to 3 classes." in out
    assert re.search(r"accuracy\W+[\d.]+ ± [\d.]+", out), "the mean and the spread of the cross-validation"
