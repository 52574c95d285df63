"""Writes images.npz: what Keras and SciPy make of pictures. Run: python -m tests.reference.make_images"""

from __future__ import annotations

import os

import numpy as np

from tests.reference.image_cases import FILE, of_keras

if __name__ == "__main__":
    os.environ.setdefault("KERAS_BACKEND", "torch")
    np.savez_compressed(FILE, **of_keras())  # type: ignore[arg-type]
