"""Event files: byte for byte by a reader written for this test, and by TensorBoard's own where it is installed."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from minicnn.callbacks import TensorBoard
from minicnn.callbacks.event_file import EventFile, crc32c, masked_crc32c
from minicnn.callbacks.tensorboard import as_pixels, filters_in_a_grid
from minicnn.errors import ArgumentError, OutputError
from tests.training.tasks import network, quarters

X, Y = quarters()


def fields(data: bytes) -> dict[int, list[Any]]:
    """A message of Protocol Buffers: field number -> values."""
    found: dict[int, list[Any]] = {}
    at = 0

    def varint() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at, value, shift = at + 1, value | (byte & 0x7F) << shift, shift + 7
            if byte < 0x80:
                return value

    while at < len(data):
        number, kind = divmod(varint(), 8)
        if kind == 0:
            value: Any = varint()
        else:
            size = varint() if kind == 2 else {1: 8, 5: 4}[kind]
            raw, at = data[at : at + size], at + size
            value = raw if kind == 2 else struct.unpack({1: "<d", 5: "<f"}[kind], raw)[0]
        found.setdefault(number, []).append(value)
    return found


def events(folder: Path) -> list[dict[int, list[Any]]]:
    """The events of the one file in a folder, checksums verified."""
    (file,) = folder.glob("events.out.tfevents.*")
    data, found = file.read_bytes(), []
    while data:
        (length,) = struct.unpack("<Q", data[:8])
        assert struct.unpack("<I", data[8:12])[0] == masked_crc32c(data[:8])
        event = data[12 : 12 + length]
        assert struct.unpack("<I", data[12 + length : 16 + length])[0] == masked_crc32c(event)
        found.append(fields(event))
        data = data[16 + length :]
    assert found[0][3] == [b"brain.Event:2"]
    return found[1:]


def values(folder: Path) -> dict[str, list[tuple[int, dict[int, list[Any]]]]]:
    """tag -> [(step, the fields of its value)]."""
    found: dict[str, list[tuple[int, dict[int, list[Any]]]]] = {}
    for event in events(folder):
        value = fields(fields(event[5][0])[1][0])
        found.setdefault(value[1][0].decode(), []).append((event[2][0], value))
    return found


def fitted(folder: Path, **options: Any) -> Any:
    model = network()
    return model.fit(
        X, Y, batch_size=20, epochs=3, validation_data=(X, Y), callbacks=[TensorBoard(folder, **options)], verbose=0
    )


def test_checksums() -> None:
    assert crc32c(b"123456789") == 0xE3069283  # the check value of CRC-32C
    assert crc32c(bytes(32)) == 0x8A9136AA  # RFC 3720, B.4
    assert masked_crc32c(b"") == 0xA282EAD8


def test_the_numbers_of_each_epoch(tmp_path: Path) -> None:
    history = fitted(tmp_path).history
    train, validation = values(tmp_path / "train"), values(tmp_path / "validation")
    assert set(train) == {"epoch_loss", "epoch_accuracy", "epoch_learning_rate"}
    assert set(validation) == {"epoch_loss", "epoch_accuracy"}
    for tag, name, part in (("epoch_loss", "loss", train), ("epoch_accuracy", "val_accuracy", validation)):
        assert [step for step, _ in part[tag]] == [0, 1, 2]
        assert [value[2][0] for _, value in part[tag]] == pytest.approx(history[name])


@pytest.mark.parametrize(("freq", "steps"), [("batch", list(range(1, 10))), (4, [4, 8]), ("epoch", [])])
def test_numbers_during_an_epoch(tmp_path: Path, freq: Any, steps: list[int]) -> None:
    fitted(tmp_path, update_freq=freq, write_steps_per_second=True)
    train = values(tmp_path / "train")
    assert [step for step, _ in train.get("batch_loss", [])] == steps
    assert all(value[2][0] > 0 for _, value in train["epoch_steps_per_second"])


def test_histograms_of_weights_gradients_and_activations_and_pictures(tmp_path: Path) -> None:
    model = network()
    board = TensorBoard(tmp_path, histogram_freq=2, write_images=True, examples=X[:5])
    model.fit(X, Y, epochs=3, callbacks=[board], verbose=0)
    train = values(tmp_path / "train")
    for layer in model.layers:
        assert [step for step, _ in train[f"{layer.name}/activation"]] == [0, 2]
        for variable in layer.trainable_weights:
            assert [step for step, _ in train[f"{variable.name}/gradient"]] == [0, 2]
    kernel = model.get_layer("conv2d").kernel
    histogram = fields(train["conv2d/kernel/histogram"][-1][1][5][0])
    low, high, num, total, squares = (histogram[i][0] for i in range(1, 6))
    assert (low, high, num) == (kernel.data.min(), kernel.data.max(), kernel.size)
    assert total == pytest.approx(kernel.data.sum(), rel=1e-5)
    assert squares == pytest.approx(np.square(kernel.data).sum(), rel=1e-5)
    limits, buckets = (np.frombuffer(histogram[i][0], "<f8") for i in (6, 7))
    assert len(limits) == len(buckets) == 30
    assert limits[-1] == high
    below = [(kernel.data <= limit).sum() for limit in limits[:-1]]
    np.testing.assert_array_equal(np.cumsum(buckets)[:-1], below)
    picture = fields(train["conv2d/kernel/image"][0][1][4][0])
    image = Image.open(io.BytesIO(picture[4][0]))
    assert (image.height, image.width, 1) == tuple(picture[i][0] for i in (1, 2, 3))
    assert len([tag for tag in train if tag.startswith("examples/")]) == 3


def test_numbers_that_are_not_finite_are_left_out_of_histograms(tmp_path: Path) -> None:
    file = EventFile(tmp_path)
    file.histogram("some", np.array([np.nan, 1.0, np.inf, 3.0]), 7)
    file.histogram("none", np.array([np.nan]), 7)
    file.close()
    assert list(values(tmp_path)) == ["some"]
    assert fields(values(tmp_path)["some"][0][1][5][0])[3] == [2.0]


def test_what_is_written_is_there_when_the_process_dies(tmp_path: Path) -> None:
    file = EventFile(tmp_path)
    file.scalar("loss", 0.5, 1)
    assert len(events(tmp_path)) == 1
    file.close()


def test_filters_in_a_grid() -> None:
    kernel = np.arange(2 * 3 * 3 * 5, dtype=float).reshape(2, 3, 3, 5)
    grid = filters_in_a_grid(kernel)
    assert grid.shape == (2 * 3 + 1, 3 * 4 + 1, 3)
    np.testing.assert_array_equal(grid[4:6, 5:8], as_pixels(kernel)[..., 4])
    assert filters_in_a_grid(kernel[:, :, :2]).shape[2] == 1
    assert as_pixels(np.zeros((2, 2, 1))).max() == 0


def test_what_is_not_here_and_what_makes_no_sense(tmp_path: Path) -> None:
    for options, message in (
        ({"profile_batch": 2}, "no profiles"),
        ({"embeddings_freq": 1}, "no embeddings"),
        ({"update_freq": "step"}, "update_freq must be 'epoch', 'batch' or a number"),
        ({"update_freq": 0}, "update_freq must be"),
        ({"histogram_freq": -1}, "histogram_freq must be a whole number"),
        ({"log_dir": 5}, "log_dir must be a path"),
    ):
        with pytest.raises(ArgumentError, match=message):
            TensorBoard(**options)  # type: ignore[arg-type]
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="choose another log_dir"):
        fitted(tmp_path / "file")


@pytest.mark.filterwarnings("ignore")
def test_tensorboards_own_reader_finds_the_same(tmp_path: Path) -> None:
    reading = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator", reason="TensorBoard is not installed"
    )
    history = fitted(tmp_path, histogram_freq=1, write_images=True, examples=X[:2]).history
    found = reading.EventAccumulator(str(tmp_path / "train"), size_guidance={"histograms": 0, "images": 0})
    found.Reload()
    assert [event.value for event in found.Scalars("epoch_loss")] == pytest.approx(history["loss"])
    assert [event.step for event in found.Scalars("epoch_loss")] == [0, 1, 2]
    histogram = found.Histograms("dense/kernel/gradient")[-1].histogram_value
    assert sum(histogram.bucket) == histogram.num == 4 * 16
    assert {"conv2d/activation", "conv2d/kernel/histogram"} <= set(found.Tags()["histograms"])
    image = found.Images("conv2d/kernel/image")[0]
    assert Image.open(io.BytesIO(image.encoded_image_string)).size == (image.width, image.height)
