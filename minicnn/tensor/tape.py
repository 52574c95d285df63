"""The tape: Tensors remember which operator made them; `backward` walks that memory in reverse.

This is reverse-mode automatic differentiation: Griewank and Walther, Evaluating Derivatives (2008), chapter 3.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypeAlias, cast

import numpy as np

from minicnn.backends import HOST, backend_for, check_device, check_together, device_of, moved, to_host
from minicnn.backends.contract import Array
from minicnn.errors import DeviceError, DTypeError, ShapeError, StateError
from minicnn.kernels.recording import performed

# Parameter name -> dL/dparameter, or a function that computes it when somebody wants it.
Gradients: TypeAlias = "dict[str, Any]"
Pullback: TypeAlias = Callable[[Array], Gradients]
P = ParamSpec("P")

_recording: ContextVar[bool] = ContextVar("recording", default=True)


class Node:
    """One recorded operation: who made the tensor, out of what, and how to pull a gradient back through it."""

    __slots__ = ("inputs", "operator", "pullback")

    def __init__(self, operator: str, inputs: dict[str, Tensor], pullback: Pullback) -> None:
        self.operator = operator
        self.inputs = inputs
        self.pullback = pullback

    def pass_back(self, dy: Array, upstream: dict[Tensor, Array], own: set[Tensor]) -> None:
        """Adds to `upstream` what the inputs get for dy, and to `own` those whose gradient nobody else holds."""
        found = self._gradients(dy)
        for i, (tensor, g) in enumerate(found):
            new = _is_new(g, [dy, *(other for _, other in (*found[:i], *found[i + 1 :]))])
            if tensor in upstream:
                g, new = _sum(upstream[tensor], tensor in own, g, new), True
            upstream[tensor] = g
            if new:
                own.add(tensor)

    def _gradients(self, dy: Array) -> list[tuple[Tensor, Array]]:
        """dL/dinput for each input that requires it. Raises StateError if the pullback has none for one of them."""
        offered, found = self.pullback(dy), []
        for name, tensor in self.inputs.items():
            if tensor.requires_grad:
                if name not in offered:
                    raise StateError(f"{self.operator} has no gradient for {name}: hand it {name}.detach()")
                g = offered[name]
                found.append((tensor, as_array(g() if callable(g) else g)))
        return found

    def release(self) -> None:
        """Drops the arrays that the pullback kept, and the way back to the inputs."""
        self.inputs, self.pullback = {}, _released


def _released(dy: Array) -> Gradients:
    raise StateError(
        "backward() has already passed here and released what it had saved; compute the output again, "
        "or keep it with backward(retain_graph=True)"
    )


class Tensor:
    """An array with a memory: `data`, and after `backward()` dL/ddata in `grad`, of the same shape and dtype.

    Arrays keep their dtype; Python numbers and lists become float32. Only float32 and float64 can require gradients.
    The arithmetic (`x + y`, `x @ y`, `x[1:]`, `x.sum()`, ...) stands in `minicnn.ops`, which attaches it here.
    """

    __slots__ = ("data", "grad", "node", "requires_grad")
    symbolic = False  # stands for numbers to come: `minicnn.tensor.symbolic`
    __array_ufunc__ = None  # so that `array * tensor` asks the Tensor, not NumPy element by element

    def __init__(self, data: Any, requires_grad: bool = False, node: Node | None = None) -> None:
        self.data: Array = as_array(data)
        self.grad: Array | None = None
        self.node = node
        self.requires_grad = requires_grad or node is not None
        if self.requires_grad and self.data.dtype not in (np.float32, np.float64):
            raise DTypeError(
                f"only float32 and float64 tensors have gradients; got {self.data.dtype}: convert it first"
            )

    def backward(self, gradient: Any = None, *, retain_graph: bool = False) -> None:
        """Adds dL/dt to `t.grad` of every leaf t that requires it.

        gradient: dL/dself, of the shape of `data`; left out, self must hold one number, L itself.
        retain_graph: keep what the operators saved, so that backward() can be called again.
        Raises ShapeError or DTypeError if `gradient` does not fit, StateError if the graph was released.
        """
        if not self.requires_grad:
            raise StateError("backward() on a tensor that no tensor with requires_grad=True went into")
        upstream = {self: self._seed(gradient)}
        own: set[Tensor] = set()  # those whose upstream gradient was computed for them and belongs to nobody else
        for tensor in _in_reverse(self):
            if tensor.node is None:
                tensor._keep(upstream.pop(tensor), tensor in own)
                continue
            tensor.node.pass_back(upstream.pop(tensor), upstream, own)
            if not retain_graph:
                tensor.node.release()

    def _keep(self, gradient: Array, own: bool) -> None:
        if self.grad is not None:
            self.grad = as_array(self.grad + gradient)
        else:
            self.grad = gradient if own else _copied(gradient)

    def _seed(self, gradient: Any) -> Array:
        if gradient is None:
            if self.data.size != 1:
                raise ShapeError(
                    f"backward() on a tensor of shape {self.shape} needs the upstream gradient, of that shape: "
                    "only a single number can be differentiated without one"
                )
            return np.ones_like(self.data)
        gradient = gradient.data if isinstance(gradient, Tensor) else as_array(gradient)
        if gradient.shape != self.shape:
            raise ShapeError(f"backward(): the gradient has shape {gradient.shape}, the tensor {self.shape}")
        if gradient.dtype != self.dtype:
            raise DTypeError(f"backward(): the gradient is {gradient.dtype}, the tensor {self.dtype}")
        check_together("backward()", {"the tensor": self.data, "the gradient": gradient})
        return gradient

    def zero_grad(self) -> None:
        """Forgets the gradient, so that the next backward() starts from nothing."""
        self.grad = None

    def detach(self) -> Tensor:
        """The same data without the memory."""
        return Tensor(self.data)

    def to(self, device: str) -> Tensor:
        """The tensor on a device, "cpu", "cuda" or "cuda-sim": itself if it lives there, else a copy.

        The copy is recorded, so that gradients come back the same way. Raises BackendError, saying why, for a device
        that is not here.
        """
        there, here = check_device(device), self.device
        if there == here:
            return self
        data = moved(self.data, there)
        if not (self.requires_grad and is_recording()):
            return Tensor(data)
        return Tensor(data, node=Node("to", {"x": self}, lambda dy: {"x": lambda: moved(dy, here)}))

    @property
    def device(self) -> str:
        """Where the data lives: "cpu" (main memory), "cuda" or "cuda-sim"."""
        return device_of(self.data)

    def numpy(self) -> np.ndarray:
        """The data as a NumPy array: the same memory, or a copy if it lives on a device."""
        return to_host(self.data)

    def item(self) -> float:
        """The one number that the tensor holds."""
        return self.data.item()

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of `data`."""
        return self.data.shape

    @property
    def dtype(self) -> np.dtype:
        """The element type of `data`."""
        return self.data.dtype

    @property
    def ndim(self) -> int:
        """The number of axes of `data`."""
        return self.data.ndim

    @property
    def size(self) -> int:
        """The number of elements of `data`."""
        return self.data.size

    def __len__(self) -> int:
        return len(self.data)

    def __bool__(self) -> bool:
        return bool(self.data)

    def __float__(self) -> float:
        return float(self.data)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if self.device != HOST:
            raise DeviceError(f"a tensor on {self.device!r} is not turned into a NumPy array unasked: call .numpy()")
        return np.array(self.data, dtype=dtype, copy=copy)

    def __repr__(self) -> str:
        made_by = f", made by {self.node.operator}" if self.node else ""
        where = "" if self.device == HOST else f", device={self.device!r}"
        return f"{type(self).__name__}(shape={self.shape}, dtype={self.dtype}{where}{made_by})"

    if TYPE_CHECKING:  # attached by minicnn.ops; declared here so that readers and type checkers know

        def __add__(self, other: Any) -> Tensor: ...
        def __radd__(self, other: Any) -> Tensor: ...
        def __sub__(self, other: Any) -> Tensor: ...
        def __rsub__(self, other: Any) -> Tensor: ...
        def __mul__(self, other: Any) -> Tensor: ...
        def __rmul__(self, other: Any) -> Tensor: ...
        def __truediv__(self, other: Any) -> Tensor: ...
        def __rtruediv__(self, other: Any) -> Tensor: ...
        def __pow__(self, exponent: float) -> Tensor: ...
        def __neg__(self) -> Tensor: ...
        def __matmul__(self, other: Any) -> Tensor: ...
        def __rmatmul__(self, other: Any) -> Tensor: ...
        def __getitem__(self, index: Any) -> Tensor: ...
        def __iter__(self) -> Iterator[Tensor]: ...
        def reshape(self, *shape: Any) -> Tensor: ...  # noqa: D102
        def transpose(self, *axes: Any) -> Tensor: ...  # noqa: D102
        def sum(self, axis: Any = None, keepdims: bool = False) -> Tensor: ...  # noqa: D102
        def mean(self, axis: Any = None, keepdims: bool = False) -> Tensor: ...  # noqa: D102
        def max(self, axis: Any = None, keepdims: bool = False) -> Tensor: ...  # noqa: D102
        @property
        def T(self) -> Tensor: ...  # noqa: D102


