"""Networks as the command line names them: one of ours, or a file."""

from __future__ import annotations

import os
from inspect import signature
from pathlib import Path

from minicnn import activations
from minicnn.applications import NETWORKS
from minicnn.errors import ArgumentError
from minicnn.layers import Softmax
from minicnn.models import Model, load_model, model_from_json
from minicnn.registry import lookup


def make_network(spec: str, input_shape: tuple[int, int, int], classes: int) -> Model:
    """A network for images (H, W, C) and `classes` classes, from a name, a file (.json, .minicnn) or a folder.

    Raises ArgumentError if there is no such network, or if the file's network has another input or output shape, or
    gives probabilities instead of logits; CheckpointError for a damaged file.
    """
    if spec in NETWORKS:
        return NETWORKS[spec](input_shape, classes)
    if not os.path.exists(spec):
        if spec.endswith((".json", ".minicnn")):
            raise ArgumentError(f"model {spec!r}: there is no such file")
        lookup("network", spec, NETWORKS)
    model = read_network(Path(spec))
    if not model.built:
        model.build((None, *input_shape))
    if model.input_shape[1:] != tuple(input_shape) or model.output_shape[1:] != (classes,):
        raise ArgumentError(
            f"model {spec!r} takes {model.input_shape[1:]} and gives {model.output_shape[1:]}; "
            f"the data are {tuple(input_shape)} and have {classes} classes"
        )
    last = model.layers[-1]
    if isinstance(last, Softmax) or getattr(last, "activation", None) is activations.softmax:
        raise ArgumentError(
            f"model {spec!r} ends in a softmax, and training takes that of its output once more: leave the last one out"
        )
    return model


def named_network(spec: str, input_shape: str | None = None, classes: int | None = None) -> Model:
    """A network as a command names it: one of ours, a file, or the best of a run's folder.

    input_shape: height,width,channels; where it or `classes` is None the network's own count. Raises ArgumentError
    for a name or shape that is none, CheckpointError for a damaged file.
    """
    if spec in NETWORKS:
        own = signature(NETWORKS[spec]).parameters
        shape = own["input_shape"].default if input_shape is None else _shape(input_shape)
        return NETWORKS[spec](shape, classes or own["classes"].default)
    path = Path(spec)
    if not os.path.exists(path):
        lookup("network", spec, NETWORKS)
    network = read_network(path)
    if input_shape is not None:
        network.build((None, *_shape(input_shape)))
    return network


def read_network(path: Path) -> Model:
    """The network in a .json architecture, a .minicnn file or folder, or the best of a run's folder.

    Raises ArgumentError or CheckpointError.
    """
    if path.suffix == ".json":
        try:
            return model_from_json(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise ArgumentError(f"cannot read the architecture {path}: {error}") from None
    best = path / "best.minicnn"
    return load_model(best if os.path.exists(best) else path)


def _shape(text: str) -> tuple[int, int, int]:
    parts = text.replace("x", ",").split(",")
    if len(parts) != 3 or not all(p.strip().isdecimal() and int(p) > 0 for p in parts):
        raise ArgumentError(f"--input-shape must be height,width,channels, e.g. 64,64,3; got {text!r}")
    height, width, channels = (int(p) for p in parts)
    return height, width, channels
