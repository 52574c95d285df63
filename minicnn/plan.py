"""The plan of a network: which of its layers run as one, and which tensor goes where.

Models within models are opened up: the plan is of the layers at the bottom. Where a tensor is used once, the layers
before and after it make a chain, and that is read from its front for layers that run as one (`groups`). Where two
chains meet in a sum, the end of one of them may run with it. Everything else runs layer by layer, and so does
everything while fusing is off.
"""

from __future__ import annotations

import inspect
import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from minicnn import layers
from minicnn.graph import Graph
from minicnn.groups import Group, by_itself, groups_of, tail_of
from minicnn.layers import Layer
from minicnn.layers.arguments import LayerOptions
from minicnn.layers.mode import told
from minicnn.layers.shapes import fits, shapes_of
from minicnn.structure import leaves, mapped, packed
from minicnn.tensor import Tensor

_fusing: ContextVar[bool] = ContextVar("fusing", default=True)


class fusing:
    """Whether models run fused groups: `fusing(False)` for what follows, or for a block: `with fusing(False):`."""

    def __init__(self, on: bool) -> None:
        self._before = _fusing.get()
        _fusing.set(bool(on))

    def __enter__(self) -> fusing:
        return self

    def __exit__(self, *_: object) -> None:
        _fusing.set(self._before)


@dataclass(frozen=True)
class Made:
    """One call of a layer: which tensors it takes and gives, by their numbers, in the structure of its arguments.

    training: what it was told when the graph was made, or None. reshaped: the tensors are not of the shapes that the
    layer was built for, which say whether it can be fused with its neighbours.
    """

    layer: Layer
    takes: Any
    gives: Any
    training: bool | None
    reshaped: bool


@dataclass(frozen=True)
class Step:
    """A group of a plan: the tensors it takes and gives, by number, and those that nobody needs afterwards."""

    group: Group
    takes: Any
    gives: Any
    training: bool | None
    spent: tuple[int, ...]


