from __future__ import annotations

import pytest

from minicnn import callbacks
from minicnn.callbacks import Callback, CallbackList, History
from minicnn.errors import ArgumentError

EVENTS = ["on_train_begin", "on_epoch_begin", "on_train_batch_end", "on_epoch_end", "on_train_end"]


def test_history_gathers_each_metric() -> None:
    history = History()
    history.on_epoch_end(3, {"loss": 2.0})
    history.on_epoch_end(4, {"loss": 1.0, "val_loss": 1.5})
    assert history.epoch == [3, 4]
    assert history.history == {"loss": [2.0, 1.0], "val_loss": [1.5]}


@pytest.mark.parametrize("event", EVENTS)
def test_a_list_tells_all_in_order_and_gives_each_the_model(event: str) -> None:
    heard: list[tuple[str, object]] = []

    class Listener(Callback):
        def __init__(self, name: str) -> None:  # without super().__init__, as people write them
            self.name = name

        def __getattribute__(self, attribute: str) -> object:
            if attribute in EVENTS:
                heard.append((self.name, (self.model, self.params)))
            return super().__getattribute__(attribute)

    watching = CallbackList([Listener("first"), Listener("second")], "model", {"epochs": 5})
    arguments = ({},) if event.startswith("on_train_") and "batch" not in event else (1, {})
    getattr(watching, event)(*arguments)
    assert heard == [("first", ("model", {"epochs": 5})), ("second", ("model", {"epochs": 5}))]


def test_what_is_no_callback() -> None:
    with pytest.raises(ArgumentError, match=r"callbacks must be a list of .* one of it is 'stop'"):
        CallbackList(["stop"], None, {})


def test_keras_finds_them_in_the_same_place() -> None:
    assert callbacks.Callback is Callback
    assert callbacks.History is History
