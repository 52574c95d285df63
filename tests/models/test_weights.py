"""Weights from files: all in their order, or layer by layer, and what is said of each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load, save

from minicnn import Input, Model, Sequential, layers
from minicnn.errors import ArgumentError, CheckpointError, StateError
from minicnn.losses import SparseCategoricalCrossentropy
from minicnn.models import load_model
from minicnn.models.weights import LoadedWeights, layer_weights
from minicnn.training.archive import read_archive, write_archive
from tests.training.tasks import linear, network, quarters

X, Y = quarters()


def trunk(first: str = "first") -> list[Any]:
    return [
        Input((6, 6, 1)),
        layers.Conv2D(4, 3, name=first),
        layers.BatchNormalization(name="norm"),
        layers.Flatten(),
    ]


def classifier(classes: int, head: str = "head") -> Sequential:
    return Sequential([*trunk(), layers.Dense(classes, name=head)])


def weights_of(model: Model, layer: str) -> list[np.ndarray]:
    return model.get_layer(layer).get_weights()


def assert_same(ours: list[np.ndarray], theirs: list[np.ndarray]) -> None:
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(a, b)


# In order.


def test_load_weights_into_another_model_of_the_same_architecture(tmp_path: Path) -> None:
    model, other = network(), network(seed=5)
    model.save_weights(tmp_path / "weights")
    report = other.load_weights(tmp_path / "weights")
    assert_same(model.get_weights(), other.get_weights())
    assert report.loaded == ["conv2d", "batch_normalization", "dense"]
    assert not report.kept
    assert not report.unused


def test_load_weights_refuses_another_architecture_and_changes_nothing(tmp_path: Path) -> None:
    network().save(tmp_path / "model")
    other = Sequential([Input((6, 6, 1)), layers.Conv2D(5, 3), layers.Flatten(), layers.Dense(4)])
    fewer = linear()
    for model, message in ((other, "has 4 weight arrays, it was given 8"), (fewer, "has 2 weight arrays")):
        before = model.get_weights()
        with pytest.raises(CheckpointError, match=f"was saved from another model: .*{message}"):
            model.load_weights(tmp_path / "model")
        assert_same(model.get_weights(), before)
    with pytest.raises(StateError, match="sequential has no weights to load into yet: build it, or call it once"):
        Sequential([layers.Dense(3)]).load_weights(tmp_path / "model")


def test_names_do_not_matter_in_order(tmp_path: Path) -> None:
    model = classifier(4)
    model.save_weights(tmp_path / "weights")
    other = Sequential([*trunk("other"), layers.Dense(4)])
    other.load_weights(tmp_path / "weights")
    assert_same(other.get_weights(), model.get_weights())


def test_skipping_in_order_takes_all_that_fits_and_warns_of_the_rest(tmp_path: Path) -> None:
    model, other = classifier(4), Sequential([*trunk("other"), layers.Dense(7), layers.Dense(2, name="more")])
    model.save(tmp_path / "model")
    before = other.get_weights()
    with pytest.warns(
        UserWarning, match=r"dense: dense/kernel has shape \(64, 7\).*\(64, 4\).*; more: the file has no"
    ):
        report = other.load_weights(tmp_path / "model", skip_mismatch=True)
    assert_same(other.get_weights()[:6], model.get_weights()[:6])
    assert_same(other.get_weights()[6:], before[6:])
    assert report.loaded == ["other", "norm"]
    assert list(report.kept) == ["dense", "more"]
    assert report.unused == ["head"]
    assert str(report).splitlines()[0] == "loaded: other, norm"
    assert str(report).splitlines()[-1] == "not used: head"


# By name.


def test_a_trunk_finds_its_weights_under_another_head(tmp_path: Path) -> None:
    model = classifier(4)
    model.save(tmp_path / "model")
    other = classifier(9, head="new head")
    before = weights_of(other, "new head")
    report = other.load_weights(tmp_path / "model", by_name=True)
    assert_same(weights_of(other, "first"), weights_of(model, "first"))
    assert_same(weights_of(other, "norm"), weights_of(model, "norm"))
    assert_same(weights_of(other, "new head"), before)
    assert report.loaded == ["first", "norm"]
    assert report.kept == {"new head": "the file has no such layer"}
    assert report.unused == ["head"]


def test_the_order_does_not_matter_by_name(tmp_path: Path) -> None:
    a, b = Input((3,)), Input((3,))
    model = Model([a, b], [layers.Dense(3, name="one")(a), layers.Dense(3, name="two")(b)])
    model.save_weights(tmp_path / "weights")
    x = Input((3,))
    other = Model(x, layers.Dense(3, name="one")(layers.Dense(3, name="two")(x)))
    assert [name for name, _ in layer_weights(other)] == ["two", "one"]
    other.load_weights(tmp_path / "weights", by_name=True)
    for name in ("one", "two"):
        assert_same(weights_of(other, name), weights_of(model, name))


def test_a_layer_of_the_same_name_that_differs_is_an_error_or_skipped(tmp_path: Path) -> None:
    classifier(4).save(tmp_path / "model")
    other = classifier(9)
    before = other.get_weights()
    with pytest.raises(CheckpointError, match=r"model does not fit: head: head/kernel has shape \(64, 9\).*skip_mism"):
        other.load_weights(tmp_path / "model", by_name=True)
    assert_same(other.get_weights(), before)
    with pytest.warns(UserWarning, match=r"load_weights: not all of .*model was loaded. head: head/kernel has shape"):
        report = other.load_weights(tmp_path / "model", by_name=True, skip_mismatch=True)
    assert report.loaded == ["first", "norm"]
    assert_same(weights_of(other, "head"), before[-2:])
    without = Sequential([*trunk(), layers.Dense(4, name="head", use_bias=False)])
    with pytest.raises(CheckpointError, match=r"head: it has 1 weight arrays \(kernel\), the file 2"):
        without.load_weights(tmp_path / "model", by_name=True)


def test_nothing_in_common_is_an_error(tmp_path: Path) -> None:
    classifier(4).save(tmp_path / "model")
    with pytest.raises(CheckpointError, match="nothing that fits: it holds first, norm, head, the model dense"):
        linear().load_weights(tmp_path / "model", by_name=True)
    with pytest.raises(CheckpointError, match="nothing that fits"):
        linear().load_weights(tmp_path / "model", skip_mismatch=True)


def test_models_within_models_have_names_of_their_own(tmp_path: Path) -> None:
    """Both bodies have a layer "first", and what is outside is called so, too."""

    def nested(head: int) -> Model:
        x = Input((6, 6, 1))
        left, right = Sequential(trunk(), name="left"), Sequential(trunk(), name="right")
        y = layers.Concatenate()([left(x), right(x)])
        return Model(x, layers.Dense(head, name="first")(y))

    model, other = nested(4), nested(9)
    model.save(tmp_path / "model")
    assert [name for name, _ in layer_weights(model)] == [
        "left/first", "left/norm", "right/first", "right/norm", "first"
    ]  # fmt: skip
    with pytest.warns(UserWarning, match="first: first/kernel"):
        report = other.load_weights(tmp_path / "model", by_name=True, skip_mismatch=True)
    assert report.loaded == ["left/first", "left/norm", "right/first", "right/norm"]
    assert_same(other.get_weights()[:-2], model.get_weights()[:-2])
    body = Sequential(trunk(), name="left")
    body.save_weights(tmp_path / "body")
    with pytest.raises(CheckpointError, match="nothing that fits: it holds first, norm, the model left/first"):
        Model(x := Input((6, 6, 1)), Sequential(trunk(), name="left")(x)).load_weights(tmp_path / "body", by_name=True)
    other.get_layer("right").load_weights(tmp_path / "body")
    assert_same(weights_of(other, "right"), body.get_weights())


def test_a_shared_layer_is_stored_once(tmp_path: Path) -> None:
    def siamese() -> Model:
        a, b = Input((3,)), Input((3,))
        shared = layers.Dense(3, name="shared")
        within = Model(x := Input((3,)), layers.Dense(2, name="own")(shared(x)), name="within")
        return Model([a, b], layers.Add()([within(shared(a)), within(b)]))

    model, other = siamese(), siamese()
    model.save_weights(tmp_path / "weights")
    assert set(read_archive(tmp_path / "weights")[0]) == {
        f"weights/{name}/{kind}" for name in ("shared", "within/own") for kind in ("kernel", "bias")
    }
    assert other.load_weights(tmp_path / "weights", by_name=True).loaded == ["shared", "within/own"]
    assert_same(other.get_weights(), model.get_weights())


class Held(Model):
    """Layers that nobody numbers, within one that holds variables itself."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = self.add_weight(name="scale", shape=(3,), initializer="ones")
        self.block = Block()

    def call(self, x: Any) -> Any:
        return self.block(x) * self.scale


