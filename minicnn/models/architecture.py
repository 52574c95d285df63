"""Architectures to JSON and back: which layers, in which order, with which arguments; no weights."""

from __future__ import annotations

import json
from typing import Any, TypeVar

from minicnn import layers
from minicnn.errors import ArgumentError
from minicnn.network import Network

N = TypeVar("N", bound=Network)


def to_config(network: Network) -> dict[str, Any]:
    """{"name", "dtype", "input_shape", "layers"}, ready for JSON. Raises ArgumentError for layers of your own."""
    shape = network.input_shape if network.built else None
    return {
        "name": network.name,
        "dtype": network.dtype,
        "input_shape": None if shape is None else list(shape[1:]),
        "layers": [layers.serialize(layer) for layer in network.chain],
    }


def build_from(cls: type[N], config: Any) -> N:
    """A new network of class `cls`, with new weights, from what to_config returned. Raises ArgumentError."""
    if not isinstance(config, dict) or not isinstance(config.get("layers"), list):
        raise ArgumentError(f'a model\'s config must be {{"name", "layers": [...]}}, got {config!r:.200}')
    network = cls([layers.deserialize(c) for c in config["layers"]], config.get("name"), config.get("dtype"))
    shape = config.get("input_shape")
    if shape is not None and not network.built:
        network.build((None, *layers.Input(shape).shape))
    return network


def to_json(network: Network) -> str:
    """{"class_name", "config"} as JSON text. Raises as to_config."""
    return json.dumps({"class_name": type(network).__name__, "config": to_config(network)}, indent=2)
