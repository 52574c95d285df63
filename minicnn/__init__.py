"""minicnn: a convolutional-network engine to read, to check and to race.

The public vocabulary is Keras 3's (`Sequential`, `layers.Conv2D`, `fit`); beneath it are `Tensor` and `ops`, where
every operator stands beside its hand-derived gradient.
"""

from minicnn import ops
from minicnn.backends import use_backend
from minicnn.errors import MinicnnError
from minicnn.gradient_check import gradcheck
from minicnn.tensor import Tensor, no_grad

__version__ = "0.1.0"

__all__ = ["MinicnnError", "Tensor", "gradcheck", "no_grad", "ops", "use_backend"]
