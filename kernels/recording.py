"""Doing a computation again without the Python in between: what CUDA graphs are on a GPU.

A step of a small network spends as long in Python as in its kernels: checks, shapes, plans, memory. All of that comes
to the same decisions at every step. So a step can be noted down while it is done, kernel by kernel, each with its
arguments. To do it again for other inputs they are put where the first ones were, and the same kernels run on the same
memory.

That is right as long as kernels do all the computing: `jit` has each of them noted. What NumPy computes, or the host
must do anew in each step, says so with `computed`, `performed` and `note`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from minicnn.kernels.cpu import memory


class Recording:
    """`with Recording() as r:` notes what is launched within, by this thread; `r.run()` launches it again.

    Results that are to be read after `run` must be kept by whoever runs it: memory that nobody holds any more is used
    again within the recording, as it was while noting.
    """

    def __init__(self) -> None:
        self.pool = memory.Pool(kept=None, spare=memory.in_use())  # what the step before used lies there
        self._calls: list[tuple[Callable[..., Any], tuple[Any, ...]]] = []

    def __enter__(self) -> Recording:
        _active.recording = self
        self._outer = memory.use(self.pool)
        return self

    def __exit__(self, *_: object) -> None:
        _active.recording = None
        memory.use(self._outer)

    def note(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        """Notes a call that is made, or is to be made in every run."""
        kept = (memory.unowned(a) if isinstance(a, np.ndarray) else a for a in arguments)
        self._calls.append((function, tuple(kept)))

    def computes(self, a: Any) -> bool:
        """Whether a call that was noted has an argument that lies where `a` does: else nothing can have filled it."""
        return any(
            type(given) is type(a) and np.may_share_memory(given, a)
            for _, arguments in self._calls
            for given in _flat(arguments)
        )

    def run(self) -> None:
        """Everything that was noted, in its order."""
        for function, arguments in self._calls:
            function(*arguments)


def _flat(arguments: tuple[Any, ...]) -> Iterator[Any]:
    """The arguments, and those in tuples among them: a device's kernels get theirs as one."""
    for argument in arguments:
        yield from argument if isinstance(argument, tuple) else (argument,)


class _Active(threading.local):
    recording: Recording | None = None


_active = _Active()


def note(function: Callable[..., Any], *arguments: Any) -> None:
    """Notes a call, if a recording is being made."""
    if _active.recording is not None:
        _active.recording.note(function, arguments)


def performed(function: Callable[..., Any], *arguments: Any) -> Any:
    """function(*arguments), now and in every run of what is being recorded. What it launches itself is not noted."""
    recording = _active.recording
    if recording is None:
        return function(*arguments)
    recording.note(function, arguments)
    _active.recording = None
    try:
        return function(*arguments)
    finally:
        _active.recording = recording


def computed(function: Callable[..., Any], *operands: Any) -> Any:
    """function(*operands), and in every run of what is being recorded again, into the same memory.

    function: a ufunc, or what is called like one: element by element with broadcasting, `out` for the result's place.
    The result has the first operand's dtype.
    """
    if all(isinstance(a, np.ndarray | np.generic) for a in operands):
        shape = np.broadcast_shapes(*(a.shape for a in operands))
        return performed(_fill, memory.empty(shape, operands[0].dtype), function, *operands)
    result = function(*operands)  # a device's arrays make their own
    note(_fill, result, function, *operands)
    return result


def _fill(out: Any, function: Callable[..., Any], *operands: Any) -> Any:
    return function(*operands, out=out)
