"""Every layer in several geometries: what it gives, and which weights Keras 3's get_weights() would return for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from minicnn import layers
from minicnn.layers import Layer

Sizes = tuple[int, ...]


@dataclass(frozen=True)
class LayerCase:
    """`make()` on inputs (N, *example) gives (N, *output); `weights` in Keras's order: name -> shape."""

    make: Callable[[], Layer]
    example: Sizes
    output: Sizes
    weights: dict[str, Sizes] = field(default_factory=dict)


def _bn(channels: int) -> dict[str, Sizes]:
    return dict.fromkeys(("gamma", "beta", "moving_mean", "moving_variance"), (channels,))


# Output sizes are worked out by hand: ceil(n / s) for "same", floor((n + pads - reach) / s) + 1 otherwise.
CASES: dict[str, LayerCase] = {
    "conv2d": LayerCase(lambda: layers.Conv2D(4, 3), (7, 6, 3), (5, 4, 4), {"kernel": (3, 3, 3, 4), "bias": (4,)}),
    "conv2d without bias, same, stride 2": LayerCase(
        lambda: layers.Conv2D(5, (3, 2), strides=2, padding="same", use_bias=False),
        (7, 6, 2),
        (4, 3, 5),
        {"kernel": (3, 2, 2, 5)},
    ),
    "conv2d in groups, dilated": LayerCase(
        lambda: layers.Conv2D(6, 2, dilation_rate=(2, 3), groups=2, activation="relu"),
        (6, 7, 4),
        (4, 4, 6),
        {"kernel": (2, 2, 2, 6), "bias": (6,)},
    ),
    "conv2d with explicit padding": LayerCase(
        lambda: layers.Conv2D(1, 3, padding=((1, 0), (2, 1))),
        (4, 4, 1),
        (3, 5, 1),
        {"kernel": (3, 3, 1, 1), "bias": (1,)},
    ),
    "depthwise": LayerCase(
        lambda: layers.DepthwiseConv2D(3, depth_multiplier=2, strides=2, padding="SAME"),
        (5, 5, 3),
        (3, 3, 6),
        {"kernel": (3, 3, 3, 2), "bias": (6,)},
    ),
    "separable": LayerCase(
        lambda: layers.SeparableConv2D(5, 3, depth_multiplier=2),
        (6, 5, 3),
        (4, 3, 5),
        {"depthwise_kernel": (3, 3, 3, 2), "pointwise_kernel": (1, 1, 6, 5), "bias": (5,)},
    ),
    "transposed, valid": LayerCase(
        lambda: layers.Conv2DTranspose(4, 3, strides=2),
        (3, 4, 2),
        (7, 9, 4),
        {"kernel": (3, 3, 4, 2), "bias": (4,)},
    ),
    "transposed, same": LayerCase(
        lambda: layers.Conv2DTranspose(2, 3, strides=(2, 3), padding="same", use_bias=False),
        (3, 4, 1),
        (6, 12, 2),
        {"kernel": (3, 3, 2, 1)},
    ),
    "transposed, output_padding": LayerCase(
        lambda: layers.Conv2DTranspose(1, 2, strides=3, output_padding=1),
        (2, 2, 1),
        (6, 6, 1),
        {"kernel": (2, 2, 1, 1), "bias": (1,)},
    ),
    "max-pool": LayerCase(lambda: layers.MaxPooling2D(), (5, 4, 3), (2, 2, 3)),
    "max-pool, overlapping, same": LayerCase(
        lambda: layers.MaxPooling2D(3, strides=2, padding="same"), (5, 4, 2), (3, 2, 2)
    ),
    "average-pool": LayerCase(lambda: layers.AveragePooling2D((2, 3), strides=1), (4, 4, 2), (3, 2, 2)),
    "global average-pool": LayerCase(lambda: layers.GlobalAveragePooling2D(), (4, 3, 5), (5,)),
    "global average-pool, keepdims": LayerCase(
        lambda: layers.GlobalAveragePooling2D(keepdims=True), (4, 3, 5), (1, 1, 5)
    ),
    "global max-pool": LayerCase(lambda: layers.GlobalMaxPooling2D(), (4, 3, 5), (5,)),
    "zero padding": LayerCase(lambda: layers.ZeroPadding2D(((1, 2), (0, 3))), (3, 3, 2), (6, 6, 2)),
    "upsampling": LayerCase(lambda: layers.UpSampling2D((2, 3)), (3, 2, 2), (6, 6, 2)),
    "upsampling, bilinear": LayerCase(lambda: layers.UpSampling2D(2, interpolation="bilinear"), (3, 2, 2), (6, 4, 2)),
    "flatten": LayerCase(lambda: layers.Flatten(), (3, 2, 4), (24,)),
    "reshape": LayerCase(lambda: layers.Reshape((4, -1)), (3, 2, 4), (4, 6)),
    "dense": LayerCase(lambda: layers.Dense(3), (5,), (3,), {"kernel": (5, 3), "bias": (3,)}),
    "dense on maps": LayerCase(
        lambda: layers.Dense(2, activation="tanh", use_bias=False), (3, 4, 5), (3, 4, 2), {"kernel": (5, 2)}
    ),
    "batch-norm": LayerCase(lambda: layers.BatchNormalization(), (3, 3, 4), (3, 3, 4), _bn(4)),
    "batch-norm of rows, without scale": LayerCase(
        lambda: layers.BatchNormalization(scale=False, momentum=0.9),
        (6,),
        (6,),
        {name: shape for name, shape in _bn(6).items() if name != "gamma"},
    ),
    "dropout": LayerCase(lambda: layers.Dropout(0.5), (4, 3), (4, 3)),
    "activation": LayerCase(lambda: layers.Activation("sigmoid"), (4, 3), (4, 3)),
    "relu": LayerCase(lambda: layers.ReLU(max_value=6, negative_slope=0.1, threshold=0.5), (4, 3), (4, 3)),
    "leaky relu": LayerCase(lambda: layers.LeakyReLU(0.2), (4, 3), (4, 3)),
    "elu": LayerCase(lambda: layers.ELU(0.5), (4, 3), (4, 3)),
    "gelu": LayerCase(lambda: layers.Dense(3, activation="gelu"), (4,), (3,), {"kernel": (4, 3), "bias": (3,)}),
    "prelu": LayerCase(lambda: layers.PReLU("ones"), (3, 2, 4), (3, 2, 4), {"alpha": (3, 2, 4)}),
    "prelu, one alpha a channel": LayerCase(
        lambda: layers.PReLU(shared_axes=[1, 2]), (3, 2, 4), (3, 2, 4), {"alpha": (1, 1, 4)}
    ),
    "softmax": LayerCase(lambda: layers.Softmax(), (4, 3), (4, 3)),
    "softmax along rows": LayerCase(lambda: layers.Softmax(axis=1), (4, 3), (4, 3)),
    "gaussian noise": LayerCase(lambda: layers.GaussianNoise(0.1), (4, 3), (4, 3)),
    "rescaling": LayerCase(lambda: layers.Rescaling([2.0, 3.0], offset=-1), (3, 4, 2), (3, 4, 2)),
    "normalization": LayerCase(
        lambda: layers.Normalization(), (3, 4, 2), (3, 4, 2), {"mean": (2,), "variance": (2,), "count": ()}
    ),
    "normalization, given": LayerCase(lambda: layers.Normalization(mean=1.0, variance=4.0), (3, 2), (3, 2)),
    "resizing": LayerCase(lambda: layers.Resizing(4, 5, antialias=True), (7, 3, 2), (4, 5, 2)),
    "center crop": LayerCase(lambda: layers.CenterCrop(2, 3), (6, 6, 1), (2, 3, 1)),
    "random crop": LayerCase(lambda: layers.RandomCrop(2, 3), (6, 6, 1), (2, 3, 1)),
    "random flip": LayerCase(lambda: layers.RandomFlip("horizontal"), (4, 3, 2), (4, 3, 2)),
    "random rotation": LayerCase(lambda: layers.RandomRotation((-0.1, 0.2), "wrap"), (4, 3, 2), (4, 3, 2)),
    "random zoom": LayerCase(lambda: layers.RandomZoom(0.2, interpolation="nearest"), (4, 3, 2), (4, 3, 2)),
    "random translation": LayerCase(
        lambda: layers.RandomTranslation(0.1, (0, 0.5), "constant", fill_value=2.0), (4, 3, 2), (4, 3, 2)
    ),
    "random contrast": LayerCase(lambda: layers.RandomContrast(0.3), (4, 3, 2), (4, 3, 2)),
    "random brightness": LayerCase(lambda: layers.RandomBrightness(0.3, (0, 1)), (4, 3, 2), (4, 3, 2)),
}
