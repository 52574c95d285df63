"""Weights to files and back: all of them in their order, or layer by layer, by name or as far as they fit."""

from __future__ import annotations

import os
import warnings
from collections.abc import Container, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

import numpy as np

from minicnn.errors import CheckpointError, MinicnnError, StateError
from minicnn.layers import Layer, Variable
from minicnn.layers.arguments import flag
from minicnn.training.archive import read_archive, write_archive
from minicnn.training.model import Trainer

# The weights of a layer by their names, in a model or in a file, and what the layer is called there: "trunk/conv2d".
Own = tuple[str, dict[str, Variable]]
Saved = tuple[str, dict[str, np.ndarray]]


@dataclass(frozen=True)
class LoadedWeights:
    """What `load_weights` did, layer by layer.

    A layer within a model is called "model/layer", and "" is what a subclass of Model holds itself.
    loaded: the layers that took over weights. kept: those that kept theirs, and why. unused: what the file holds
    besides.
    """

    loaded: list[str] = field(default_factory=list)
    kept: dict[str, str] = field(default_factory=dict)
    unused: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        lines = [f"loaded: {', '.join(layer or 'the model itself' for layer in self.loaded)}"]
        lines += [f"kept as it was: {layer or 'the model itself'}, {why}" for layer, why in self.kept.items()]
        return "\n".join([*lines, *([f"not used: {', '.join(self.unused)}"] if self.unused else [])])


def save_weights(model: Trainer, path: str | os.PathLike[str], overwrite: bool = True) -> None:
    """The weights to a file or folder, whatever the model computes with them. Raises OutputError, StateError."""
    write_archive(path, *named_weights(model), overwrite=overwrite)


def load_weights(
    model: Trainer, path: str | os.PathLike[str], by_name: bool = False, skip_mismatch: bool = False
) -> LoadedWeights:
    """Weights of a saved model into another, all or nothing; says what was loaded and what was not.

    All in their order; or by_name, into the layers whose names are in the file, at any depth. skip_mismatch: layers
    that differ in shapes or number of weights keep theirs, with a warning.
    Raises CheckpointError if the file is damaged, if a layer differs, or none fits; StateError if the model has no
    weights yet; ArgumentError.
    """
    flag(model, "by_name", by_name)
    flag(model, "skip_mismatch", skip_mismatch)
    if not model.built:
        raise StateError(f"{model.name} has no weights to load into yet: build it, or call it once")
    arrays, config = read_archive(path)
    own = layer_weights(model)
    if by_name or skip_mismatch:
        return _load_layers(own, _saved_layers(arrays, config, path, by_name), by_name, skip_mismatch, path)
    set_saved_weights(model, arrays, config, path)
    return LoadedWeights([layer for layer, _ in own])


def _load_layers(
    own: list[Own], saved: list[Saved], by_name: bool, skip_mismatch: bool, path: str | os.PathLike[str]
) -> LoadedWeights:
    called = dict(saved)
    found = [called.get(layer) for layer, _ in own] if by_name else [a for _, a in saved[: len(own)]]
    report, fitting, wrong = LoadedWeights(), list[tuple[Variable, np.ndarray]](), list[str]()
    used: set[int] = set()
    for (layer, variables), arrays in zip_longest(own, found):
        why = _misfit(variables, arrays)
        if arrays is not None and why is None:
            report.loaded.append(layer)
            used.add(id(arrays))
            fitting += zip(variables.values(), arrays.values(), strict=True)
        else:
            report.kept[layer] = str(why)
            if arrays is not None or not by_name:
                wrong.append(f"{layer}: {why}")
    report.unused.extend(layer for layer, arrays in saved if id(arrays) not in used)
    if wrong and not skip_mismatch:
        raise CheckpointError(f"{path} does not fit: {'; '.join(wrong)}; with skip_mismatch=True they keep their own")
    if not fitting:
        raise CheckpointError(f"{path} has nothing that fits: it holds {_listed(saved)}, the model {_listed(own)}")
    if wrong:
        warnings.warn(f"load_weights: not all of {path} was loaded. {'; '.join(wrong)}", stacklevel=4)
    for variable, array in fitting:
        variable.assign(array)
    return report