@dataclass(frozen=True)
class Plan:
    """What a graph computes, step by step."""

    steps: tuple[Step, ...]
    calls: tuple[Made, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    tensors: int
    made_for: tuple[Any, ...]

    def holds(self) -> bool:
        """Whether the layers are still what they were when the plan was made."""
        return self.made_for == signature([made.layer for made in self.calls])

    def run(self, inputs: Sequence[Tensor], training: bool) -> list[Any]:
        """The outputs for the inputs, one by one."""
        values: list[Any] = [None] * self.tensors
        for number, x in zip(self.inputs, inputs, strict=True):
            values[number] = x
        for step in self.steps:
            x = values[step.takes] if type(step.takes) is int else mapped(values.__getitem__, step.takes)
            if step.training is None:
                y = step.group(x, training)
            else:
                with told(step.training):
                    y = step.group(x, step.training)
            _put(values, step.gives, y)
            for number in step.spent:
                values[number] = None
        return [values[number] for number in self.outputs]

    def one_by_one(self, inputs: Sequence[Tensor], training: bool) -> Iterator[tuple[Layer, Any]]:
        """Every layer with its output, unfused: for whoever wants to know which one it was."""
        values: list[Any] = [None] * self.tensors
        for number, x in zip(self.inputs, inputs, strict=True):
            values[number] = x
        for made in self.calls:
            y = made.layer(mapped(values.__getitem__, made.takes), training if made.training is None else made.training)
            _put(values, made.gives, y)
            yield made.layer, y


def _put(values: list[Any], gives: Any, y: Any) -> None:
    if type(gives) is int:
        values[gives] = y
    else:
        for number, one in zip(leaves(gives), leaves(mapped(lambda _, part: part, gives, y)), strict=True):
            values[number] = one


def plan_for(graph: Graph) -> Plan:
    """The plan of a graph whose layers are built."""
    calls, inputs, outputs, tensors = _opened(graph)
    chains = _chains(calls, outputs)
    steps = _with_spent(list(_steps(chains, outputs)), outputs)
    return Plan(steps, tuple(calls), inputs, outputs, tensors, signature([made.layer for made in calls]))


def _steps(chains: list[list[Made]], outputs: Sequence[int]) -> Iterator[Step]:
    """The groups of all chains, in their order."""
    fuses = _fusing.get()
    tails = _cut_tails(chains, outputs) if fuses else {}
    for place, chain in enumerate(chains):
        if place in tails:
            yield tails[place]
        groups = groups_of([made.layer for made in chain]) if fuses else [by_itself(made.layer) for made in chain]
        rest = list(chain)
        for group in groups:
            first, last = rest[0], rest[len(group.layers) - 1]
            yield Step(group, first.takes, last.gives, first.training, ())
            rest = rest[len(group.layers) :]


def _cut_tails(chains: list[list[Made]], outputs: Sequence[int]) -> dict[int, Step]:
    """The ends of residual blocks, cut out of the chains, by the place of the chain that each comes before.

    Such an end begins in the chain that leads to one summand, and ends in that which begins with the sum.
    """
    uses = Counter([*outputs, *(number for chain in chains for made in chain for number in leaves(made.takes))])
    ways = {chain[-1].gives: chain for chain in chains if type(chain[-1].gives) is int}
    tails: dict[int, Step] = {}
    for place, chain in enumerate(chains):
        summands = leaves(chain[0].takes)
        for number, other in zip(summands, reversed(summands), strict=True):
            way = ways.get(number)
            if len(summands) != 2 or way is None or uses[number] > 1 or way[-1].training != chain[0].training:
                continue
            tail = tail_of(tuple(made.layer for made in way), tuple(made.layer for made in chain))
            if tail is not None:
                own = tail.layers.index(chain[0].layer)
                after = len(tail.layers) - own
                calls = way[-own:] + chain[:after]
                del way[-own:], chain[:after]
                tails[place] = Step(tail, [calls[0].takes, other], calls[-1].gives, calls[0].training, ())
                break
    return tails


def _opened(graph: Graph) -> tuple[list[Made], tuple[int, ...], tuple[int, ...], int]:
    """The calls of a graph, of graphs within it in their places; its inputs and outputs; how many tensors there are."""
    calls: list[Made] = []
    numbers = itertools.count()

    def open_up(graph: Graph, given: list[int], training: bool | None) -> list[int]:
        known = {id(t): number for t, number in zip(leaves(graph.inputs), given, strict=True)}
        for call in graph.calls:
            said = training if call.training is None else call.training
            takes = mapped(lambda t: known[id(t)], call.inputs)
            if call.layer.wiring is not None:
                results = open_up(call.layer.wiring, leaves(takes), said)
            else:
                results = [next(numbers) for _ in leaves(call.outputs)]
                reshaped = not fits(shapes_of(call.inputs), call.layer.input_shape)
                calls.append(Made(call.layer, takes, packed(call.outputs, results), said, reshaped))
            known.update((id(t), number) for t, number in zip(leaves(call.outputs), results, strict=True))
        return [known[id(t)] for t in leaves(graph.outputs)]

    inputs = [next(numbers) for _ in leaves(graph.inputs)]
    outputs = open_up(graph, inputs, None)
    return calls, tuple(inputs), tuple(outputs), next(numbers)


def _chains(calls: Sequence[Made], outputs: Sequence[int]) -> list[list[Made]]:
    """The calls in chains, in an order in which they can be run.

    A call follows another in a chain if it is the only one that takes what the other gives, and takes nothing else;
    and both are of the shapes that their layers were built for.
    """
    users: dict[int, list[Made]] = {}
    for made in calls:
        for number in leaves(made.takes):
            users.setdefault(number, []).append(made)
    follower: dict[int, Made] = {}
    for made in calls:
        after = users.get(made.gives, []) if type(made.gives) is int and made.gives not in outputs else []
        if len(after) != 1 or made.reshaped or after[0].reshaped:
            continue
        if type(after[0].takes) is int and after[0].training == made.training:
            follower[id(made)] = after[0]
    inner = {id(made) for made in follower.values()}
    chains = []
    for made in calls:
        if id(made) not in inner:
            chain = [made]
            while id(chain[-1]) in follower:
                chain.append(follower[id(chain[-1])])
            chains.append(chain)
    return chains


def _with_spent(steps: Sequence[Step], outputs: Sequence[int]) -> tuple[Step, ...]:
    """The steps, each with the tensors that neither a later one nor the caller needs."""
    kept, out = set(outputs), []
    for step in reversed(steps):
        last = {*leaves(step.takes), *leaves(step.gives)} - kept
        kept |= last
        out.append(replace(step, spent=tuple(sorted(last))))
    return tuple(reversed(out))


def signature(chain: Sequence[Layer]) -> tuple[Any, ...]:
    """What the groups of a chain depend on: a plan holds as long as this stays equal."""
    return _fusing.get(), *((layer, layer.activity_regularizer, *_settings(layer)) for layer in chain)


def _settings(layer: Layer) -> Iterator[Any]:
    """What its constructor was given, as it stands now: people set `layer.momentum` later on. Hashable."""
    for name in _arguments(type(layer)):  # type: ignore[arg-type]  # mypy takes a layer's hash for its class's
        value = getattr(layer, name, None)
        yield str(value) if type(value) is list else value


@cache
def _arguments(kind: type[Layer]) -> tuple[str, ...]:
    """The arguments that say what is computed, rather than where the variables come from."""
    if kind is not getattr(layers, kind.__name__, None):
        return ()  # somebody's own, which runs by itself, as it is written
    names = [name for name in inspect.signature(kind).parameters if name not in LayerOptions.__annotations__]
    return tuple(name for name in names if not name.endswith(("_initializer", "_regularizer", "_constraint", "seed")))
