"""Steps of a model that are recorded once and then repeated, without the Python between their kernels.

A step of LeNet-5 spends a third of its time deciding what it decided the step before: which shapes, which plan, which
memory. So the second step with arrays of the same shapes is recorded (`Backend.recorded`), and from the third on only
its kernels run, on the same memory. The numbers are the same, bit for bit.

Only layers that are known to note all that they compute are recorded, however they are connected: a list names them.
Losses are judged as they are written, in the midst of a repeated step, but for cross-entropy from logits, which kernels
compute. Everything else runs as it is written. A recording holds as long as nothing changes that the step depends on:
layers and what they are set to, variables, shapes, backend, threads, fusing.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import numpy as np

from minicnn import activations, layers, losses
from minicnn.backends import (
    HOST,
    backend_for,
    beside,
    current_backend,
    device_of,
    get_num_threads,
    moved,
    to_host,
)
from minicnn.layers import Layer
from minicnn.plan import Plan
from minicnn.tensor import Array

KEPT = 4  # recordings of a model at a time: a batch and the last, smaller one, in training and in prediction
LARGEST = 64 * 1024 * 1024  # bytes of input and weights; with more, kernels take so long that Python is nothing

_REPEATABLE = {
    layers.Activation,
    layers.Add,
    layers.Average,
    layers.AveragePooling1D,
    layers.AveragePooling2D,
    layers.BatchNormalization,
    layers.Concatenate,
    layers.Conv1D,
    layers.Conv2D,
    layers.Dense,
    layers.DepthwiseConv2D,
    layers.Dropout,
    layers.ELU,
    layers.Flatten,
    layers.GlobalAveragePooling1D,
    layers.GlobalAveragePooling2D,
    layers.GlobalMaxPooling1D,
    layers.GlobalMaxPooling2D,
    layers.Identity,
    layers.InputLayer,
    layers.LeakyReLU,
    layers.MaxPooling1D,
    layers.MaxPooling2D,
    layers.Maximum,
    layers.Minimum,
    layers.Multiply,
    layers.Permute,
    layers.ReLU,
    layers.RepeatVector,
    layers.Rescaling,
    layers.Reshape,
    layers.SeparableConv2D,
    layers.Softmax,
    layers.SpatialDropout1D,
    layers.SpatialDropout2D,
    layers.Subtract,
    layers.ZeroPadding1D,
    layers.ZeroPadding2D,
}
_ACTIVATIONS = {
    *(activations.get(name) for name in (None, "relu", "relu6", "leaky_relu", "sigmoid", "tanh", "softmax")),
    *(activations.get(name) for name in ("elu", "selu", "gelu", "silu", "softplus")),
    None,  # of layers that know no activation
}

_repeating: ContextVar[bool] = ContextVar("repeating", default=True)


class repeating:
    """Whether models record and repeat steps: `repeating(False)` for what follows, or for a block with `with`."""

    def __init__(self, on: bool) -> None:
        self._before = _repeating.get()
        _repeating.set(bool(on))

    def __enter__(self) -> repeating:
        return self

    def __exit__(self, *_: object) -> None:
        _repeating.set(self._before)


@dataclass(frozen=True)
class _Recorded:
    """One computation on its own memory."""

    inputs: tuple[Array, ...]
    results: tuple[Array, ...]
    again: Callable[[], None]


_WRITTEN = _Recorded((), (), lambda: None)
"""Kept for what the backend cannot repeat: it runs as it is written, and is not recorded again at every step."""


class Repetition:
    """What a model has recorded. A second thread that predicts meanwhile waits: the memory is one and the same."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[Any, ...], _Recorded | None] = OrderedDict()
        self._lock = threading.RLock()  # a loss, in the midst of a step, may ask for predictions

    def __deepcopy__(self, memo: Any) -> Repetition:
        return Repetition()  # a copy of a model has memory of its own

    def __reduce__(self) -> tuple[type[Repetition], tuple[()]]:
        return Repetition, ()

    def run(
        self,
        key: tuple[Any, ...],
        compute: Callable[..., tuple[Array, ...]],
        inputs: tuple[np.ndarray, ...],
        device: str = HOST,
        copy: bool = False,
    ) -> tuple[Array, ...]:
        """compute(*inputs); from the second call with an equal key on recorded on the device, then repeated.

        copy: hand out copies of the results, in main memory; otherwise they last until the next run.
        """
        with self._lock:
            recorded = self._kept.get(key)
            if recorded is _WRITTEN:
                recorded = None
            elif recorded is not None:
                self._kept.move_to_end(key)
                for own, given in zip(recorded.inputs, inputs, strict=True):
                    own[...] = beside(given, own)
                recorded.again()
            elif key in self._kept:
                recorded = self._record(key, compute, inputs, device)
            else:
                self._kept[key] = None
                while len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
            if recorded is not None:
                return tuple(map(_copied, recorded.results)) if copy else recorded.results
        results = compute(*inputs)
        return tuple(map(to_host, results)) if copy else results

    def _record(
        self,
        key: tuple[Any, ...],
        compute: Callable[..., tuple[Array, ...]],
        inputs: tuple[np.ndarray, ...],
        device: str,
    ) -> _Recorded:
        own = tuple(moved(np.array(a, order="C"), device) for a in inputs)
        results, again = backend_for(*own).recorded(lambda: compute(*own))
        self._kept[key] = _WRITTEN if again is None else _Recorded(own, results, again)
        return _Recorded(own, results, again or (lambda: None))


