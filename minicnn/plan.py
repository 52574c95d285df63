"""The plan of a network: which of its layers run as one, and which tensor goes where.

Models within models are opened up: the plan is of the layers at the bottom. Where a tensor is used once, the layers
before and after it make a chain, and that is read from its front. Where a convolution or a dense layer is followed by
ReLU, or batch normalization is, and where max-pooling comes after that, the layers become one fused operator
(`ops.fused`): the same numbers, to rounding, in fewer passes over memory. Everything else runs layer by layer, and so
does everything while fusing is off.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any

from minicnn import ops
from minicnn.activations import linear
from minicnn.geometry import NO_PADS, Pair, Windows
from minicnn.graph import Graph
from minicnn.layers import Activation, BatchNormalization, Conv2D, Dense, Layer, MaxPooling2D, ReLU
from minicnn.layers.mode import told
from minicnn.layers.shapes import fits, shapes_of
from minicnn.ops.fused import MOST_TAPS
from minicnn.structure import leaves, mapped, packed
from minicnn.tensor import Tensor, is_recording

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
class Group:
    """Layers that run as one: `run(x, training)`. `words` names what was fused, () if a layer runs by itself."""

    layers: tuple[Layer, ...]
    words: tuple[str, ...]
    run: Callable[[Tensor, bool], Tensor]

    def __call__(self, x: Any, training: bool) -> Tensor:
        """The output of the last layer, for what the first one takes."""
        return self.run(self.layers[0].receive(x), training)


@dataclass(frozen=True)
class Made:
    """One call of a layer: which tensors it takes and gives, by their numbers, in the structure of its arguments.

    training: what it was told when the graph was made, or None. alone: the tensors are not of the shapes that the
    layer was built for, which say whether it can be fused with its neighbours.
    """

    layer: Layer
    takes: Any
    gives: Any
    training: bool | None
    alone: bool


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
    """What a graph computes, step by step. chain: its layers, if they are one after another; None otherwise."""

    steps: tuple[Step, ...]
    calls: tuple[Made, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    tensors: int
    chain: tuple[Layer, ...] | None
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
    steps: list[Step] = []
    for chain in chains:
        rest = list(chain)
        for group in groups_of([made.layer for made in chain]):
            first, last = rest[0], rest[len(group.layers) - 1]
            steps.append(Step(group, first.takes, last.gives, first.training, ()))
            rest = rest[len(group.layers) :]
    one = len(chains) <= 1 and len(inputs) == len(outputs) == 1 and all(made.training is None for made in calls)
    layers = tuple(made.layer for made in calls)
    return Plan(
        _with_spent(steps, outputs), tuple(calls), inputs, outputs, tensors, layers if one else None, signature(layers)
    )


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
                alone = not fits(shapes_of(call.inputs), call.layer.input_shape)
                calls.append(Made(call.layer, takes, packed(call.outputs, results), said, alone))
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
        if len(after) != 1 or made.alone or after[0].alone:
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


def groups_of(chain: Sequence[Layer]) -> list[Group]:
    """The layers of a chain in their order, each in one group. They must be built: a pooling window must fit."""
    groups: list[Group] = []
    rest = tuple(chain)
    while rest:
        found = (start(rest) for start in (_convolution, _normalization, _dense)) if _fusing.get() else ()
        group = next((g for g in found if g is not None and _may_fuse(g)), None) or Group(rest[:1], (), rest[0].run)
        groups.append(group)
        rest = rest[len(group.layers) :]
    return groups


def signature(chain: Sequence[Layer]) -> tuple[Any, ...]:
    """What the groups of a chain depend on: a plan holds as long as this stays equal."""
    return _fusing.get(), *((layer, getattr(layer, "activation", None), layer.activity_regularizer) for layer in chain)


# What a group begins with. Only layers of exactly these classes are fused: a subclass may compute something else.


def _convolution(chain: tuple[Layer, ...]) -> Group | None:
    """Conv2D, BatchNormalization if there is one, ReLU, MaxPooling2D if there is one."""
    conv = chain[0]
    if type(conv) is not Conv2D:
        return None
    taken: tuple[Layer, ...] = (conv,)
    norm = None
    if conv.activation is not ops.relu:
        if not _is_linear(conv):
            return None
        if len(chain) > 1 and type(chain[1]) is BatchNormalization:
            norm = chain[1]
            taken += (norm,)
        if not _has_relu(chain, len(taken)):
            return None
        taken += (chain[len(taken)],)
    pool_size, taken = _with_pooling(chain, taken)
    words = "conv2d", *(("batch_norm",) if norm else ()), "relu", *(("max_pool",) if pool_size != (1, 1) else ())

    def convolve(x: Tensor, kernel: Any, bias: Any) -> Tensor:
        y: Tensor = ops.conv2d_relu(
            x,
            kernel,
            bias,
            strides=conv.strides,
            padding=conv.padding,
            dilation=conv.dilation_rate,
            groups=conv.groups,
            pool_size=pool_size,
            algorithm=conv.algorithm,
        )
        return y

    if norm is None:
        return Group(taken, words, lambda x, training: convolve(x, conv.kernel, conv.bias))
    bn = norm

    def run(x: Tensor, training: bool) -> Tensor:
        if bn.takes_batch_statistics(training):
            # The statistics are known only when the whole convolution is: its output has to pass through memory.
            return bn.relu(conv.call(x, training), pool_size)
        if is_recording():  # somebody wants gradients, also of gamma and beta
            return _one_by_one(taken, x, training)
        return convolve(x, *bn.folded_into(conv.kernel.data, None if conv.bias is None else conv.bias.data))

    return Group(taken, words, run)


def _normalization(chain: tuple[Layer, ...]) -> Group | None:
    """BatchNormalization, ReLU, MaxPooling2D if there is one."""
    bn = chain[0]
    if type(bn) is not BatchNormalization or not _has_relu(chain, 1):
        return None
    pool_size, taken = _with_pooling(chain, chain[:2])

    def run(x: Tensor, training: bool) -> Tensor:
        if bn.takes_batch_statistics(training):
            return bn.relu(x, pool_size)
        return _one_by_one(taken, x, training)

    return Group(taken, ("batch_norm", "relu", *(("max_pool",) if pool_size != (1, 1) else ())), run)


def _dense(chain: tuple[Layer, ...]) -> Group | None:
    """Dense, ReLU."""
    dense = chain[0]
    if type(dense) is not Dense or len(dense.input_shape or ()) != 2:
        return None
    if dense.activation is ops.relu:
        taken = chain[:1]
    elif _is_linear(dense) and _has_relu(chain, 1):
        taken = chain[:2]
    else:
        return None
    return Group(taken, ("dense", "relu"), lambda x, training: ops.dense_relu(x, dense.kernel, dense.bias))


# What may follow.


def _is_linear(layer: Conv2D | Dense) -> bool:
    return layer.activation is linear


def _has_relu(chain: tuple[Layer, ...], at: int) -> bool:
    """Whether layer `at` is plain ReLU, in one of its two spellings."""
    if at >= len(chain):
        return False
    layer = chain[at]
    if type(layer) is Activation:
        return layer.activation is ops.relu
    return type(layer) is ReLU and layer.max_value is None and layer.negative_slope == 0 and layer.threshold == 0


def _with_pooling(chain: tuple[Layer, ...], taken: tuple[Layer, ...]) -> tuple[Pair, tuple[Layer, ...]]:
    """The window of a max-pooling that comes next, and the layers with it; (1, 1) and the same layers without one."""
    pool = chain[len(taken)] if len(chain) > len(taken) else None
    if type(pool) is not MaxPooling2D or pool.strides != pool.pool_size:
        return (1, 1), taken
    image: Any = (pool.input_shape or ())[1:3]
    pads = Windows.over(image, pool.pool_size, pool.strides, pool.pads_for(image)).pads
    if pads != NO_PADS or pool.pool_size[0] * pool.pool_size[1] > MOST_TAPS:
        return (1, 1), taken
    return pool.pool_size, (*taken, pool)


def _may_fuse(group: Group) -> bool:
    """One dtype, and nobody who wants to see an output on its way."""
    return len({layer.dtype for layer in group.layers}) == 1 and not any(
        layer.activity_regularizer for layer in group.layers
    )


def _one_by_one(layers: tuple[Layer, ...], x: Tensor, training: bool) -> Tensor:
    for layer in layers:
        x = layer.call(x, training)
    return x
