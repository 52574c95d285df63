"""Architectures to JSON and back: which layers, connected how, with which arguments; no weights.

The registry is closed: a file makes the layers of this library and those that the caller passes in, and no others.
"""

from __future__ import annotations

import json
from typing import Any

from minicnn import layers
from minicnn.errors import ArgumentError
from minicnn.layers import InputLayer, Layer
from minicnn.network import Network, names_of
from minicnn.structure import leaves, mapped
from minicnn.tensor import Symbolic

MODELS: dict[str, Any] = {}  # the classes of models by name: they are of this floor and enter themselves


def chain_config(network: Network) -> dict[str, Any]:
    """{"name", "dtype", "input_shape", "layers"} of a Sequential, ready for JSON. Raises ArgumentError."""
    shape = network.input_shape if network.built else None
    return {
        "name": network.name,
        "dtype": network.dtype,
        "input_shape": None if shape is None else list(shape[1:]),
        "layers": [to_entry(layer) for layer in network.sublayers],
    }


def chain_from(cls: Any, config: Any) -> Any:
    """A new Sequential, with new weights, from what chain_config returned. Raises ArgumentError."""
    _need_layers(config)
    network = cls([from_entry(c) for c in config["layers"]], config.get("name"), config.get("dtype"))
    shape = config.get("input_shape")
    if shape is not None and not network.built:
        network.build((None, *InputLayer(shape).shape))
    return network


def graph_config(network: Network) -> dict[str, Any]:
    """The layers, their calls in order, and which tensors come in and go out, ready for JSON.

    A tensor is written as "layer:call:output", e.g. "dense:0:0" for what the first call of "dense" gives.
    Raises ArgumentError for a subclass, whose `call` no file could hold, and for layers that cannot be saved.
    """
    graph = network.wiring
    if graph is None:
        raise ArgumentError(
            f"{network.name} computes what its own `call` says, which no file holds: save_weights and load_weights "
            "keep its weights"
        )
    written: dict[int, str] = {}
    entries: list[dict[str, Any]] = []
    for t, name in zip(leaves(graph.inputs), names_of(leaves(graph.inputs)), strict=True):
        begins = isinstance(t.call.layer, InputLayer)
        layer = t.call.layer if begins else InputLayer(t.shape[1:], str(t.dtype), f"{name}_input")
        written[id(t)] = f"{layer.name}:0:0"
        if not begins:
            entries.append(to_entry(layer))
    entries += [to_entry(layer) for layer in graph.layers]
    calls: list[dict[str, Any]] = []
    made: dict[str, int] = {}
    for call in graph.calls:
        name = call.layer.name
        number = made[name] = made.get(name, -1) + 1
        calls.append(
            {"layer": name, "inputs": mapped(lambda t: written[id(t)], call.inputs), "training": call.training}
        )
        for i, t in enumerate(leaves(call.outputs)):
            written.setdefault(id(t), f"{name}:{number}:{i}")
    return {
        "name": network.name,
        "dtype": network.dtype,
        "layers": entries,
        "calls": calls,
        "inputs": mapped(lambda t: written[id(t)], graph.inputs),
        "outputs": mapped(lambda t: written[id(t)], graph.outputs),
    }


def graph_from(cls: Any, config: Any) -> Any:
    """A new model, with new weights, from what graph_config returned. Raises ArgumentError."""
    _need_layers(config)
    if not isinstance(config.get("calls"), list) or "inputs" not in config or "outputs" not in config:
        raise ArgumentError('a model\'s config must have "layers", "calls", "inputs" and "outputs"')
    known: dict[str, Layer] = {}
    tensors: dict[str, Symbolic] = {}
    for entry in config["layers"]:
        layer = from_entry(entry)
        if layer.name in known:
            raise ArgumentError(f"there are two layers named {layer.name!r}; names must differ")
        known[layer.name] = layer
        if isinstance(layer, InputLayer):
            tensors[f"{layer.name}:0:0"] = layer.symbolic()
    made: dict[str, int] = {}
    for call in config["calls"]:
        if not _is_call(call, known):
            raise ArgumentError(
                f'a call must be {{"layer": a name, "inputs": ..., "training": ...}}, got {call!r:.100}'
            )
        name = call["layer"]
        outputs = known[name](mapped(_tensor_in(tensors), call.get("inputs")), training=call.get("training"))
        number = made[name] = made.get(name, -1) + 1
        for i, t in enumerate(leaves(outputs)):
            tensors[f"{name}:{number}:{i}"] = t
    inputs, outputs = (mapped(_tensor_in(tensors), config[what]) for what in ("inputs", "outputs"))
    return cls(inputs, outputs, config.get("name"), config.get("dtype"))


def _is_call(call: Any, known: dict[str, Layer]) -> bool:
    named = isinstance(call, dict) and isinstance(call.get("layer"), str) and call["layer"] in known
    return named and call.get("training") in (None, True, False)


def _tensor_in(tensors: dict[str, Symbolic]) -> Any:
    def find(reference: Any) -> Symbolic:
        if not isinstance(reference, str) or reference not in tensors:
            raise ArgumentError(f"a call or an output names {reference!r:.80}, a tensor that no call before it gives")
        return tensors[reference]

    return find


def _need_layers(config: Any) -> None:
    if not isinstance(config, dict) or not isinstance(config.get("layers"), list):
        raise ArgumentError(f'a model\'s config must be {{"name", "layers": [...]}}, got {config!r:.200}')


def to_entry(layer: Layer) -> dict[str, Any]:
    """{"class_name", "config"} of a layer or a model. Raises ArgumentError for what a file could not hold.

    A layer of one's own is written by its name: whoever loads the file must pass the class in.
    """
    name = type(layer).__name__
    if (layers.is_known(name) and not layers.is_known(name, type(layer))) or MODELS.get(name, type(layer)) is not type(
        layer
    ):
        raise ArgumentError(f"{layer!r} is of a class of your own: it cannot be saved by a name that is taken")
    config = layer.get_config()
    try:
        json.dumps(config, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ArgumentError(f"{layer!r} cannot be saved: its get_config() is not fit for JSON ({error})") from None
    return {"class_name": name, "config": config}


def from_entry(entry: Any) -> Any:
    """A layer or a model, without its weights, from what to_entry returned. Raises ArgumentError."""
    name = entry.get("class_name") if isinstance(entry, dict) and set(entry) == {"class_name", "config"} else None
    if isinstance(name, str) and name in MODELS:
        return MODELS[name].from_config(entry["config"])
    return layers.deserialize(entry)


def to_json(network: Network) -> str:
    """{"class_name", "config"} as JSON text. Raises as to_entry."""
    return json.dumps(to_entry(network), indent=2)
