"""Which layers run as one: the groups that a plan is made of.

Where a convolution or a dense layer is followed by ReLU, or batch normalization is, and where max-pooling comes after
that, the layers become one fused operator (`ops.fused`); so does the end of a residual block (`ops.residual`): batch
normalization, the sum with the shortcut, ReLU before or after it. The numbers are the same, to rounding, in fewer
passes over memory.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from minicnn import ops
from minicnn.activations import linear
from minicnn.geometry import NO_PADS, Pair, Windows
from minicnn.layers import Activation, Add, BatchNormalization, Conv2D, Dense, Layer, MaxPooling2D, ReLU
from minicnn.ops.fused import MOST_TAPS
from minicnn.tensor import Tensor, is_recording


@dataclass(frozen=True)
class Group:
    """Layers that run as one: `run(x, training)`. `words` names what was fused, () if a layer runs by itself."""

    layers: tuple[Layer, ...]
    words: tuple[str, ...]
    run: Callable[[Any, bool], Tensor]

    def __call__(self, x: Any, training: bool) -> Tensor:
        """The output of the last layer, for what the first one takes."""
        return self.run(self.layers[0].receive(x), training)


class Tail(Group):
    """A group whose Add takes a second tensor: `run([x, shortcut], training)`."""

    def __call__(self, x: Any, training: bool) -> Tensor:
        """The output of the last layer, for [what the first one takes, the other summand]."""
        return self.run([self.layers[0].receive(x[0]), x[1]], training)


def groups_of(chain: Sequence[Layer]) -> list[Group]:
    """The layers of a chain in their order, each in one group. They must be built: a pooling window must fit."""
    groups: list[Group] = []
    rest = tuple(chain)
    while rest:
        found = (start(rest) for start in (_convolution, _normalization, _dense, _sum))
        group = next((g for g in found if g is not None and _may_fuse(g)), None) or by_itself(rest[0])
        groups.append(group)
        rest = rest[len(group.layers) :]
    return groups


def by_itself(layer: Layer) -> Group:
    """A layer that runs by itself."""
    return Group((layer,), (), layer.run)


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
        return _convolved(ops.conv2d_relu, conv, x, kernel, bias, pool_size=pool_size)

    if norm is None:
        return Group(taken, words, lambda x, training: convolve(x, conv.kernel, conv.bias))
    bn = norm

    def run(x: Tensor, training: bool) -> Tensor:
        if bn.takes_batch_statistics(training):
            # The statistics are known only when the whole convolution is: its output has to pass through memory.
            return bn.relu(conv.call(x, training), pool_size)
        if is_recording():  # somebody wants gradients, also of gamma and beta
            return _one_by_one(taken, x, training)
        return convolve(x, *_folded(bn, conv))

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


def _sum(chain: tuple[Layer, ...]) -> Group | None:
    """Add of two, ReLU."""
    add = chain[0]
    if not _joins_two(add) or not _has_relu(chain, 1):
        return None
    return Group(chain[:2], ("add", "relu"), lambda x, training: _joined(add, x, True))


def tail_of(way: tuple[Layer, ...], chain: tuple[Layer, ...]) -> Tail | None:
    """The end of a residual block: the last layers of `way`, then those that `chain` begins with, an Add first.

    Conv2D if there is one, BatchNormalization, Add of two, ReLU before the Add, after it or not at all. What `way`
    gives must go into the Add alone.
    """
    before, after = _has_relu(way, len(way) - 1), _has_relu(chain, 1)
    until = len(way) - before
    bn: Any = way[until - 1] if until else None
    if not _joins_two(chain[0]) or (before and after) or type(bn) is not BatchNormalization:
        return None
    add = chain[0]
    conv: Any = way[until - 2] if until > 1 else None
    if type(conv) is not Conv2D or not _is_linear(conv):
        conv = None
    own = way[until - (1 if conv is None else 2) :]
    relu = "before" if before else "after" if after else None

    def run(both: list[Tensor], training: bool) -> Tensor:
        x, shortcut = both
        if bn.takes_batch_statistics(training):
            y = x if conv is None else conv.call(x, training)
            if _alike(y, shortcut):
                together: Tensor = bn.add(y, shortcut, relu)
                return together
            y = _one_by_one(own[1:] if conv else own, y, training)
        elif conv is None or is_recording():  # somebody wants gradients, also of gamma and beta
            y = _one_by_one(own, x, training)
        else:
            y = _convolved(ops.conv2d_relu if before else ops.conv2d, conv, x, *_folded(bn, conv))
        return _joined(add, [y, shortcut], after)

    words = (("conv2d",) if conv else ()) + ("batch_norm",)
    words += ("relu", "add") if before else ("add", "relu") if after else ("add",)
    tail = Tail((*own, *chain[: 1 + after]), words, run)
    return tail if _may_fuse(tail) else None


# What they are run with.


def _convolved(operator: Any, conv: Conv2D, x: Tensor, kernel: Any, bias: Any, **options: Any) -> Tensor:
    """The layer's convolution by another kernel and bias."""
    y: Tensor = operator(
        x,
        kernel,
        bias,
        strides=conv.strides,
        padding=conv.padding,
        dilation=conv.dilation_rate,
        groups=conv.groups,
        algorithm=conv.algorithm,
        **options,
    )
    return y


def _folded(bn: BatchNormalization, conv: Conv2D) -> Any:
    """Kernel and bias of one convolution that does both."""
    return bn.folded_into(conv.kernel.data, None if conv.bias is None else conv.bias.data)


def _joined(add: Layer, x: list[Tensor], relu: bool) -> Tensor:
    """The sum of two, with ReLU as one if nothing has to be repeated: a batch of one may be added to many."""
    x = add.receive(x)
    if relu and _alike(*x):
        y: Tensor = ops.add_relu(*x)
        return y
    y = add.call(x, False)
    return ops.relu(y) if relu else y


def _alike(x: Tensor, y: Tensor) -> bool:
    return x.dtype == y.dtype and x.shape == y.shape


# What may follow.


def _joins_two(layer: Layer) -> bool:
    """Whether it adds two tensors of one shape."""
    shapes: Any = layer.input_shape
    return type(layer) is Add and len(shapes) == 2 and shapes[0] == shapes[1] and None not in shapes[0][1:]


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