class Block(layers.Layer):
    def __init__(self) -> None:
        super().__init__()
        self.parts = [layers.Dense(3), layers.Dense(3)]
        self.twice = [self.add_weight(name="w", shape=(1,)) for _ in range(2)]

    def call(self, x: Any) -> Any:
        return self.parts[1](self.parts[0](x)) * self.twice[0] * self.twice[1]


def test_names_that_come_twice_are_told_apart(tmp_path: Path) -> None:
    model, other = Held(), Held()
    for one in (model, other):
        one(np.ones((1, 3), np.float32))
        one.set_weights([np.random.default_rng(id(one)).random(w.shape) for w in one.get_weights()])
    assert [(name, list(own)) for name, own in layer_weights(model)] == [
        ("", ["scale"]),
        ("block", ["w", "w_1"]),
        ("block/dense", ["kernel", "bias"]),
        ("block/dense_1", ["kernel", "bias"]),
    ]
    model.save_weights(tmp_path / "weights")
    other.load_weights(tmp_path / "weights", by_name=True)
    assert_same(other.get_weights(), model.get_weights())


def test_what_a_subclass_holds_itself_is_called_the_model_itself() -> None:
    assert str(LoadedWeights(["", "dense"])) == "loaded: the model itself, dense"
    assert str(LoadedWeights(kept={"": "it differs"})).endswith("kept as it was: the model itself, it differs")


