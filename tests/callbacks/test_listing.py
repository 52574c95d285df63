from __future__ import annotations

from typing import Any

import pytest

from minicnn.callbacks import Callback, CallbackList, History, ProgbarLogger
from minicnn.callbacks.listing import MOMENTS
from minicnn.errors import ArgumentError


def arguments(moment: str) -> tuple[Any, ...]:
    return (1, {}) if "batch" in moment or "epoch" in moment else ({},)


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_list_tells_all_in_order_and_gives_each_the_model(moment: str) -> None:
    heard: list[tuple[str, Any, Any]] = []

    def listener(name: str) -> Callback:
        def hear(self: Callback, *given: Any) -> None:
            heard.append((name, self.model, given))

        # without super().__init__, as people write them
        return type(name, (Callback,), {moment: hear, "__init__": lambda self: None})()

    watching = CallbackList([listener("first"), Callback(), listener("second")], model="model", epochs=5)
    getattr(watching, moment)(*arguments(moment))
    names = [(name, "model", arguments(moment)) for name in ("first", "second")]
    assert heard == names
    assert [m for m in MOMENTS if watching.listens(m)] in (
        [moment],
        [moment, "on_train_batch_begin"],
        ["on_train_batch_begin", moment],
        ["on_train_batch_end", moment],
    )
    assert all(callback.params == {"epochs": 5} for callback in watching.callbacks)


@pytest.mark.parametrize(
    ("older", "newer"), [("on_batch_begin", "on_train_batch_begin"), ("on_batch_end", "on_train_batch_end")]
)
def test_the_older_names_of_the_batch_moments(older: str, newer: str) -> None:
    heard = []
    callback = type("Old", (Callback,), {older: lambda self, *given: heard.append(given)})()
    getattr(CallbackList([callback]), newer)(3, {"loss": 1.0})
    assert heard == [(3, {"loss": 1.0})]


def test_nobody_is_asked_at_a_moment_that_he_leaves_alone() -> None:
    watching = CallbackList([Callback(), History()], model=None)
    assert [moment for moment in MOMENTS if watching.listens(moment)] == ["on_epoch_end"]


def test_a_function_put_on_the_object_is_heard() -> None:
    callback, heard = Callback(), []
    callback.on_epoch_end = lambda epoch, logs: heard.append(epoch)  # type: ignore[method-assign, misc, assignment]
    CallbackList([callback]).on_epoch_end(4, {})
    assert heard == [4]


def test_all_are_asked_whether_a_loss_of_nan_ends_the_training() -> None:
    asked = []

    class Asked(Callback):
        def on_non_finite(self, error: ArithmeticError) -> bool:
            asked.append(error)
            return len(asked) == 1

    error = ArithmeticError()
    assert CallbackList([Asked(), Asked()]).on_non_finite(error)
    assert asked == [error, error]
    assert not CallbackList([Callback()]).on_non_finite(error)


def test_history_and_bar_are_added_at_the_end() -> None:
    watching = CallbackList([Callback()], add_history=True, add_progbar=True)
    assert [type(c) for c in watching.callbacks] == [Callback, History, ProgbarLogger]


@pytest.mark.parametrize("what", [["stop"], "stop", 5])
def test_what_is_no_callback(what: Any) -> None:
    with pytest.raises(ArgumentError, match=r"callbacks must be a list of"):
        CallbackList(what)
