"""MNIST: 60,000 training and 10,000 test images of handwritten digits, 28x28 grey pixels.

Source: LeCun, Bottou, Bengio and Haffner, Gradient-based learning applied to document recognition,
Proceedings of the IEEE 86 (1998).
"""

from __future__ import annotations

from minicnn.datasets.keras_form import KerasData
from minicnn.datasets.mnist_form import MNIST

CLASS_NAMES = MNIST.class_names


def load_data(*, download: bool = False) -> KerasData:
    """`(x_train, y_train), (x_test, y_test)`: images uint8 (N, 28, 28), 0 is the background; labels uint8 (N,).

    Looks in $MINICNN_DATA/mnist, $MINICNN_DATA, and the same two in the user's cache folder, for the four IDX files,
    plain or gzipped (SHA-256 verified), or for Keras's `mnist.npz` (shapes, types and labels checked).
    download: if the data is in none of these places, fetch it into the cache folder (11 MB), and replace damaged
    files there. Without it nothing is ever fetched.
    Raises DataError if the data is not found, damaged, or cannot be fetched; the message says what to do.
    """
    return MNIST.load(download=download)
