"""Whether layers that are called, and not told themselves, are training."""

from __future__ import annotations

from contextvars import ContextVar

_training: ContextVar[bool] = ContextVar("training", default=False)


class told:
    """`with told(training):` layers that are called within, and not told themselves, are told this."""

    def __init__(self, training: bool) -> None:
        self._training = bool(training)

    def __enter__(self) -> None:
        self._before = _training.set(self._training)

    def __exit__(self, *_: object) -> None:
        _training.reset(self._before)


def is_training() -> bool:
    """What was told last; False where nobody told anything."""
    return _training.get()
