"""LeNet-5, as courses teach it: ReLU, max-pooling and a softmax in place of the original's tanh, means and RBFs."""

from __future__ import annotations

from minicnn import layers
from minicnn.models import Sequential


def lenet5(input_shape: tuple[int, int, int] = (28, 28, 1), classes: int = 10) -> Sequential:
    """Two convolutions of 5x5, three dense layers; 61,706 parameters for 28x28x1 and 10 classes.

    Source: LeCun, Bottou, Bengio and Haffner, Gradient-based learning applied to document recognition (1998), II.B.
    """
    return Sequential(
        [
            layers.Input(input_shape),
            layers.Conv2D(6, 5, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(16, 5, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(120, activation="relu"),
            layers.Dense(84, activation="relu"),
            layers.Dense(classes),
        ],
        name="lenet5",
    )
