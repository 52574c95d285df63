"""Files and folders that chance or a hostile hand has changed: refused by name, or what they were; never worse.

Each is loaded under a limit of processor time, and of memory: a small multiple of the file's own size.
"""

from __future__ import annotations

import json
import signal
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minicnn import Input, Model, Sequential, layers, ops
from minicnn.errors import ArgumentError, CheckpointError
from minicnn.models import load_model, load_training, loading, model_from_json, save_training
from minicnn.training.archive import read_archive, write_archive
from tests.models.mutations import Mutation, by_chance, forged_arrays, forged_configs, forged_headers
from tests.models.test_graph_saving import ROW, X, Y, everything
from tests.training.tasks import network, quarters

SECONDS = 10  # of the processor, for one file
FACTOR, FLOOR = 4, 2**20  # bytes at most: so many times the file's, and what layers and error messages take


@contextmanager
def limited(size: int) -> Iterator[None]:
    """Raises TimeoutError after SECONDS of computing; fails if more memory was taken than `size` bytes allow."""

    def hang(*_: object) -> None:
        raise TimeoutError(f"more than {SECONDS} s of computing")

    before = signal.signal(signal.SIGVTALRM, hang)
    tracemalloc.start()
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    try:
        yield
        assert (peak := tracemalloc.get_traced_memory()[1]) < FACTOR * size + FLOOR, f"{peak} bytes for {size}"
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        tracemalloc.stop()
        signal.signal(signal.SIGVTALRM, before)


def test_the_limits_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AssertionError, match="bytes for 100"), limited(100):
        bytes(2 * FLOOR)
    monkeypatch.setattr(f"{__name__}.SECONDS", 0.01)
    with pytest.raises(TimeoutError), limited(0):
        while True:
            pass


def size_of(path: Path) -> int:
    return sum(file.stat().st_size for file in path.iterdir()) if path.is_dir() else path.stat().st_size


def outcomes(path: Path, load: Callable[[], Any], mutations: Iterator[Mutation], harmless: Any = None) -> Counter[str]:
    """How many were refused and how many loaded; those must be `harmless`, if that is given."""
    counted: Counter[str] = Counter()
    for name, mutate in mutations:
        mutate()
        try:
            with limited(size_of(path)):
                loaded = load()
        except CheckpointError as error:
            assert str(path) in str(error), name
            counted["refused"] += 1
        except BaseException as error:
            raise AssertionError(f"{name}: {type(error).__name__}: {error}") from error
        else:
            assert harmless is None or harmless(loaded), f"{name}: loaded, and is not what it was"
            counted["loaded"] += 1
    return counted


def same_as(original: Model) -> Callable[[Model], bool]:
    def is_same(loaded: Model) -> bool:
        pairs = zip(original.get_weights(), loaded.get_weights(), strict=True)
        return loaded.get_config() == original.get_config() and all(np.array_equal(a, b) for a, b in pairs)

    return is_same


class Tower(Model):
    def __init__(self) -> None:
        super().__init__()
        self.dense = [layers.Dense(4), layers.Dense(3)]

    def call(self, x: Any) -> Any:
        return self.dense[1](self.dense[0](x))


@pytest.fixture(scope="module")
def sequential() -> Sequential:
    model = network()
    model.fit(*quarters(), verbose=0)
    return model


@pytest.fixture(scope="module")
def functional() -> Model:
    model = everything()
    model.fit([X, ROW], Y, verbose=0)
    return model


def test_training_checkpoints(sequential: Sequential, tmp_path: Path) -> None:
    path = tmp_path / "training"
    save_training(sequential, path, {"note": [1, "two"]})
    same = same_as(sequential)
    counted = outcomes(path, lambda: load_training(path)[0], by_chance(path, 90, seed=1), same)
    assert counted["refused"] >= 80
    assert outcomes(path, lambda: load_training(path)[0], forged_headers(path), same)["refused"] > 40
    assert outcomes(path, lambda: load_training(path)[0], forged_arrays(path))["refused"] > 10
    counted = outcomes(path, lambda: load_training(path)[0], forged_configs(path, 120, seed=2))
    assert counted["refused"] > 60
    assert same(load_training(path)[0]), "the file is whole again"


