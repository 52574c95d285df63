from __future__ import annotations

import io

import numpy as np
from PIL import Image

from minicnn.callbacks.curves import draw_curves


def pixels(history: dict[str, list[float]]) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(draw_curves(history))).convert("RGB"))


def test_a_panel_for_each_metric() -> None:
    history = {"loss": [2.0, 1.0], "accuracy": [0.1, 0.5], "val_loss": [2.1, 1.2], "val_accuracy": [0.2, 0.4]}
    one, two = pixels({"loss": [2.0, 1.0]}), pixels(history)
    assert two.shape[0] == one.shape[0]
    assert two.shape[1] == 2 * one.shape[1]


def test_the_lines_follow_the_numbers_and_the_picture_is_the_same_each_time() -> None:
    history = {"loss": [2.0, 1.0, 0.5]}
    np.testing.assert_array_equal(pixels(history), pixels(history))
    assert not np.array_equal(pixels(history), pixels({"loss": [2.0, 1.0, 1.5]}))


def test_one_epoch_is_enough() -> None:
    assert pixels({"loss": [2.0], "val_loss": [2.0]}).min() < 100