def _misfit(variables: dict[str, Variable], arrays: dict[str, np.ndarray] | None) -> str | None:
    """Why a layer cannot take these over; None if it can."""
    if arrays is None:
        return "the file has no such layer"
    if len(variables) != len(arrays):
        return f"it has {len(variables)} weight arrays ({', '.join(variables)}), the file {len(arrays)}"
    try:
        for variable, array in zip(variables.values(), arrays.values(), strict=True):
            variable.fitting(array)
    except MinicnnError as error:
        return str(error)
    return None


def _listed(layers: Sequence[Own] | Sequence[Saved]) -> str:
    return ", ".join(layer for layer, _ in layers[:20]) + (", ..." if len(layers) > 20 else "") or "nothing"


# What weights are called.


def layer_weights(model: Layer) -> list[Own]:
    """The layers that have weights of their own, at any depth, in the order of `model.weights`, each with its name.

    A layer within another is called "other/layer"; one that is used in several places has the name of the first, and
    a number is put to a name that is taken. What a subclass of Model holds itself belongs to the layer "".
    """
    found: dict[str, dict[str, Variable]] = {}
    entered: set[int] = set()
    seen: set[int] = set()

    def enter(layer: Layer, name: str) -> None:
        entered.add(id(layer))
        own = found[name] = {}
        for variable in sorted(layer.variables, key=lambda v: not v.trainable):
            if id(variable) not in seen:
                seen.add(id(variable))
                own[_free(variable.name.rsplit("/", 1)[-1], own)] = variable
        for inner in layer.sublayers:
            if id(inner) not in entered:
                enter(inner, _free(f"{name}/{inner.name}" if name else inner.name, found))

    enter(model, "")
    return [(name, own) for name, own in found.items() if own]


def _free(name: str, taken: Container[str]) -> str:
    free, n = name, 1
    while free in taken:
        free, n = f"{name}_{n}", n + 1
    return free


def named_weights(model: Trainer) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The arrays of a file, "weights/layer/weight", and the names in their order. Raises StateError if not built."""
    if not model.built:
        raise StateError(f"{model.name} has no weights to save yet: build it, or call it once")
    named = {f"{layer}/{name}" if layer else name: v for layer, own in layer_weights(model) for name, v in own.items()}
    return {f"weights/{name}": v.numpy() for name, v in named.items()}, {"weights": list(named)}


# What files hold.


def set_saved_weights(
    model: Trainer, arrays: dict[str, np.ndarray], config: dict[str, Any], path: str | os.PathLike[str]
) -> None:
    """The arrays of a file into the model. Raises CheckpointError if they are another model's; all or nothing."""
    try:
        model.set_weights([array for _, array in _in_order(arrays, config)[0]])
    except (KeyError, TypeError, ValueError) as error:  # ValueError: ShapeError is one
        raise CheckpointError(f"{path} was saved from another model: {error}") from None


def _in_order(arrays: dict[str, np.ndarray], config: dict[str, Any]) -> tuple[list[tuple[str, np.ndarray]], bool]:
    """The weights in their order, and whether they are called by their names, rather than numbered (minicnn-1)."""
    held = {name.removeprefix("weights/"): a for name, a in arrays.items() if name.startswith("weights/")}
    names = [str(name) for name in config["weights"]]
    numbers = [str(i) for i in range(len(held))]
    keys = names if set(names) == set(held) else numbers
    if len(names) != len(held) or set(keys) != set(held):
        raise ValueError(f"it lists {len(names)} weights and holds {len(held)}, which are called otherwise")
    return [(name, held[key]) for name, key in zip(names, keys, strict=True)], keys is names


def _saved_layers(
    arrays: dict[str, np.ndarray], config: dict[str, Any], path: str | os.PathLike[str], by_name: bool
) -> list[Saved]:
    """The layers of a file in their order, with their weights. Raises CheckpointError if they cannot be told apart."""
    try:
        weights, named = _in_order(arrays, config)
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path} holds no list of its weights: {error}") from None
    if by_name and not named:
        raise CheckpointError(
            f"{path} is of an earlier version, which did not say in which model a layer is: load it in order, or "
            "load_model it and save that"
        )
    layers: list[Saved] = []
    for whole, array in weights:
        layer, _, name = whole.rpartition("/")
        if not layers or layers[-1][0] != layer or name in layers[-1][1]:
            layers.append((layer, {}))
        layers[-1][1][name] = array
    return layers
