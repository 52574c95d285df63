"""What people hand to the commands by mistake, and what hostile files hold: a reason, no traceback, nothing written."""

from __future__ import annotations

import json
import shutil
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from minicnn import Input, Sequential, layers
from minicnn.cli.main import main
from tests.models.test_bad_architectures import architecture, dense

RNG = np.random.default_rng(0)


def png(width: int, height: int) -> bytes:
    """A PNG that declares a size and has no pixels for it."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a finished run, `run`, and `data.npz` that it was trained on."""
    folder = tmp_path_factory.mktemp("bad_input")
    x, y = RNG.integers(0, 256, (40, 6, 6), dtype=np.uint8), np.arange(40) % 4
    np.savez(folder / "data.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    (folder / "net.json").write_text(
        Sequential([Input((6, 6, 1)), layers.Flatten(), layers.Dropout(0.5), layers.Dense(4)]).to_json()
    )
    data, net = str(folder / "data.npz"), str(folder / "net.json")
    with pytest.raises(SystemExit) as end:
        main(["train", "--data", data, "--model", net, "--epochs", "2", "--out", str(folder / "run")])
    assert end.value.code == 0
    return folder


@pytest.fixture
def place(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, with everything beside it that can go wrong; the current folder."""
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MINICNN_DATA", raising=False)
    best = (tmp_path / "run" / "best.minicnn").read_bytes()
    flipped = bytearray(best)
    flipped[-1] ^= 4
    npz = (tmp_path / "data.npz").read_bytes()
    files: dict[str, bytes | str] = {
        "cut.minicnn": best[: len(best) // 2],
        "flipped.minicnn": bytes(flipped),
        "text.minicnn": "a text",
        "cut.npz": npz[: len(npz) // 2],
        "text.npz": "a text",
        "text.png": "a text",
        "empty.png": b"",
        "cut.png": png(60, 60),
        "bomb.png": png(60_000, 60_000),
        "not.json": "{",
        "deep.json": "[" * 100_000,
        "list.json": "[]",
        "binary.json": b"\xff\xfe\x00",
        "hostile.json": architecture({"class_name": "os.system", "config": {"command": "ls"}}),
        "huge.json": architecture({"class_name": "Flatten", "config": {}}, dense(units=10**12)),
        "softmax.json": architecture({"class_name": "Flatten", "config": {}}, dense(units=4, activation="softmax")),
        "three.json": architecture({"class_name": "Flatten", "config": {}}, dense()),
        "a file": "",
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    Image.new("L", (9, 9)).save(tmp_path / "right.png")
    arrays = dict(np.load(tmp_path / "data.npz"))
    np.savez(tmp_path / "nan.npz", **{**arrays, "x_train": arrays["x_train"] * np.nan})
    np.savez(tmp_path / "labels.npz", **{**arrays, "y_train": arrays["y_train"] / 2})
    np.savez(tmp_path / "larger.npz", **{**arrays, "x_train": np.ones((40, 7, 7)), "x_test": np.ones((40, 7, 7))})
    np.savez(tmp_path / "pickled.npz", **{**arrays, "y_test": np.array([None] * 40)})
    np.savez(tmp_path / "half.npz", x_train=arrays["x_train"])
    (tmp_path / "images" / "cat").mkdir(parents=True)
    (tmp_path / "images" / "dog").mkdir()
    for kind in ("cat", "dog"):
        for number in range(4):
            Image.new("L", (6 + (kind == "dog"), 6)).save(tmp_path / "images" / kind / f"{number}.png")
    shutil.copytree(tmp_path / "images", tmp_path / "damaged")
    (tmp_path / "damaged" / "cat" / "1.png").write_bytes(png(6, 6))
    (tmp_path / "one class" / "cat").mkdir(parents=True)
    return tmp_path


def edit_config(**settings: Any) -> Callable[[], None]:
    def edit() -> None:
        config = json.loads(Path("run/config.json").read_text())
        config["settings"].update(settings)
        Path("run/config.json").write_text(json.dumps(config))

    return edit


def overwrite(name: str, content: str | bytes) -> Callable[[], None]:
    return lambda: (Path(name).write_bytes(content if isinstance(content, bytes) else content.encode()), None)[1]


def as_last(name: str) -> Callable[[], None]:
    return lambda: (shutil.copy(name, "run/last.minicnn"), None)[1]


def other_run() -> None:
    """A last.minicnn that holds no training, but a model saved by hand."""
    Sequential([Input((6, 6, 3)), layers.Flatten(), layers.Dense(4)]).save("run/last.minicnn")


RESUME = ["train", "--resume", "run"]
TRAIN = ["train", "--data", "data.npz", "--model", "net.json", "--epochs", "1"]

# Name -> arguments, exit status, what stderr says; and what was done to the folder before.
COMMANDS: dict[str, tuple[list[str], int, str] | tuple[list[str], int, str, Callable[[], None]]] = {
    "unknown data": (["train", "--data", "minst"], 1, "data 'minst' is neither a known set nor an existing file"),
    "data that is not here": (["train", "--data", "mnist"], 1, "MNIST is not on this machine. Looked"),
    "no npz": ([*TRAIN, "--data", "text.npz"], 1, "text.npz: is no .npz file; --data takes"),
    "a cut npz": ([*TRAIN, "--data", "cut.npz"], 1, "cut.npz: is no .npz file"),
    "half an npz": ([*TRAIN, "--data", "half.npz"], 1, "half.npz: has no array y_train, x_test, y_test"),
    "a pickle": ([*TRAIN, "--data", "pickled.npz"], 1, "holds pickled Python objects, which minicnn never reads"),
    "NaN pixels": ([*TRAIN, "--data", "nan.npz"], 1, "x_train: contains 1440 values that are NaN or infinite"),
    "labels that are floats": ([*TRAIN, "--data", "labels.npz"], 1, "y_train: has dtype float64; expected integer"),
    "images of many sizes": ([*TRAIN, "--data", "images"], 1, "the images have 2 different sizes"),
    "a damaged image": ([*TRAIN, "--data", "damaged", "--image-size", "6"], 1, "1.png: the image is damaged"),
    "one class": ([*TRAIN, "--data", "one class"], 1, "expected a folder for each class"),
    "a size for an npz": ([*TRAIN, "--image-size", "9"], 1, "leave out --image-size"),
    "unknown network": ([*TRAIN, "--model", "lenet"], 1, "there is no network 'lenet'; did you mean 'lenet5'"),
    "no such file": ([*TRAIN, "--model", "mine.json"], 1, "mine.json': there is no such file"),
    "no JSON": ([*TRAIN, "--model", "not.json"], 1, "the architecture is not JSON"),
    "deep JSON": ([*TRAIN, "--model", "deep.json"], 1, "the architecture is not JSON"),
    "another JSON": ([*TRAIN, "--model", "list.json"], 1, "an architecture must be"),
    "binary JSON": ([*TRAIN, "--model", "binary.json"], 1, "cannot read the architecture"),
    "hostile JSON": ([*TRAIN, "--model", "hostile.json"], 1, "there is no layer 'os.system'"),
    "huge JSON": ([*TRAIN, "--model", "huge.json"], 1, "choose smaller sizes"),
    "a softmax at the end": ([*TRAIN, "--model", "softmax.json"], 1, "ends in a softmax"),
    "a network for other classes": ([*TRAIN, "--model", "three.json"], 1, "gives (3,); the data are (6, 6, 1)"),
    "a network for other images": ([*TRAIN, "--data", "larger.npz"], 1, "takes (6, 6, 1) and gives (4,); the data"),
    "images too small": (["train", "--data", "data.npz", "--model", "vgg16"], 1, "window (reaching over 2x2 pixels)"),
    "a damaged model": ([*TRAIN, "--model", "flipped.minicnn"], 1, "flipped.minicnn is damaged"),
    "a folder without a model": ([*TRAIN, "--model", "images"], 1, "images is a folder in which no model was saved"),
    "unknown backend": ([*TRAIN, "--backend", "nunpy"], 1, "there is no backend 'nunpy'"),
    "missing backend": ([*TRAIN, "--backend", "cuda"], 1, "backend 'cuda' cannot be used"),
    "no epochs": ([*TRAIN, "--epochs", "0"], 2, "Invalid value for '--epochs': 0 is not in the range x>=1"),
    "epochs in words": ([*TRAIN, "--epochs", "many"], 2, "'many' is not a valid integer"),
    "a negative batch": ([*TRAIN, "--batch-size", "-5"], 2, "Invalid value for '--batch-size'"),
    "no learning rate": ([*TRAIN, "--lr", "0"], 2, "Invalid value for '--lr'"),
    "a learning rate of NaN": ([*TRAIN, "--lr", "nan"], 1, "warmup_target must be a finite number, got nan"),
    "a momentum of 1": ([*TRAIN, "--momentum", "1"], 2, "Invalid value for '--momentum'"),
    "a negative seed": ([*TRAIN, "--seed", "-1"], 2, "Invalid value for '--seed'"),
    "unknown augmentation": ([*TRAIN, "--augment", "flop"], 2, "'flop' is not one of 'none', 'shift', 'flip'"),
    "a place below a file": ([*TRAIN, "--out", "a file/run"], 1, "cannot write a file/run/config.json: "),
    "a place that is a file": ([*TRAIN, "--out", "a file"], 1, "cannot write a file/config.json: "),
    "a name too long": ([*TRAIN, "--out", "x" * 5000], 1, "config.json: File name too long; choose another place"),
    "a place with a run": ([*TRAIN, "--out", "run"], 1, "run holds a run already: choose another --out, or go on with"),
    "resume nothing": (["train", "--resume", "nothing"], 1, "nothing is not the folder of a run: cannot read"),
    "resume a folder that is no run": (["train", "--resume", "images"], 1, "images is not the folder of a run"),
    "resume a file": (["train", "--resume", "data.npz"], 1, "data.npz is not the folder of a run"),
    "a damaged config": (RESUME, 1, "cannot read config.json", overwrite("run/config.json", "{")),
    "a binary config": (RESUME, 1, "cannot read config.json", overwrite("run/config.json", b"\xff")),
    "a deep config": (RESUME, 1, "cannot read config", overwrite("run/config.json", "[" * 10**5)),
    "a config that is a list": (RESUME, 1, "config.json does not", overwrite("run/config.json", "[]")),
    "no settings": (RESUME, 1, "does not hold the settings", overwrite("run/config.json", "{}")),
    "settings in a list": (
        RESUME, 1, "does not hold the settings", overwrite("run/config.json", '{"settings": [1]}')
    ),
    "epochs in a list": (RESUME, 1, "config.json: ", edit_config(epochs=[5])),
    "epochs in words there": (RESUME, 1, "'x' is not a valid integer", edit_config(epochs="x")),
    "a batch of none there": (RESUME, 1, "0 is not in the range x>=1", edit_config(batch_size=0)),
    "an augmentation there": (RESUME, 1, "5 is not one of", edit_config(augment=5)),
    "data that are gone": (RESUME, 1, "is neither a known set nor", edit_config(data="gone.npz")),
    "a cut checkpoint": (RESUME, 1, "is not a readable minicnn file", as_last("cut.minicnn")),
    "a flipped checkpoint": (RESUME, 1, "last.minicnn is damaged", as_last("flipped.minicnn")),
    "a text as checkpoint": (RESUME, 1, "is not a readable minicnn file", as_last("text.minicnn")),
    "a model as checkpoint": (RESUME, 1, "holds a model, but no training that could", other_run),
    "evaluate nothing": (["evaluate", "nothing"], 1, "there is no file nothing"),
    "evaluate a long name": (["evaluate", "x" * 5000], 1, "there is no file xxx"),
    "evaluate no run": (["evaluate", "images"], 1, "images holds no best.minicnn: no epoch of this run was finished"),
    "evaluate a text": (["evaluate", "text.minicnn"], 1, "text.minicnn is not a readable minicnn file"),
    "evaluate other images": (["evaluate", "run", "--data", "larger.npz"], 1, "x has shape (40, 7, 7, 1), the model"),
    "predict a text": (["predict", "run", "text.png"], 1, "text.png: is no image that minicnn can read"),
    "predict nothing in it": (["predict", "run", "empty.png"], 1, "empty.png: is no image that minicnn can read"),
    "predict a cut image": (["predict", "run", "cut.png"], 1, "cut.png: the image is damaged or truncated"),
    "predict a bomb": (["predict", "run", "bomb.png"], 1, "bomb.png: declares "),
    "predict a folder": (["predict", "run", "images"], 1, "images: cannot be read: Is a directory"),
    "predict what is not there": (["predict", "run", "right.png", "gone.png"], 1, "gone.png: cannot be read: No such"),
    "predict without images": (["predict", "run"], 2, "Missing argument 'IMAGES...'"),
    "predict with a cut model": (["predict", "cut.minicnn", "right.png"], 1, "cut.minicnn is not a readable"),
    "predict no class": (["predict", "run", "right.png", "--top", "0"], 2, "Invalid value for '--top'"),
    "summary of nothing": (["summary", "smal"], 1, "there is no network 'smal'; did you mean 'small'"),
    "summary of a text": (["summary", "a file"], 1, "a file is not a readable minicnn file"),
    "summary without a shape": (["summary", "three.json"], 1, "has not been built: begin it with Input"),
    "summary of another shape": (["summary", "net.json", "--input-shape", "9,9,1"], 1, "was built for (None, 6, 6, 1)"),
    "a shape in words": (["summary", "small", "--input-shape", "large"], 1, "--input-shape must be height,width"),
    "a shape with a sign": (["summary", "small", "--input-shape", "28,28,²"], 1, "--input-shape must be height,width"),
    "a huge shape": (["summary", "lenet5", "--input-shape", "99999,99999,3"], 1, "choose smaller sizes"),
    "gradcheck of nothing": (["gradcheck", "conv3d"], 1, "there is no operator 'conv3d'; did you mean 'conv2d'"),
    "gradcheck without draws": (["gradcheck", "--draws", "0"], 2, "Invalid value for '--draws'"),
}  # fmt: skip


def contents(folder: Path) -> dict[str, bytes | None]:
    return {str(p.relative_to(folder)): p.read_bytes() if p.is_file() else None for p in folder.rglob("*")}


@pytest.mark.parametrize("name", COMMANDS)
def test_on_the_command_line(name: str, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments, status, message, *before = COMMANDS[name]
    for step in before:
        step()
    found = contents(place)
    with pytest.raises(SystemExit) as end:
        main(arguments)
    printed = capsys.readouterr()
    assert end.value.code == status
    assert message in printed.err
    assert printed.err.startswith("error: " if status == 1 else "Usage: ")
    assert "Traceback" not in printed.err + printed.out
    assert printed.out == ""
    assert contents(place) == found, "nothing was written"


def test_a_disk_that_is_full(place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """After the first epoch there is no room: the error says so, and what was there stays whole."""
    import os

    real, calls = os.fsync, []

    def fsync(handle: int) -> None:
        calls.append(handle)
        if len(calls) > 4:
            raise OSError(28, os.strerror(28))
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(SystemExit) as end:
        main([*TRAIN, "--epochs", "3", "--out", "full"])
    assert end.value.code == 1
    assert ".minicnn: No space left on device; choose another place or make room" in capsys.readouterr().err
    assert {p.name for p in (place / "full").iterdir()} == {
        "config.json",
        "best.minicnn",
        "last.minicnn",
        "history.json",
    }
    monkeypatch.undo()
    monkeypatch.chdir(place)
    with pytest.raises(SystemExit) as end:
        main(["train", "--resume", "full"])
    assert end.value.code == 0