def as_array(value: Any, dtype: Any = np.float32, name: str = "a tensor") -> Array:
    """Arrays as they are; Python numbers and lists in `dtype`. Raises DTypeError, saying `name`, for anything else."""
    if hasattr(value, "dtype") and hasattr(value, "shape"):
        return np.asarray(value) if isinstance(value, np.generic) else value
    try:
        numbers = np.asarray(value)
    except ValueError:  # lists of different lengths
        numbers = np.asarray(None)
    if numbers.dtype.kind not in "biuf":
        raise DTypeError(f"{name} must be an array, a number or evenly nested lists of numbers; got {value!r:.60}")
    return numbers.astype(dtype)


def _copied(gradient: Array) -> Array:
    copy = np.empty_like(gradient, order="C")
    performed(np.copyto, copy, gradient)
    return copy


def _sum(total: Array, own: bool, g: Array, new: bool) -> Array:
    """What two uses of a tensor send back together; own, new: whether nobody else needs the one or the other."""
    if total.shape != g.shape or total.dtype != g.dtype:
        return as_array(total + g)  # some operator of somebody's own
    backend = backend_for(total, g)
    if new:
        return backend.add_to(g, total)
    return backend.add_to(total, g) if own else backend.add(total, g)


def _is_new(gradient: Array, given: list[Array]) -> bool:
    """Whether a leaf may keep a gradient as it is; given: dy, and what the operator's other inputs got.

    Gradients are linear in dy. So one that is neither dy nor a view of it, nor another input's as well, was computed
    just now, and nobody else holds it. One that is spread out by strides is to be copied all the same.
    """
    plain = gradient.flags.c_contiguous and getattr(gradient.flags, "writeable", True)
    return plain and not any(_overlap(gradient, other) for other in given)


