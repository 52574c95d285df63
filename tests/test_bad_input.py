"""What people hand in by mistake, and what hostile files hold: a specific error that names the argument and the fix.

Never an error from inside NumPy, never a half-written file. What each operator and each door refuses is tested beside
it as well; here they stand together, as a user meets them.
"""

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

import minicnn
from minicnn import Input, Sequential, layers, losses, models, ops, optimizers
from minicnn.cli.main import main
from minicnn.data import augment, sources
from minicnn.errors import (
    ArgumentError,
    BackendError,
    CheckpointError,
    DataError,
    DTypeError,
    MinicnnError,
    NonFiniteError,
    OutputError,
    ShapeError,
    StateError,
)
from minicnn.gradient_check import gradcheck
from minicnn.optimizers.schedules import CosineDecay
from minicnn.tensor import Tensor

RNG = np.random.default_rng(0)
X = RNG.random((8, 6, 6, 3), dtype=np.float32)
Y = np.arange(8) % 4
W = RNG.random((3, 3, 3, 4), dtype=np.float32)


def model(**compiling: Any) -> Sequential:
    made = Sequential([Input((6, 6, 3)), layers.Conv2D(4, 3), layers.Flatten(), layers.Dense(4, activation="softmax")])
    made.compile(**{"optimizer": "sgd", "loss": "sparse_categorical_crossentropy", **compiling})
    return made


def linear(optimizer: Any) -> Sequential:
    made = Sequential([Input((6, 6, 3)), layers.Flatten(), layers.Dense(4)])
    made.compile(optimizer, "mse")
    return made


def fit(x: Any = X, y: Any = Y, **options: Any) -> Any:
    return model().fit(x, y, **{"verbose": 0, **options})


def architecture(*chain: dict[str, Any], **more: Any) -> str:
    return json.dumps({"class_name": "Sequential", "config": {"name": "net", "layers": list(chain), **more}})


def dense(**config: Any) -> dict[str, Any]:
    return {"class_name": "Dense", "config": {"units": 3, **config}}


def refitted() -> None:
    """A layer is exchanged for another after the optimizer has begun to keep its momentum."""
    net = model(optimizer=optimizers.SGD(momentum=0.9))
    net.fit(X, Y, verbose=0)
    net.pop()
    net.add(layers.Dense(4, activation="softmax"))
    net.fit(X, Y, verbose=0)


def backward_twice() -> None:
    loss = Tensor(np.ones(2), requires_grad=True).sum()
    loss.backward()
    loss.backward()


Case = tuple[Callable[[], Any], type[MinicnnError], str]

OPERATORS: dict[str, Case] = {
    "an image without its batch": (lambda: ops.conv2d(X[0], W), ShapeError, r"conv2d: x must .*x\[None\]"),
    "images without channels": (lambda: ops.conv2d(X[..., 0], W), ShapeError, r"conv2d: x must .*x\[\.\.\., None\]"),
    "a kernel for other channels": (
        lambda: ops.conv2d(X, W[:, :, :2]),
        ShapeError,
        r"conv2d: .* 3 channels.* w must be",
    ),
    "groups that do not divide": (
        lambda: ops.conv2d(X, W, groups=2),
        ArgumentError,
        "conv2d: groups must divide the 3",
    ),
    "a window larger than the image": (
        lambda: ops.conv2d(X[:, :2], W),
        ShapeError,
        "conv2d: a 3x3 window .* use padding",
    ),
    "a pool larger than the image": (
        lambda: ops.max_pool2d(X, 7),
        ShapeError,
        "max_pool2d: a 7x7 window .* does not fit",
    ),
    "a stride of 0": (
        lambda: ops.conv2d(X, W, strides=0),
        ArgumentError,
        "conv2d: strides must be .* at least 1.*got 0",
    ),
    "a stride in words": (lambda: ops.conv2d(X, W, strides="2"), ArgumentError, "conv2d: strides must be"),
    "an unknown padding": (
        lambda: ops.conv2d(X, W, padding="full"),
        ArgumentError,
        "padding must be 'valid', 'same' or",
    ),
    "integers": (lambda: ops.relu(np.arange(3)), DTypeError, r"relu: x must be float32 or float64, got int64.*astype"),
    "two dtypes": (lambda: ops.dense(X[0, 0], np.ones((3, 2))), DTypeError, "dense: all arrays must have one dtype"),
    "no array": (lambda: ops.relu(None), DTypeError, "relu: x must be an array or a Tensor, got NoneType"),
    "shapes that do not broadcast": (lambda: Tensor(X) + W, ShapeError, "add: shapes .* do not broadcast"),
    "a rate of 2": (lambda: ops.dropout(X, 2, seed=0), ArgumentError, "dropout: rate must be at least 0 and below 1"),
    "labels out of range": (
        lambda: ops.softmax_cross_entropy(X[0, 0], Y[:6] + 3),
        DataError,
        "softmax_cross_entropy: labels must be from 0 to 2 for 3 classes; they run from 3 to 6",
    ),
    "backward without a gradient": (
        lambda: (Tensor(X, requires_grad=True) * 2.0).backward(),
        ShapeError,
        r"backward\(\) on a tensor of shape \(8, 6, 6, 3\) needs the upstream gradient",
    ),
    "backward twice": (backward_twice, StateError, r"backward\(\) has already passed here .*retain_graph=True"),
    "gradcheck in float32": (lambda: gradcheck(ops.relu, [X]), DTypeError, "must be a float64 array, got float32"),
}

