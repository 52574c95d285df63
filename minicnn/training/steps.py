"""One step of training, and one batch of predictions: as they are written, or recorded and repeated."""

from __future__ import annotations

from typing import Any

import numpy as np

from minicnn.backends import HOST, device_of, to_host
from minicnn.kernels.recording import performed
from minicnn.structure import leaves, mapped, packed
from minicnn.tensor import Array, Node, Tensor, no_grad
from minicnn.training.compiled import Compiled
from minicnn.training.guard import raise_non_finite, without_warnings
from minicnn.training.penalties import weight_penalty, with_activity
from minicnn.training.repetition import Repetition, key_of, targets_for_kernels


class Stepper(Compiled):
    """A compiled network that takes one step, or predicts one batch."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._asked: tuple[Any, Any] = None, None  # targets and weights of the step that is being taken
        self._judged: tuple[Any, list[Array], list[Array]] = None, [], []  # its loss, those of outputs, predictions

    def _move(self) -> None:
        before = self._place
        super()._move()
        if self._place != before:
            self._repetition = Repetition()  # what was recorded stays on the memory that was left

    def _step(self, x: Any, y: Any, weights: Any) -> tuple[list[float], Any]:
        """Forward, loss, backward, update. Returns the losses, and the predictions that they were taken of."""
        self._move()
        optimizer, variables = self._optimizer(), self.trainable_weights
        with without_warnings():
            total, parts, predicted, gradients = self._repeated_step(x, y, weights) or self._written_step(x, y, weights)
            if variables:
                total = total + weight_penalty(variables, gradients)
            # On a device everything so far is only launched: here is the one place of a step that waits for it.
            values = [total.item(), *(part.item() for part in parts)]
            self._need_finite(values[0], x)
            if variables:
                optimizer.apply(gradients, variables)
        return values, predicted

    # As it is written.

    def _written_step(self, x: Any, y: Any, weights: Any) -> tuple[Any, list[Array], Any, list[Array]]:
        predictions = self(x, training=True)
        loss, parts = self._objective()(y, predictions, weights)
        loss = with_activity(loss, self.walk())
        gradients = self._backward(loss) if self.trainable_weights else []
        return loss.data, [part.data for part in parts], mapped(lambda t: t.data, predictions), gradients

    def _backward(self, loss: Tensor, gradient: np.ndarray | None = None) -> list[Array]:
        """dL/dv for each trainable variable v, zeros where the loss does not depend on it."""
        variables = self.trainable_weights
        for variable in variables:
            variable.zero_grad()
        loss.backward(gradient)
        return [np.zeros_like(v.data) if v.grad is None else v.grad for v in variables]

    # As it is repeated.

    def _repeated_step(self, x: Any, y: Any, weights: Any) -> tuple[Any, list[Array], Any, list[Array]] | None:
        """The same, or None if the network is not to be recorded."""
        if self.wiring is None:
            return None
        inputs = self._inputs(x)
        targets = targets_for_kernels(self._objective().only_loss, self.dtype, self._place, y, weights)
        arrays = inputs if targets is None else (*inputs, targets)
        key = self._key("gradients" if targets is None else "losses", *arrays)
        if key is None:
            return None
        if targets is None:
            self._asked = y, weights
            results = self._repetition.run(key, self._predictions_and_gradients, arrays, self._place)
            total, parts, predictions = self._judged
            self._asked, self._judged = (None, None), (None, [], [])
        else:
            losses, *rest = self._repetition.run(key, self._losses_and_gradients, arrays, self._place)
            total, parts, results = losses.mean(), [], tuple(rest)
            predictions = [_kept(results[0])]
        gradients = list(results[len(self.outputs) :])
        for variable, gradient in zip(self.trainable_weights, gradients, strict=True):
            variable.grad = gradient  # until the next step, which may use the same memory
        return total, parts, packed(self.output, predictions), gradients

    def _losses_and_gradients(self, *arrays: Array) -> tuple[Array, ...]:
        """Of the only output: the loss of each example, the predictions, dL/dv of the mean for each variable v."""
        *inputs, targets = arrays
        predictions = self(packed(self.input, inputs), training=True)
        loss: Any = self._objective().only_loss
        losses = loss.call(targets, predictions)
        share = np.full_like(losses.data, 1 / losses.size)
        return losses.data, predictions.data, *(self._backward(losses, share) if self.trainable_weights else ())

    def _predictions_and_gradients(self, *inputs: Array) -> tuple[Array, ...]:
        """The predictions, and dL/dv for each trainable variable v: kernels, with the loss as written in between."""
        predictions = leaves(self(packed(self.input, list(inputs)), training=True))
        slopes = [np.empty_like(p.data) for p in predictions]
        performed(self._judge, [p.data for p in predictions], slopes)
        outputs = tuple(p.data for p in predictions)
        if not self.trainable_weights:
            return outputs
        judged = {
            str(i): p for i, (p, loss) in enumerate(zip(predictions, self._objective().losses, strict=True)) if loss
        }
        node = Node("loss", judged, lambda dy: {name: slopes[int(name)] for name in judged})
        return *outputs, *self._backward(Tensor(np.ones((), slopes[0].dtype), node=node))

    def _judge(self, predicted: list[Array], slopes: list[Array]) -> None:
        """Computes the loss of the step, and puts dL/dprediction into `slopes`."""
        predictions = [Tensor(_kept(p), requires_grad=True) for p in predicted]
        loss, parts = self._objective()(self._asked[0], packed(self.output, predictions), self._asked[1])
        if self.trainable_weights:
            loss.backward()
            for slope, prediction in zip(slopes, predictions, strict=True):
                slope[...] = 0 if prediction.grad is None else prediction.grad
        self._judged = loss.data, [part.data for part in parts], [p.data for p in predictions]

    # Both.

    def _inputs(self, x: Any) -> tuple[np.ndarray, ...]:
        return tuple(a.astype(self.dtype or "float32", copy=False) for a in leaves(x))

    def _key(self, what: str, *arrays: np.ndarray) -> Any:
        """What a recorded computation of the network depends on; None if it is not to be recorded."""
        key = None if self.wiring is None else key_of(self.planned(), what, *arrays)
        return None if key is None else (self.trainable, *key)

    def _need_finite(self, loss: float, x: Any) -> None:
        if not np.isfinite(loss):
            raise_non_finite(self, x, loss, self._optimizer().iterations + 1)

    def _forward(self, x: Any) -> Any:
        """The network's output for one batch, as Tensors, without a tape: for a loss and metrics."""
        with no_grad():
            self._move()
            inputs = self._inputs(x)
            key = self._key("predictions", *inputs)
            if key is None:
                return self(x)
            results = self._repetition.run(key, self._outputs, inputs, self._place)
            return packed(self.output, [Tensor(_kept(a)) for a in results])

    def _predictions(self, x: Any) -> Any:
        """The network's output for one batch, in main memory, without a tape."""
        with no_grad():
            self._move()
            inputs = self._inputs(x)
            key = self._key("predictions", *inputs)
            if key is None:
                return mapped(lambda t: _apart(to_host(t.data), inputs), self(packed(x, list(inputs))))
            results = self._repetition.run(key, self._outputs, inputs, self._place, copy=True)
            return packed(self.output, [_apart(a, inputs) for a in results])

    def _outputs(self, *inputs: Array) -> tuple[Array, ...]:
        return tuple(t.data for t in leaves(self(packed(self.input, list(inputs)))))


def _kept(a: Array) -> Array:
    """A copy, which the next step leaves alone: a loss or metric of somebody's own may hold on to it.

    From a GPU all get copies.
    """
    return a.copy() if device_of(a) == HOST else a


def _apart(a: np.ndarray, inputs: tuple[np.ndarray, ...]) -> np.ndarray:
    """A copy where a network hands its input on: who changes the predictions does not mean to change the data."""
    return a.copy() if any(np.may_share_memory(a, given) for given in inputs) else a
