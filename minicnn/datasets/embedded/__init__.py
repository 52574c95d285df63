"""fashion-mnist-6k: 5,000 training and 1,000 test images of Fashion-MNIST, which come with minicnn.

500 training and 100 test images of each of the ten classes, drawn from the training and the test images of the full
set and shuffled, so that any first N are a fair sample. `scripts/make_fashion_subset.py` makes the file.
Copyright 2017 Zalando SE, MIT licence: see `LICENSE.fashion-mnist` beside this file.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from minicnn.datasets.keras_form import KerasData, KerasForm
from minicnn.datasets.mnist_form import FASHION_MNIST
from minicnn.errors import DataError

NAME = "fashion-mnist-6k"
CLASS_NAMES = FASHION_MNIST.class_names

FILE = Path(__file__).with_name("fashion_mnist_6k.npz")
SHA256 = "3c679281134c6434ce8f11c733ca9aba85e81302390f7aff5a73ee33baf476fb"
"""Of FILE, as `scripts/make_fashion_subset.py` printed it."""


def load_data() -> KerasData:
    """`(x_train, y_train), (x_test, y_test)`: images uint8 (5000, 28, 28) and (1000, 28, 28), labels uint8 (N,).

    0 is the background. Raises DataError if the installed file is missing or has changed.
    """
    try:
        with FILE.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"{FILE}: cannot be read: {error.strerror or error}; install minicnn again") from error
    if found != SHA256:
        raise DataError(f"{FILE}: has SHA-256 {found}, expected {SHA256}: it was altered; install minicnn again")
    return KerasForm(image_shape=(28, 28)).read_npz(FILE)
