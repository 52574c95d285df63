"""Makes the files of what Keras says: `cd tests && KERAS_BACKEND=torch python -m reference.make_keras_reference`.

Keras on PyTorch and NumPy are all it needs. No code of minicnn takes part. The committed files are from Keras 3.15.1.
"""

from __future__ import annotations

from typing import Any

from . import keras_activations, keras_losses, keras_metrics, keras_optimizers, keras_training
from .archive import FOLDER, Group, write
from .keras_losses import in_float64

MAKERS = {
    "keras_activations.npz": keras_activations.results,
    "keras_losses.npz": keras_losses.results,
    "keras_metrics.npz": keras_metrics.results,
    "keras_optimizers.npz": keras_optimizers.results,
    "keras_training.npz": keras_training.results,
}

FLOAT32 = {"keras_training.npz"}


def make(keras: Any, file: str) -> dict[str, Group]:
    """What belongs into the file."""
    return MAKERS[file](keras) if file in FLOAT32 else in_float64(keras, MAKERS[file])


def main() -> None:
    """Writes the files beside this script and prints their sizes."""
    import keras

    for file in MAKERS:
        write(FOLDER / file, make(keras, file))
        print(f"{file}: {(FOLDER / file).stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