def test_functional_models(functional: Model, tmp_path: Path) -> None:
    path = tmp_path / "functional"
    functional.save(path)
    same = same_as(functional)
    assert outcomes(path, lambda: load_model(path), by_chance(path, 45, seed=3), same)["refused"] >= 40
    assert outcomes(path, lambda: load_model(path), forged_configs(path, 120, seed=4))["refused"] > 60


def test_folders(sequential: Sequential, tmp_path: Path) -> None:
    path = tmp_path / "folder"
    sequential.save(path, zipped=False)
    same = same_as(sequential)
    for file in sorted(path.iterdir()):
        counted = outcomes(path, lambda: load_model(path), by_chance(file, 27, seed=5), same)
        assert counted["refused"] >= 20, file.name
    weights = next(path.glob("weights-*"))
    assert outcomes(path, lambda: load_model(path), forged_headers(weights), same)["refused"] > 40
    assert outcomes(path, lambda: load_model(path), forged_configs(path, 40, seed=6))["refused"] > 20


@pytest.mark.parametrize("options", [{}, {"by_name": True}, {"by_name": True, "skip_mismatch": True}], ids=str)
@pytest.mark.filterwarnings("ignore:load_weights")
def test_weights_of_a_subclass(options: dict[str, bool], tmp_path: Path) -> None:
    path, model = tmp_path / "weights", Tower()
    model(ROW)
    model.save_weights(path)
    before = model.get_weights()

    def load() -> Model:
        model.load_weights(path, **options)
        return model

    def same(_: Model) -> bool:
        return all(np.array_equal(a, b) for a, b in zip(model.get_weights(), before, strict=True))

    assert outcomes(path, load, by_chance(path, 18, seed=7), same)["refused"] >= 15
    assert outcomes(path, load, forged_arrays(path))["refused"] >= 5
    model.set_weights(before)
    assert outcomes(path, load, forged_configs(path, 40, seed=8))["refused"] > 20


# What only looks affordable.


def dense_layers(count: int, units: int) -> dict[str, Any]:
    chain = [{"class_name": "Dense", "config": {"units": units}} for _ in range(count)]
    return {"class_name": "Sequential", "config": {"name": "chain", "input_shape": [units], "layers": chain}}


def test_many_layers_that_are_affordable_one_by_one(tmp_path: Path) -> None:
    """The file holds no weights for them."""
    write_archive(tmp_path / "huge", {}, {"model": dense_layers(20, 2**14), "weights": []})
    with limited(0), pytest.raises(CheckpointError, match="all layers together would hold more than 0 numbers"):
        load_model(tmp_path / "huge")


def test_descriptions_may_declare_no_more_than_one_layer_could(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "LARGEST", 10_000)
    model_from_json(json.dumps(dense_layers(3, 50)))
    with limited(2**16), pytest.raises(ArgumentError, match="all layers together would hold more than 10,000 numbers"):
        model_from_json(json.dumps(dense_layers(4, 50)))


def operation(operator: str, *arguments: Any, **options: Any) -> dict[str, Any]:
    return {"class_name": "Operation", "config": {"operator": operator, "arguments": arguments, "options": options}}


T = {"tensor": 0}
HUGE: dict[str, tuple[list[int], dict[str, Any]]] = {
    "copies": ([2**29], {"class_name": "RepeatVector", "config": {"n": 2**20}}),
    "an input": ([2**29], operation("relu", T)),
    "upsampled": ([100, 100, 1], operation("upsample2d", T, [10**4, 10**4])),
    "upsampled by name": ([100, 100, 1], operation("upsample2d", T, size=300)),
    "padded": ([10, 10, 1], operation("zero_pad2d", T, [[0, 30_000], [30_000, 0]])),
    "pooled with pads": ([10, 10, 1], operation("max_pool2d", T, 40_000, padding=20_000)),
    "strides": ([100, 100, 1], operation("conv2d_transpose", T, {"array": [[[[1.0]]]], "dtype": "float32"}, 99)),
    "one filter for each": ([2**20, 1], operation("dense", T, {"array": [[1.0] * 999], "dtype": "float32"})),
    "rows and columns": ([2**14, 1], operation("add", T, {"array": [[0.0] * 2**14], "dtype": "float32"})),
    "rows and columns more": ([4, 2**11, 1], operation("matmul", T, {"array": [[0.0] * 2**12], "dtype": "float32"})),
    "the same rows": ([2**20, 1], operation("getitem", T, [{"slice": [None] * 3}, [0] * 999])),
    "joined": ([2**20], operation("concatenate", [T] * 999)),
}  # fmt: skip