LAYERS: dict[str, Case] = {
    "no filters": (lambda: layers.Conv2D(0, 3), ArgumentError, "Conv2D: filters must be a whole number of at least 1"),
    "a negative kernel": (lambda: layers.Conv2D(4, -3), ArgumentError, "Conv2D: kernel_size must be .* got -3"),
    "True filters": (lambda: layers.Conv2D(True, 3), ArgumentError, "Conv2D: filters must be a whole number"),
    "units in words": (lambda: layers.Dense("10"), ArgumentError, "Dense: units must be .* got '10'"),
    "no units": (lambda: layers.Dense(None), ArgumentError, "Dense: units must be .* got None"),
    "an unknown activation": (
        lambda: layers.Dense(3, activation="rleu"),
        ArgumentError,
        "there is no activation 'rleu'; did you mean 'relu'",
    ),
    "an unknown initializer": (
        lambda: layers.Dense(3, kernel_initializer="glorot"),
        ArgumentError,
        "there is no initializer 'glorot'; did you mean .* Known: .*he_normal",
    ),
    "a dropout of 30": (lambda: layers.Dropout(30), ArgumentError, "Dropout: rate must be at least 0 and below 1"),
    "a momentum of 2": (lambda: layers.BatchNormalization(momentum=2), ArgumentError, "BatchNormalization: momentum"),
    "an input that is a number": (lambda: Input(28), ArgumentError, r"Input: shape must be .*e\.g\. \(28, 28, 1\)"),
    "a layer that does not fit": (
        lambda: Sequential([Input((6, 6, 3)), layers.MaxPooling2D(9)]),
        ShapeError,
        r"layer 'max_pooling2d' \(MaxPooling2D\): a 9x9 window",
    ),
    "a dense layer on nothing": (lambda: layers.Dense(3)(5.0), ShapeError, r"layer 'dense' \(Dense\) needs a batch"),
    "a layer out of the blue": (lambda: Sequential([print]), ArgumentError, "a model is made of layers, got <built-in"),
    "no list of layers": (
        lambda: Sequential(layers.Dense(3)),
        ArgumentError,
        "layers must be a list of layers, got <De",
    ),
    "sizes beyond reason": (lambda: layers.Dense(10**12)(X), ArgumentError, "would hold .* choose smaller sizes"),
}

