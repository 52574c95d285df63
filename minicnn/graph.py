"""The graph of a functional model: which calls of layers lead from its inputs to its outputs, and in which order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minicnn.errors import ArgumentError
from minicnn.layers import InputLayer, Layer
from minicnn.structure import leaves
from minicnn.tensor import Call, Symbolic


class Graph:
    """`calls` in an order in which they can be made, `layers` in Keras's order, each once, inputs among them.

    inputs, outputs: symbolic tensors, one or in lists and dicts. Raises ArgumentError for what is no symbolic tensor,
    for an output that needs an input that is not given, and for two layers of one name.
    """

    def __init__(self, inputs: Any, outputs: Any) -> None:
        for what, tree in (("inputs", inputs), ("outputs", outputs)):
            strangers = [leaf for leaf in leaves(tree) if not isinstance(leaf, Symbolic)]
            if strangers or not leaves(tree):
                found = repr(strangers[0]) if strangers else "none"
                raise ArgumentError(
                    f"Model: {what} must be symbolic tensors, from Input or from layers called on them; got {found:.80}"
                )
        starts = {id(t): t for t in leaves(inputs)}
        if len(starts) < len(leaves(inputs)):
            raise ArgumentError("Model: an input is given twice")
        # Inputs that no output needs belong to it, too: a model cut out of another keeps all that it is given.
        order, met = _calls_before([*leaves(outputs), *leaves(inputs)], set(starts))
        depth, layer_depth = _depths(order)
        # The calls come first: who copies a graph follows them in their order, and so never far back.
        self.calls = sorted(
            (call for call in order if not all(id(t) in starts for t in leaves(call.outputs))),
            key=lambda call: (-depth[id(call)], met[id(call)]),
        )
        made = {id(call) for call in self.calls}
        by_layer = {id(call.layer): call for call in sorted(order, key=lambda call: met[id(call)])}
        first_met = {key: i for i, key in enumerate(by_layer)}
        self.layers: list[Layer] = sorted(
            (call.layer for call in by_layer.values() if id(call) in made or isinstance(call.layer, InputLayer)),
            key=lambda layer: (-layer_depth[id(layer)], first_met[id(layer)]),
        )
        self.inputs, self.outputs = inputs, outputs


def _calls_before(outputs: list[Symbolic], given: set[int]) -> tuple[list[Call], dict[int, int]]:
    """All calls that lead to the outputs, each after those that it needs; and when each was met first, by id.

    Raises ArgumentError for a call that needs an input that is not given, or its own output.
    """
    order: list[Call] = []
    met: dict[int, int] = {}
    done: set[int] = set()
    stack: list[tuple[Call, bool]] = [(t.call, False) for t in reversed(outputs)]
    while stack:  # not recursive: a deep network must not meet the recursion limit
        call, expanded = stack.pop()
        if expanded:
            done.add(id(call))
            order.append(call)
        elif id(call) not in met:
            met[id(call)] = len(met)
            stack.append((call, True))
            if isinstance(call.layer, InputLayer) and not any(id(t) in given for t in leaves(call.outputs)):
                raise ArgumentError(
                    f"Model: graph disconnected: an output depends on {call.outputs!r}, which is not among the inputs"
                )
            if not all(id(t) in given for t in leaves(call.outputs)):
                stack.extend((t.call, False) for t in reversed(leaves(call.inputs)))
        elif id(call) not in done:
            raise ArgumentError(f"Model: the graph has a cycle: {call!r} needs its own output")
    return order, met


def _depths(order: list[Call]) -> tuple[dict[int, int], dict[int, int]]:
    """How many calls lie between each call, and each layer, and the outputs, on the longest way; by id.

    A layer that is called several times lies as deep as its deepest call, and a later call no less deep.
    """
    depth: dict[int, int] = {}
    layer_depth: dict[int, int] = {}
    for call in reversed(order):
        own = max(depth.get(id(call), 0), layer_depth.get(id(call.layer), 0))
        depth[id(call)] = layer_depth[id(call.layer)] = own
        for t in leaves(call.inputs):
            depth[id(t.call)] = max(depth.get(id(t.call), 0), own + 1)
    return depth, layer_depth


def number_names(layers: Sequence[Layer], who: str) -> None:
    """Gives numbers to layers that are called alike, in the order in which they were made: dense, dense_1, ...

    Raises ArgumentError for two layers of one name that users chose.
    """
    taken: set[str] = set()
    for layer in layers:
        if layer.named_by_user:
            if layer.name in taken:
                raise ArgumentError(f"{who}: there are two layers named {layer.name!r}; names must differ")
            taken.add(layer.name)
    numbers: dict[str, int] = {}  # from which on some are free
    for layer in sorted(layers, key=lambda layer: layer.made):
        if not layer.named_by_user:
            name, n = layer.name, numbers.get(layer.first_name, 1)
            while name in taken:
                name, n = f"{layer.first_name}_{n}", n + 1
            numbers[layer.first_name] = n
            if name != layer.name:
                layer.rename(name)
            taken.add(name)