@pytest.mark.parametrize(
    "metric",
    [
        {"class_name": "AUC", "config": {"num_thresholds": 10**9}},
        {"class_name": "SpecificityAtSensitivity", "config": {"sensitivity": 0.5, "num_thresholds": 10**9}},
        {"class_name": "MeanIoU", "config": {"num_classes": 10**9}},
    ],
    ids=lambda metric: metric["class_name"],
)
def test_metrics_that_would_keep_too_much(metric: dict[str, Any], tmp_path: Path) -> None:
    model = Sequential([Input((3,)), layers.Dense(2)])
    model.compile("sgd", "mse")
    model.save(tmp_path / "model")
    arrays, config = read_archive(tmp_path / "model")
    config["compile"]["metrics"] = [metric]
    write_archive(tmp_path / "model", arrays, config)
    with limited(2**20), pytest.raises(CheckpointError, match=r"num_.* must be a whole number .*, got 1000000000"):
        load_model(tmp_path / "model")


@pytest.mark.parametrize(("shape", "layer"), HUGE.values(), ids=HUGE)
def test_outputs_that_are_huge_are_not_made(
    shape: list[int], layer: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(layers.Operation, "call")  # not even tried
    entry = {"class_name": "InputLayer", "config": {"shape": shape, "name": "x"}}
    config = {
        "name": "huge", "dtype": None, "layers": [entry, {**layer, "config": {**layer["config"], "name": "y"}}],
        "calls": [{"layer": "y", "inputs": ["x:0:0"], "training": None}], "inputs": "x:0:0", "outputs": "y:0:0",
    }  # fmt: skip
    if layer["class_name"] == "RepeatVector":
        config["calls"][0]["inputs"] = "x:0:0"
    write_archive(tmp_path / "huge", {}, {"model": {"class_name": "Model", "config": config}, "weights": []})
    with limited(2**20), pytest.raises(CheckpointError, match="choose smaller sizes"):
        load_model(tmp_path / "huge")


def test_operators_of_usual_sizes_are_tried_out(tmp_path: Path) -> None:
    x = Input((256, 256, 16))
    y = ops.max_pool2d(ops.zero_pad2d(x, 3), 3, strides=2, padding=1)
    y = ops.conv2d(y, np.ones((3, 3, 16, 2), np.float32), padding="same") * y[..., :2] + 1.0
    y = ops.matmul(ops.reshape(y, (-1, y.shape[1] * 2, y.shape[2])), np.ones((y.shape[2], 4), np.float32))
    model = Model(x, ops.sum(ops.concatenate([y, y], axis=-1), axis=(1, 2)))
    model.save(tmp_path / "model")
    assert load_model(tmp_path / "model").output_shape == model.output_shape


def test_a_chain_of_very_many_layers_takes_no_square_of_their_number(tmp_path: Path) -> None:
    """Squared it would be minutes."""
    chain = [{"class_name": "Dropout", "config": {"rate": 0.5}} for _ in range(2000)]
    chain = [{"class_name": "InputLayer", "config": {"shape": [4]}}, *chain]
    model = {"class_name": "Sequential", "config": {"name": "long", "layers": chain}}
    write_archive(tmp_path / "long", {}, {"model": model, "weights": []})
    with limited(2**24):
        assert len(load_model(tmp_path / "long").layers) == 2000


def test_a_larger_model_takes_little_more_than_its_file(tmp_path: Path) -> None:
    model = Sequential([Input((256,)), *[layers.Dense(256) for _ in range(8)]])
    model.compile("adam", "mse")
    model.train_on_batch(np.ones((2, 256)), np.ones((2, 256)))
    for folder in (False, True):
        model.save(path := tmp_path / f"larger {folder}", zipped=not folder)
        assert size_of(path) > 6 * 2**20, "so that the memory for everything else does not matter"
        with limited(size_of(path)):
            loaded = load_model(path)
        assert same_as(model)(loaded)


def test_an_input_that_is_no_file(tmp_path: Path) -> None:
    model = Sequential([Input((3,)), layers.Dense(2)])
    model.save(tmp_path / "model")
    assert same_as(model)(load_model(tmp_path / "model"))
    for path in ("/dev/zero", "/dev/null", tmp_path):
        with limited(0), pytest.raises(CheckpointError, match=str(path)):
            load_model(path)
