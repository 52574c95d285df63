from __future__ import annotations

import io

import numpy as np
from PIL import Image

from minicnn.callbacks import History
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


def test_many_metrics_stand_in_rows() -> None:
    one = pixels({"loss": [2.0, 1.0]})
    for count, (rows, columns) in {4: (2, 2), 5: (2, 3)}.items():
        many = pixels({f"metric_{i}": [0.5, 0.6] for i in range(count)})
        assert many.shape[:2] == (rows * one.shape[0], columns * one.shape[1])


def test_what_only_the_validation_has_is_drawn() -> None:
    assert pixels({"loss": [2.0, 1.0], "val_f1": [0.5, 0.6]}).shape[1] == 2 * pixels({"loss": [2.0, 1.0]}).shape[1]


def test_values_stand_at_their_epochs() -> None:
    """Validation after every other epoch: the same picture as with its curve drawn there, another than at the start."""
    history = {"loss": [4.0, 3.0, 2.0, 1.0], "val_loss": [3.5, 1.5]}
    placed = draw_curves(history, epochs={"loss": [0, 1, 2, 3], "val_loss": [1, 3]})
    assert placed != draw_curves(history)
    logged = History()
    for epoch in range(4):
        validation = {"val_loss": history["val_loss"][epoch // 2]} if epoch % 2 else {}
        logged.on_epoch_end(epoch, {"loss": history["loss"][epoch], **validation})
    assert logged.plot() == placed


def height_in_the_middle(history: dict[str, list[float]]) -> float:
    """Where the curve stands half-way from left to right: 0 at its lowest point, 1 at its highest."""
    rows, columns = np.nonzero((pixels(history) == (31, 119, 180)).all(axis=2))
    middle = rows[columns == (columns.min() + columns.max()) // 2].mean()
    return float((rows.max() - middle) / (rows.max() - rows.min()))


def test_a_learning_rate_that_falls_far_is_drawn_on_a_logarithmic_scale() -> None:
    assert abs(height_in_the_middle({"learning_rate": [1.0, 0.1, 0.01]}) - 0.5) < 0.05
    assert abs(height_in_the_middle({"loss": [1.0, 0.1, 0.01]}) - 0.09) < 0.05
    assert abs(height_in_the_middle({"learning_rate": [1.0, 0.5, 0.0]}) - 0.5) < 0.05
