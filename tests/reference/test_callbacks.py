"""Our callbacks do what Keras's do: against a file that Keras made, and against Keras itself where it is installed."""

from __future__ import annotations

import json

import pytest

from minicnn import callbacks
from tests.reference.callback_traces import CASES, FILE, SEEDS, trace
from tests.reference.live_keras import live_keras


@pytest.mark.parametrize("case", CASES)
def test_what_keras_did(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = json.loads(FILE.read_text())[case]
    assert [trace(callbacks, case, seed) for seed in SEEDS] == kept


def test_the_stories_differ_from_case_to_case() -> None:
    """A comparison of nothing with nothing would pass."""
    kept = json.loads(FILE.read_text())
    assert len({json.dumps(story) for stories in kept.values() for story in stories}) > 50


@pytest.mark.torch
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", CASES)
def test_what_keras_does(case: str) -> None:
    keras = live_keras()
    for seed in range(100, 130):
        assert trace(callbacks, case, seed) == trace(keras.callbacks, case, seed), seed
