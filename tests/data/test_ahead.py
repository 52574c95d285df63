from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np
import pytest

from minicnn import Sequential, layers, use_backend
from minicnn.backends import current_backend
from minicnn.callbacks import Callback
from minicnn.data.ahead import WAITING, made_ahead
from minicnn.data.augment import shift_and_flip
from minicnn.data.batches import Batches


def data_threads() -> list[threading.Thread]:
    return [t for t in threading.enumerate() if t.name == "minicnn data"]


def test_the_same_items_in_the_same_order() -> None:
    with made_ahead(iter(range(100))) as items:
        assert list(items) == list(range(100))
    assert not data_threads()


def test_only_some_are_made_ahead() -> None:
    made: list[int] = []
    enough = threading.Event()

    def items() -> Iterator[int]:
        for i in range(100):
            made.append(i)
            if i == WAITING + 1:
                enough.set()
            yield i

    with made_ahead(items()) as ready:
        assert next(ready) == 0
        assert enough.wait(10)  # one in use, WAITING ready, one in the thread's hands
    assert len(made) == WAITING + 2


def test_an_error_comes_where_its_item_would_have_come() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise KeyError("the third picture is torn")

    with made_ahead(items()) as ready:
        assert next(ready) == 1
        with pytest.raises(KeyError, match="the third picture is torn"):
            next(ready)
    assert not data_threads()


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_whoever_breaks_off_leaves_no_thread_behind(error: type[BaseException]) -> None:
    with pytest.raises(error), made_ahead(iter(range(1000))) as ready:
        next(ready)
        raise error
    assert not data_threads()


def test_items_are_made_on_the_backend_that_was_chosen() -> None:
    with use_backend("numpy"), made_ahead(current_backend().name for _ in range(1)) as ready:
        assert list(ready) == ["numpy"]


# In fit.


def model() -> Sequential:
    net = Sequential([layers.Input((6, 6, 1)), layers.Flatten(), layers.Dense(3, kernel_initializer="ones")])
    net.compile("sgd", "mse")
    return net


def batches(augment: object = shift_and_flip) -> Batches:
    rng = np.random.default_rng(0)
    x, y = rng.random((23, 6, 6, 1)), rng.random((23, 3))
    return Batches(x, y, batch_size=4, shuffle=True, seed=3, augment=augment)


def test_fit_learns_from_the_batches_of_the_epoch_bit_for_bit() -> None:
    fitted, stepped = model(), model()
    fitted.fit(batches(), epochs=2, verbose=0)
    for epoch in range(2):
        for batch in batches().epoch(epoch):
            stepped.train_on_batch(batch.x, batch.y)
    for a, b in zip(fitted.get_weights(), stepped.get_weights(), strict=True):
        assert a.tobytes() == b.tobytes()


def test_an_augmentation_that_fails_is_told_by_fit() -> None:
    def torn(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        raise OSError("cannot read the overlay")

    with pytest.raises(OSError, match="cannot read the overlay"):
        model().fit(batches(torn), verbose=0)
    assert not data_threads()


class Interrupting(Callback):
    def on_train_batch_end(self, batch: int, logs: dict[str, float]) -> None:
        raise KeyboardInterrupt


def test_ctrl_c_ends_fit_and_its_thread() -> None:
    with pytest.raises(KeyboardInterrupt):
        model().fit(batches(), verbose=0, callbacks=[Interrupting()])
    assert not data_threads()
