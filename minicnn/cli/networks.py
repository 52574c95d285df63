"""Networks as the command line names them: one of ours, or a file."""

from __future__ import annotations

import os
from pathlib import Path

from minicnn import activations
from minicnn.applications import NETWORKS
from minicnn.errors import ArgumentError
from minicnn.layers import Softmax
from minicnn.models import Model, load_model, model_from_json
from minicnn.registry import lookup


def make_network(spec: str, input_shape: tuple[int, int, int], classes: int) -> Model:
    """A network for images (H, W, C) and `classes` classes, from a name or a file (.json, .minicnn).

    Raises ArgumentError if there is no such network, or if the file's network has another input or output shape, or
    gives probabilities instead of logits; CheckpointError for a damaged file.
    """
    if spec in NETWORKS:
        return NETWORKS[spec](input_shape, classes)
    if not os.path.isfile(spec):
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


def read_network(path: Path) -> Model:
    """The network in a .json architecture or a .minicnn file. Raises ArgumentError or CheckpointError."""
    if path.suffix == ".json":
        try:
            return model_from_json(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise ArgumentError(f"cannot read the architecture {path}: {error}") from None
    return load_model(path)
