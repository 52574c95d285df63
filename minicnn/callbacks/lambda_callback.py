"""A callback out of plain functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minicnn.callbacks.base import Callback
from minicnn.callbacks.listing import MOMENTS
from minicnn.errors import ArgumentError


class LambdaCallback(Callback):
    """Calls a function of yours at each moment that you name.

    >>> beep = LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, logs["loss"]))

    Any moment of `Callback` may be named. The functions take (epoch, logs), (batch, logs) or, at the beginning and the
    end of it all, (logs). Raises ArgumentError for another name or what is no function.
    """

    def __init__(
        self,
        on_epoch_begin: Callable[..., Any] | None = None,
        on_epoch_end: Callable[..., Any] | None = None,
        on_train_begin: Callable[..., Any] | None = None,
        on_train_end: Callable[..., Any] | None = None,
        on_train_batch_begin: Callable[..., Any] | None = None,
        on_train_batch_end: Callable[..., Any] | None = None,
        **others: Callable[..., Any] | None,
    ) -> None:
        named = {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
            "on_train_batch_begin": on_train_batch_begin,
            "on_train_batch_end": on_train_batch_end,
            **others,
        }
        for moment, function in named.items():
            if moment not in MOMENTS:
                raise ArgumentError(f"LambdaCallback: there is no moment {moment!r}, only {', '.join(MOMENTS)}")
            if function is not None:
                if not callable(function):
                    raise ArgumentError(f"LambdaCallback: {moment} must be a function, got {function!r:.80}")
                setattr(self, moment, function)
