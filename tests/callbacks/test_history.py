from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from minicnn.callbacks import History
from minicnn.errors import OutputError, StateError


def two_epochs() -> History:
    history = History()
    history.on_epoch_end(3, {"loss": 2.0})
    history.on_epoch_end(4, {"loss": 1.0, "val_loss": 1.5})
    return history


def test_history_gathers_each_metric() -> None:
    history = two_epochs()
    assert history.epoch == [3, 4]
    assert history.history == {"loss": [2.0, 1.0], "val_loss": [1.5]}


def test_it_draws_itself(tmp_path: Path) -> None:
    file = tmp_path / "curves.png"
    png = two_epochs().plot(file)
    assert file.read_bytes() == png
    assert Image.open(io.BytesIO(png)).format == "PNG"


def test_notebooks_show_it_once_there_is_something_to_show() -> None:
    assert History()._repr_png_() is None
    assert two_epochs()._repr_png_() == two_epochs().plot()


def test_what_cannot_be_drawn_or_written(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="no epoch to draw yet"):
        History().plot()
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write"):
        two_epochs().plot(tmp_path / "file" / "curves.png")
