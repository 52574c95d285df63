"""Fashion-MNIST: 60,000 training and 10,000 test images of clothing, 28x28 grey pixels.

A tenth of it comes with minicnn: see `minicnn.datasets.embedded`.
Source: Xiao, Rasul and Vollgraf, Fashion-MNIST: a novel image dataset for benchmarking machine learning algorithms,
arXiv:1708.07747 (2017).
"""

from __future__ import annotations

from minicnn.datasets.keras_form import KerasData
from minicnn.datasets.mnist_form import FASHION_MNIST

CLASS_NAMES = FASHION_MNIST.class_names


def load_data(*, download: bool = False) -> KerasData:
    """`(x_train, y_train), (x_test, y_test)`: images uint8 (N, 28, 28), 0 is the background; labels uint8 (N,).

    Looks in $MINICNN_DATA/fashion-mnist, $MINICNN_DATA, and the same two in the user's cache folder, for the four IDX
    files, plain or gzipped (SHA-256 verified), or for `fashion-mnist.npz` in Keras's form (shapes, types and labels
    checked). Debian's package needs only MINICNN_DATA=/usr/share/datasets.
    download: if the data is in none of these places, fetch it into the cache folder (31 MB), and replace damaged
    files there. Without it nothing is ever fetched.
    Raises DataError if the data is not found, damaged, or cannot be fetched; the message says what to do.
    """
    return FASHION_MNIST.load(download=download)
