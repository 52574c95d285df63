"""Writes callback_traces.json: what Keras's callbacks do. Run: python -m tests.reference.make_callback_traces"""

from __future__ import annotations

import json
import os

from tests.reference.callback_traces import CASES, FILE, SEEDS, trace

if __name__ == "__main__":
    os.environ.setdefault("KERAS_BACKEND", "torch")
    import keras

    traces = {case: [trace(keras.callbacks, case, seed) for seed in SEEDS] for case in CASES}
    FILE.write_text(json.dumps(traces, separators=(",", ":")) + "\n")