MODELS: dict[str, Case] = {
    "fit before compile": (
        lambda: Sequential([Input((6, 6, 3)), layers.Flatten()]).fit(X, Y),
        StateError,
        r"has not been compiled: call compile\(optimizer=\.\.\., loss=\.\.\.\) first",
    ),
    "no loss": (lambda: model(loss=None).evaluate(X, Y), StateError, "was compiled without a loss"),
    "summary before the shape is known": (
        lambda: Sequential([layers.Dense(3)]).summary(),
        StateError,
        "begin it with Inp",
    ),
    "an unknown optimizer": (lambda: model(optimizer="adm"), ArgumentError, "no optimizer 'adm'; did you mean 'adam'"),
    "an unknown loss": (lambda: model(loss="mean_square"), ArgumentError, "no loss 'mean_square'; did you mean"),
    "an unknown metric": (lambda: model(metrics=["accurracy"]), ArgumentError, "there is no metric 'accurracy'"),
    "metrics that are no list": (lambda: model(metrics="accuracy"), ArgumentError, r"metrics must be a list, e\.g\."),
    "a negative learning rate": (
        lambda: optimizers.Adam(-1),
        ArgumentError,
        "Adam: learning_rate must be a number of at",
    ),
    "a schedule without steps": (
        lambda: CosineDecay(0.1, 0),
        ArgumentError,
        "CosineDecay: decay_steps must be a whole",
    ),
    "x of another rank": (lambda: fit(X[0]), ShapeError, r"x has shape \(6, 6, 3\), the model takes \(None, 6, 6, 3\)"),
    "channels first": (lambda: fit(X.transpose(0, 3, 1, 2)), ShapeError, r"put the channels last: x\.transpose"),
    "no examples": (lambda: fit(X[:0], Y[:0]), DataError, r"x holds no examples: its shape is \(0, 6, 6, 3\)"),
    "NaN pixels": (lambda: fit(X * np.nan), DataError, r"x: contains 864 values that are NaN .*np\.nan_to_num"),
    "infinite pixels": (lambda: model().predict(np.full_like(X, np.inf)), DataError, "x: contains .* NaN or infinite"),
    "text": (lambda: fit(["a", "b"]), DTypeError, "x must hold real numbers"),
    "None": (lambda: model().predict(None), ArgumentError, r"x is missing: give an array of examples, \(N, \.\.\.\)"),
    "labels that are floats": (lambda: fit(y=Y / 2), DataError, r"y: has dtype float64; .*labels\.astype\('int64'\)"),
    "a label too great": (
        lambda: fit(y=Y + 1),
        DataError,
        "y: contains label 4 .* with 4 classes the labels are 0 to 3",
    ),
    "a label below zero": (
        lambda: fit(y=Y - 1),
        DataError,
        "y: contains label -1 at index 0; class numbers begin at 0",
    ),
    "too few labels": (lambda: fit(y=Y[:3]), DataError, "y: has 3 labels for 8 images; expected one for each"),
    "one-hot labels": (lambda: fit(y=np.eye(4)[Y]), DataError, r"y: .*look one-hot: give labels\.argmax\(axis=1\)"),
    "targets of another width": (
        lambda: model(loss="mse").fit(X, np.ones((8, 3)), verbose=0),
        ShapeError,
        r"mean_squared_error: y_true \(8, 3\) must have the shape of the predictions, \(8, 4\)",
    ),
    "a validation split of 1": (
        lambda: fit(validation_split=1),
        ArgumentError,
        "validation_split must be .*below 1, got 1",
    ),
    "a validation split of 2": (
        lambda: fit(validation_split=2),
        ArgumentError,
        "validation_split must be .*below 1, got 2",
    ),
    "a validation split in words": (
        lambda: fit(validation_split="1/5"),
        ArgumentError,
        "validation_split must be a fini",
    ),
    "too few weights": (
        lambda: fit(sample_weight=[1, 2]),
        ShapeError,
        r"sample_weight must have shape \(8,\), .* \(2,\)",
    ),
    "class weights in a list": (lambda: fit(class_weight=[1, 2]), ArgumentError, "class_weight must map class numbers"),
    "no epochs": (lambda: fit(epochs=0), ArgumentError, "epochs must be a whole number of at least 1, got 0"),
    "half a batch": (lambda: fit(batch_size=0.5), ArgumentError, r"batch_size must be a whole number .* got 0\.5"),
    "a callback that is none": (lambda: fit(callbacks=["stop"]), ArgumentError, "callbacks must be a list of"),
    "weights of another model": (
        lambda: model().set_weights([np.ones(3)]),
        ShapeError,
        "sequential has 4 weight arrays, it was given 1",
    ),
    "another optimizer's variables": (refitted, ArgumentError, "compile the model again, with a new optimizer"),
    "a loss that explodes": (
        lambda: linear(optimizers.SGD(1e30)).fit(X, np.eye(4)[Y], epochs=3, verbose=0),
        NonFiniteError,
        "the loss became .* at step 2: .* Try a smaller learning rate, or clipnorm",
    ),
    "a reduction that is none": (
        lambda: losses.MeanSquaredError(reduction="avg"),
        ArgumentError,
        "reduction must be one of",
    ),
    "a seed below zero": (
        lambda: minicnn.set_random_seed(-1),
        ArgumentError,
        "seed must be a whole number of at least 0",
    ),
    "an unknown backend": (
        lambda: minicnn.use_backend("nunpy"),
        BackendError,
        "no backend 'nunpy', .*did you mean 'numpy'",
    ),
    "a backend that is not here": (
        lambda: minicnn.use_backend("cuda"),
        BackendError,
        "'cuda' cannot be used: .* use one",
    ),
    "an unknown augmentation": (
        lambda: augment.get("flop"),
        ArgumentError,
        "no augmentation 'flop'; did you mean 'flip'",
    ),
    "an unknown data set": (lambda: sources.load("minst"), DataError, "data 'minst' is neither .* Did you mean mnist"),
}