def test_names_and_order_are_those_of_the_weights() -> None:
    for model in (classifier(4), network(), Sequential([Input((3,)), layers.PReLU(), layers.Dense(2)])):
        flat = [variable for _, own in layer_weights(model) for variable in own.values()]
        assert [*map(id, flat)] == [*map(id, model.weights)]


def test_arguments_that_are_no_flags() -> None:
    for wrong in ({"by_name": "yes"}, {"skip_mismatch": 1}):
        with pytest.raises(ArgumentError, match=f"{next(iter(wrong))} must be True or False"):
            classifier(4).load_weights("nothing", **wrong)


# Files.


def as_first_format(path: Path) -> None:
    """Rewrites a file as the first version of the format had it: weights by their numbers."""
    from minicnn.training.envelope import digest

    arrays, config = read_archive(path)
    names = config["weights"]
    numbered = {f"weights/{i}": arrays.pop(f"weights/{name}") for i, name in enumerate(names)} | arrays
    config["weights"] = ["/".join(name.split("/")[-2:]) for name in names]
    envelope = {"format": "minicnn-1", "sha256": digest(numbered, config), "config": config}
    path.write_bytes(save(numbered, metadata={"minicnn": json.dumps(envelope)}))


def test_files_of_the_first_format(tmp_path: Path) -> None:
    model = classifier(4)
    model.compile("adam", SparseCategoricalCrossentropy(from_logits=True))
    model.fit(X, Y, verbose=0)
    model.save(tmp_path / "old")
    as_first_format(tmp_path / "old")
    assert set(load((tmp_path / "old").read_bytes())) > {"weights/0", "weights/7"}
    np.testing.assert_array_equal(load_model(tmp_path / "old").predict(X), model.predict(X))
    other = classifier(4)
    other.load_weights(tmp_path / "old")
    assert_same(other.get_weights(), model.get_weights())
    nine = classifier(9)
    with pytest.warns(UserWarning, match="head/kernel has shape"):
        assert nine.load_weights(tmp_path / "old", skip_mismatch=True).loaded == ["first", "norm"]
    with pytest.raises(CheckpointError, match="of an earlier version, which did not say in which model a layer is"):
        nine.load_weights(tmp_path / "old", by_name=True)


@pytest.mark.parametrize("options", [{}, {"by_name": True}, {"skip_mismatch": True}], ids=str)
@pytest.mark.parametrize("names", [None, 5, "abc", ["a"], [], [1, 2, 3], [["head"]] * 8, "twice"], ids=str)
def test_forged_lists_of_weights(names: Any, options: dict[str, bool], tmp_path: Path) -> None:
    model = classifier(4)
    model.save_weights(tmp_path / "weights")
    arrays, config = read_archive(tmp_path / "weights")
    right = config["weights"]
    config["weights"] = [*right[:-1], right[0]] if names == "twice" else names
    write_archive(tmp_path / "weights", arrays, config)
    with pytest.raises(CheckpointError, match=r"weights (was saved from another|holds no list of its weights)"):
        model.load_weights(tmp_path / "weights", **options)