def _copied(a: Array) -> np.ndarray:
    return np.array(a) if device_of(a) == HOST else to_host(a)


def key_of(plan: Plan, what: str, *inputs: np.ndarray) -> tuple[Any, ...] | None:
    """What a computation by a network whose plan this is depends on; None if it is not to be recorded.

    what: its name, "predictions" for the one that does not train.
    """
    used = [made.layer for made in plan.calls]
    weights = [v for layer in used for v in layer.variables]
    if (
        not _repeating.get()
        or len({layer.dtype for layer in used}) > 1
        or not all(map(_is_repeatable, used))
        or sum(a.nbytes for a in inputs) + sum(v.data.nbytes for v in weights) > LARGEST
    ):
        return None
    return (
        what,
        current_backend().name,
        get_num_threads(),
        plan.made_for,
        *((a.shape, a.dtype) for a in inputs),
        *((id(v.data), v.requires_grad) for v in weights),
        *((layer.trainable, id(layer.seed_generator)) for layer in used),
    )


def _is_repeatable(layer: Layer) -> bool:
    if type(layer) not in _REPEATABLE:
        return False
    if layer.activity_regularizer is not None:
        return False  # NumPy sums up its outputs
    if getattr(layer, "groups", 1) > 1 or getattr(layer, "depth_multiplier", 1) > 1:
        return False  # groups are taken apart, or channels repeated, by NumPy
    return getattr(layer, "activation", None) in _ACTIVATIONS


def targets_for_kernels(loss: Any, dtype: str | None, device: str, y: Any, weights: Any) -> np.ndarray | None:
    """y in the type that the kernels of cross-entropy take; None if the loss does not leave all its computing to them.

    loss: that of the only output; device: where the model computes. Labels are whole numbers in range, or rows that
    fit: `fit` has seen to that.
    """
    known = type(loss) in (losses.SparseCategoricalCrossentropy, losses.CategoricalCrossentropy)
    if (
        not known
        or not loss.from_logits
        or loss.reduction not in ("sum_over_batch_size", "mean")
        or weights is not None
    ):
        return None
    if getattr(loss, "label_smoothing", 0) or getattr(loss, "ignore_class", None) is not None or loss.axis != -1:
        return None  # NumPy prepares the targets
    if type(loss) is losses.CategoricalCrossentropy:
        rows: np.ndarray = y.astype(dtype or "float32", copy=False)
        return rows
    labels: np.ndarray = y.reshape(len(y)).astype(np.int64 if device == HOST else np.int32, copy=False)
    return labels