ARCHITECTURES: dict[str, Case] = {
    name: (lambda text=text: models.model_from_json(text), ArgumentError, message)
    for name, text, message in (
        ("no JSON", "{'class_name'", "the architecture is not JSON: "),
        ("nothing", None, "the architecture is not JSON: "),
        ("nested without end", "[" * 100_000, "the architecture is not JSON: "),
        ("nested deeply", '{"a":' * 900 + "1" + "}" * 900, "an architecture must be"),
        ("a list", "[]", r'an architecture must be \{"class_name": "Sequential", "config"'),
        ("another class", '{"class_name": "Functional", "config": {}}', "an architecture must be"),
        ("no layers", '{"class_name": "Sequential", "config": {}}', "a model's config must be"),
        ("a layer that is a number", architecture(5), "a layer's config must be"),  # type: ignore[arg-type]
        ("an unknown layer", architecture({"class_name": "Lambda", "config": {}}), "there is no layer 'Lambda'"),
        ("a class name that is a list", architecture({"class_name": ["Dense"], "config": {}}), "there is no layer"),
        (
            "an unknown argument",
            architecture(dense(color="red")),
            "layer 'Dense' cannot be made from its config: .*color",
        ),
        ("a missing argument", architecture({"class_name": "Dense", "config": {}}), "'Dense' cannot be made.*units"),
        ("a name that is a list", architecture(dense(name=["a"])), "Dense: name must be a string"),
        ("a negative size", architecture(dense(units=-1)), "Dense: units must be a whole number of at least 1"),
        ("a huge size", architecture(dense(units=10**30), input_shape=[5]), "choose smaller sizes"),
        (
            "huge images",
            architecture({"class_name": "ZeroPadding2D", "config": {"padding": 10**9}}, input_shape=[5, 5, 1]),
            "one example's output of shape .* choose smaller sizes",
        ),
        (
            "a value in words",
            architecture(dense(kernel_initializer={"class_name": "Constant", "config": {"value": "x"}})),
            "Constant: value must be a finite number",
        ),
        ("a flag in words", architecture(dense(use_bias="False")), "Dense: use_bias must be True or False"),
        (
            "an input shape that is a number",
            architecture(dense(), input_shape=5),
            "shape must be the shape of one example",
        ),
        (
            "a dtype that is none",
            architecture(dense(), dtype="int8"),
            "dtype must be 'float32' or 'float64', got 'int8'",
        ),
        ("layers of the same name", architecture(dense(name="a"), dense(name="a")), "two layers named 'a'; names must"),
    )
}

EVERYTHING = {
    f"{kind}: {name}": case
    for kind, cases in (("ops", OPERATORS), ("layers", LAYERS), ("models", MODELS), ("json", ARCHITECTURES))
    for name, case in cases.items()
}


@pytest.mark.parametrize(("call", "error", "message"), EVERYTHING.values(), ids=EVERYTHING)
def test_in_python(call: Callable[[], Any], error: type[MinicnnError], message: str) -> None:
    with pytest.raises(error, match=message) as caught:
        call()
    assert type(caught.value) is error
    assert "minicnn" in Path(caught.traceback[-1].path).parts, "not from inside NumPy"


# On the command line: exit status 1 or 2, the reason on stderr, no traceback, and nothing written.


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
    model().save("run/last.minicnn")


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


def test_every_kind_of_error_is_also_the_one_that_python_users_expect() -> None:
    for error, expected in (
        (ArgumentError, ValueError),
        (ShapeError, ValueError),
        (DataError, ValueError),
        (CheckpointError, ValueError),
        (DTypeError, TypeError),
        (OutputError, OSError),
        (StateError, RuntimeError),
        (NonFiniteError, ArithmeticError),
    ):
        assert issubclass(error, expected)
        assert issubclass(error, MinicnnError)