def _overlap(a: Array, b: Array) -> bool:
    """Whether both may lie in the same memory; never in main memory and on a device."""
    return (type(a) is type(b) or device_of(a) == device_of(b)) and np.may_share_memory(a, b)


def _in_reverse(root: Tensor) -> Iterator[Tensor]:
    """Every tensor that `root` depends on, each after all that depend on it.

    A tensor that is used twice must wait for both gradients before it passes their sum on.
    """
    order: list[Tensor] = []
    seen: set[Tensor] = set()
    stack = [(root, False)]
    while stack:  # not recursive: a deep network must not meet the recursion limit
        tensor, expanded = stack.pop()
        if expanded:
            order.append(tensor)
        elif tensor not in seen:
            seen.add(tensor)
            stack.append((tensor, True))
            if tensor.node:
                stack.extend((parent, False) for parent in tensor.node.inputs.values() if parent.requires_grad)
    return reversed(order)


@contextmanager
def no_grad() -> Iterator[None]:
    """Within it nothing is recorded: for predictions, and for updates of parameters."""
    token = _recording.set(False)
    try:
        yield
    finally:
        _recording.reset(token)


class Operator(Protocol[P]):
    """A differentiable operator: called with Tensors it gives a Tensor, with arrays an array."""

    __name__: str
    vjp: Callable[P, tuple[Array, Pullback]]

    def __call__(self, *args: P.args, **options: P.kwargs) -> Any: ...  # noqa: D102


def is_recording() -> bool:
    """Whether operators are recorded now; not within `no_grad`."""
    return _recording.get()


def differentiable(operator: Callable[P, tuple[Array, Pullback]]) -> Operator[P]:
    """Lifts `arrays -> (y, pullback)` to Tensors, recording one node; plain arrays stay plain.

    The array version stays at `.vjp` (vector-Jacobian product): `y, pullback = conv2d.vjp(x, w)`.
    """
    names = list(inspect.signature(operator).parameters)

    @wraps(operator)
    def lifted(*args: P.args, **options: P.kwargs) -> Any:
        inputs = {name: a for name, a in zip(names, args, strict=False) if isinstance(a, Tensor)}
        inputs.update({name: a for name, a in options.items() if isinstance(a, Tensor)})
        if not inputs:
            return operator(*args, **options)[0]
        for given in inputs.values():
            if given.symbolic:
                return given.record(lifted, args, options)  # type: ignore[attr-defined]
        plain_args = [a.data if isinstance(a, Tensor) else a for a in args]
        plain_options = {name: a.data if isinstance(a, Tensor) else a for name, a in options.items()}
        y, pullback = operator(*plain_args, **plain_options)  # type: ignore[arg-type]
        if not _recording.get() or not any(t.requires_grad for t in inputs.values()):
            return Tensor(y)
        return Tensor(y, node=Node(operator.__name__, inputs, pullback))

    lifted.vjp = operator  # type: ignore[attr-defined]
    return cast(Operator[P], lifted)
