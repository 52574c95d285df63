"""Several callbacks as one, which tells each only what it listens to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from minicnn.callbacks.base import Callback
from minicnn.callbacks.history import History
from minicnn.errors import ArgumentError

MOMENTS = tuple(name for name in vars(Callback) if name.startswith("on_") and name != "on_non_finite")
_OLDER = {"on_train_batch_begin": "on_batch_begin", "on_train_batch_end": "on_batch_end"}


class CallbackList(Callback):
    """Tells several callbacks, in order: `CallbackList([...], model=model, epochs=3).on_train_begin()`.

    add_history, add_progbar: append a History, a ProgbarLogger. params: what the callbacks find in theirs.
    Who overrides a moment is found out when the list is made (and appended to), so that a batch costs nothing for
    callbacks that only look at epochs.
    Raises ArgumentError for what is no callback.
    """

    def __init__(
        self,
        callbacks: Callback | Sequence[Callback] | None = None,
        add_history: bool = False,
        add_progbar: bool = False,
        model: Any = None,
        **params: Any,
    ) -> None:
        if isinstance(callbacks, Callback):
            callbacks = [callbacks]
        if not isinstance(callbacks, (list, tuple, type(None))):
            raise ArgumentError(f"callbacks must be a list of callbacks.Callback objects; got {callbacks!r:.80}")
        self.callbacks: list[Callback] = []
        self._listening: dict[str, list[Callable[..., None]]] = {moment: [] for moment in MOMENTS}
        self.set_model(model)
        self.set_params(params)
        for callback in callbacks or ():
            self.append(callback)
        if add_history:
            self.append(History())
        if add_progbar:
            from minicnn.callbacks.progress import ProgbarLogger

            self.append(ProgbarLogger())

    def append(self, callback: Callback) -> None:
        """Adds a callback at the end and hands it model and params."""
        if not isinstance(callback, Callback):
            raise ArgumentError(
                f"callbacks must be a list of callbacks.Callback objects; one of it is {callback!r:.80}"
            )
        callback.set_params(self.params or {})
        callback.set_model(self.model)
        self.callbacks.append(callback)
        self._listening = {
            moment: [getattr(c, moment) for c in self.callbacks if _listens(c, moment)] for moment in MOMENTS
        }

    def set_model(self, model: Any) -> None:
        """Hands all the model."""
        self.model = model
        for callback in self.callbacks:
            callback.set_model(model)

    def set_params(self, params: dict[str, Any]) -> None:
        """Hands all the params."""
        self.params = params
        for callback in self.callbacks:
            callback.set_params(params)

    def listens(self, moment: str) -> bool:
        """Whether anybody does something at this moment, "on_epoch_end" and so on."""
        return bool(self._listening[moment])

    def on_non_finite(self, error: ArithmeticError) -> bool:
        """Whether any callback ends the training for it; all are asked."""
        answers = [callback.on_non_finite(error) for callback in self.callbacks]
        return any(answers)


def _listens(callback: Callback, moment: str) -> bool:
    """Whether the class of the callback, or the object itself, has a method of its own for this moment."""
    own = getattr(callback, moment)
    if getattr(own, "__func__", own) is not getattr(Callback, moment):
        return True
    return moment in _OLDER and _listens(callback, _OLDER[moment])


def _teller(moment: str) -> Callable[..., None]:
    def tell(self: CallbackList, *arguments: Any) -> None:
        for listener in self._listening[moment]:
            listener(*arguments)

    tell.__name__, tell.__doc__ = moment, "Tells all who listen."
    return tell


for _moment in MOMENTS:
    setattr(CallbackList, _moment, _teller(_moment))
