"""Makes the file of what Keras shows: `cd tests && KERAS_BACKEND=torch python -m courses.make_results`.

Keras on PyTorch and NumPy are all it needs. No code of minicnn takes part. The committed file is from Keras 3.15.1.
"""

from __future__ import annotations

import json
import os
import tempfile
from typing import Any

from .course import PROGRAMS, RESULTS, pictures, run


def results(keras: Any) -> dict[str, dict[str, Any]]:
    """Each program's, on Keras."""
    keras.datasets.mnist.load_data = pictures
    before, found = os.getcwd(), {}
    for name in PROGRAMS:
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            keras.backend.clear_session()  # names count from the beginning
            try:
                found[name] = run(name)
            finally:
                os.chdir(before)
    return found


def main() -> None:
    """Writes the file beside this script and prints its size."""
    import keras

    RESULTS.write_text(json.dumps(results(keras), indent=0), encoding="utf-8")
    print(f"{RESULTS.name}: {RESULTS.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
