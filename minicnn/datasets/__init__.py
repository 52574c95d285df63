"""Well-known sets of small images, in Keras's form: `load_data() -> (x_train, y_train), (x_test, y_test)`.

`embedded` comes with minicnn. The others are looked for in the folder $MINICNN_DATA and in the user's cache folder,
and are downloaded only by `load_data(download=True)`.
"""

from minicnn.datasets import cifar10, embedded, fashion_mnist, mnist

__all__ = ["cifar10", "embedded", "fashion_mnist", "mnist"]
