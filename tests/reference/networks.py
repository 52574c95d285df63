"""Networks that are built by one and the same code on Keras and on minicnn: `NETWORKS[name](library)`.

The library is `keras` or `minicnn`: anything with `layers`, `Input`, `Model`, `Sequential` and `ops`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

IMAGE = (10, 10, 2)
N, EPOCHS, BATCH = 24, 6, 8
SPARSE, MSE = "sparse_categorical_crossentropy", "mean_squared_error"


def course(k: Any) -> tuple[Any, dict[str, Any]]:
    """Convolution, pooling, dense: one after another."""
    la = k.layers
    chain = [la.Conv2D(6, 3, activation="relu"), la.MaxPooling2D(2), la.Flatten(), la.Dense(3, activation="softmax")]
    return k.Sequential([k.Input(IMAGE), *chain]), {"loss": SPARSE, "metrics": ["accuracy"]}


def normalized(k: Any) -> tuple[Any, dict[str, Any]]:
    """Batch-norm before ReLU, global average."""
    la = k.layers
    chain = [la.Conv2D(5, 3, use_bias=False), la.BatchNormalization(), la.ReLU(), la.MaxPooling2D(2)]
    chain += [la.Conv2D(6, 3, padding="same"), la.BatchNormalization(), la.Activation("relu")]
    chain += [la.GlobalAveragePooling2D(), la.Dense(3, activation="softmax")]
    return k.Sequential([k.Input(IMAGE), *chain]), {"loss": SPARSE, "metrics": ["accuracy"]}


def within(k: Any) -> tuple[Any, dict[str, Any]]:
    """Models as layers, two levels deep."""
    la = k.layers
    inner = k.Sequential([k.Input((8, 8, 4)), la.Conv2D(4, 3, activation="relu"), la.MaxPooling2D(2)])
    outer = k.Sequential([k.Input(IMAGE), la.Conv2D(4, 3, activation="relu"), inner])
    return k.Sequential([outer, la.Flatten(), la.Dense(1)]), {"loss": MSE, "metrics": ["mae"]}


def straight(k: Any) -> tuple[Any, dict[str, Any]]:
    """The functional way of saying one after another."""
    la = k.layers
    image = k.Input(IMAGE)
    x = la.Conv2D(6, 3, strides=2, activation="relu")(image)
    x = la.Flatten()(x)
    x = la.Dense(8, activation="relu")(x)
    return k.Model(image, la.Dense(3, activation="softmax")(x)), {"loss": SPARSE, "metrics": ["accuracy"]}


def residual(k: Any) -> tuple[Any, dict[str, Any]]:
    """Two residual blocks, the second with a projection."""
    la = k.layers
    image = k.Input(IMAGE)
    x = la.Conv2D(4, 3, padding="same")(image)
    for filters, strides in ((4, 1), (6, 2)):
        way = la.BatchNormalization()(x)
        way = la.Activation("relu")(way)
        way = la.Conv2D(filters, 3, strides=strides, padding="same")(way)
        way = la.BatchNormalization()(way)
        way = la.ReLU()(way)
        way = la.Conv2D(filters, 3, padding="same")(way)
        if strides > 1:
            x = la.Conv2D(filters, 1, strides=strides)(x)
        x = la.Add()([x, way])
    x = la.GlobalAveragePooling2D()(la.ReLU()(x))
    return k.Model(image, la.Dense(3, activation="softmax")(x)), {"loss": SPARSE, "metrics": ["accuracy"]}


def inception(k: Any) -> tuple[Any, dict[str, Any]]:
    """Four ways side by side, joined along the channels."""
    la = k.layers
    image = k.Input(IMAGE)
    one = la.Conv2D(3, 1, activation="relu")(image)
    three = la.Conv2D(3, 3, padding="same", activation="relu")(la.Conv2D(2, 1, activation="relu")(image))
    five = la.Conv2D(2, 5, padding="same", activation="relu")(la.Conv2D(2, 1, activation="relu")(image))
    pooled = la.Conv2D(2, 1, activation="relu")(la.MaxPooling2D(3, strides=1, padding="same")(image))
    x = la.Concatenate()([one, three, five, pooled])
    x = la.Flatten()(la.MaxPooling2D(2)(x))
    return k.Model(image, la.Dense(3, activation="softmax")(x)), {"loss": SPARSE, "metrics": ["accuracy"]}


def two_inputs(k: Any) -> tuple[Any, dict[str, Any]]:
    """A picture and a row of numbers."""
    la = k.layers
    image, row = k.Input(IMAGE, name="image"), k.Input((5,), name="row")
    x = la.Flatten()(la.Conv2D(4, 3, activation="relu")(image))
    x = la.Concatenate()([la.Dense(6, activation="tanh")(x), la.Dense(4, activation="relu")(row)])
    return k.Model([image, row], la.Dense(1)(x)), {"loss": MSE, "metrics": ["mae"]}


def two_outputs(k: Any) -> tuple[Any, dict[str, Any]]:
    """What it is and how bright it is, with losses, weights and metrics by name."""
    la = k.layers
    image = k.Input(IMAGE)
    x = la.Flatten()(la.Conv2D(4, 3, activation="relu")(image))
    kind = la.Dense(3, activation="softmax", name="kind")(x)
    size = la.Dense(1, name="size")(la.Dense(5, activation="relu")(x))
    settings = {
        "loss": {"kind": SPARSE, "size": MSE},
        "loss_weights": {"kind": 1.0, "size": 0.25},
        "metrics": {"kind": ["accuracy"], "size": ["mae"]},
    }
    return k.Model(image, {"kind": kind, "size": size}), settings


def lists_of_outputs(k: Any) -> tuple[Any, dict[str, Any]]:
    """Several inputs and outputs in lists."""
    la = k.layers
    image, row = k.Input(IMAGE, name="image"), k.Input((5,), name="row")
    x = la.Concatenate()([la.Flatten()(la.Conv2D(3, 3, activation="relu")(image)), row])
    x = la.Dense(7, activation="relu")(x)
    outputs = [la.Dense(3, activation="softmax", name="kind")(x), la.Dense(1, name="size")(x)]
    settings = {"loss": [SPARSE, MSE], "loss_weights": [0.5, 2.0], "metrics": [["accuracy"], ["mae"]]}
    return k.Model([image, row], outputs), settings


def shared(k: Any) -> tuple[Any, dict[str, Any]]:
    """One model for both of two pictures, and how far apart they are."""
    la = k.layers
    eye = k.Sequential(
        [k.Input(IMAGE), la.Conv2D(4, 3, activation="relu"), la.Flatten(), la.Dense(4, activation="tanh")]
    )
    left, right = k.Input(IMAGE, name="left"), k.Input(IMAGE, name="right")
    apart = la.Subtract()([eye(left), eye(right)])
    return k.Model([left, right], la.Dense(1)(la.Multiply()([apart, apart]))), {"loss": MSE, "metrics": ["mae"]}


def arithmetic(k: Any) -> tuple[Any, dict[str, Any]]:
    """Operators on symbolic tensors, with constants among them."""
    la = k.layers
    image = k.Input(IMAGE)
    x = la.Conv2D(4, 3)(image)
    x = k.ops.relu(x) * 0.5 + 1.0
    y = k.ops.sqrt(x) - x / 3.0
    x = k.ops.mean(k.ops.maximum(x, -y), axis=(1, 2))
    return k.Model(image, la.Dense(3, activation="softmax")(x)), {"loss": SPARSE, "metrics": ["accuracy"]}


def merged(k: Any) -> tuple[Any, dict[str, Any]]:
    """Every merging layer."""
    la = k.layers
    image = k.Input(IMAGE)
    ways = [la.Dense(4, activation="tanh")(la.Flatten()(image)) for _ in range(3)]
    parts = [la.Average()(ways), la.Maximum()(ways), la.Minimum()(ways), la.Multiply()(ways), la.Add()(ways)]
    parts += [la.Subtract()(ways[:2]), la.Dot(axes=1)(ways[:2]), la.Dot(axes=1, normalize=True)(ways[1:])]
    return k.Model(image, la.Dense(1)(la.Concatenate()(parts))), {"loss": MSE, "metrics": ["mae"]}


def frozen(k: Any) -> tuple[Any, dict[str, Any]]:
    """A head on a base that does not learn, batch-norm included, cut out of a larger model."""
    la = k.layers
    image = k.Input(IMAGE)
    x = la.BatchNormalization()(la.Conv2D(4, 3, activation="relu", name="first")(image))
    whole = k.Model(image, la.Dense(7)(la.Flatten()(la.ReLU(name="cut")(x))))
    base = k.Model(whole.input, whole.get_layer("cut").output)
    base.trainable = False
    x = la.GlobalMaxPooling2D()(base(image, training=False))
    return k.Model(image, la.Dense(3, activation="softmax")(x)), {"loss": SPARSE, "metrics": ["accuracy"]}


def attention(k: Any) -> tuple[Any, dict[str, Any]]:
    """Squeeze and excitation: channels weighed by what they hold, broadcast over the picture."""
    la = k.layers
    image = k.Input(IMAGE)
    x = la.Conv2D(6, 3, padding="same", activation="relu")(image)
    weights = la.Dense(6, activation="sigmoid")(la.Dense(2, activation="relu")(la.GlobalAveragePooling2D()(x)))
    x = la.Multiply()([x, la.Reshape((1, 1, 6))(weights)])
    return k.Model(image, la.Dense(1)(la.Flatten()(x))), {"loss": MSE, "metrics": ["mae"]}


def text(k: Any) -> tuple[Any, dict[str, Any]]:
    """Words as a one-dimensional image."""
    la = k.layers
    words = k.Input((12,), dtype="int32")
    x = la.Embedding(20, 6)(words)
    x = la.Conv1D(5, 3, padding="causal", dilation_rate=2, activation="relu")(la.ZeroPadding1D((1, 0))(x))
    x = la.MaxPooling1D(2)(x)
    x = la.Conv1D(6, 3, strides=2, padding="same", activation="tanh")(la.UpSampling1D(2)(x))
    x = la.Concatenate()([la.GlobalMaxPooling1D()(x), la.GlobalAveragePooling1D()(la.Cropping1D(1)(x))])
    return k.Model(words, la.Dense(3, activation="softmax")(x)), {"loss": SPARSE, "metrics": ["accuracy"]}


def turned(k: Any) -> tuple[Any, dict[str, Any]]:
    """Cropping, axes in another order, rows repeated, and what only draws while training left at rest."""
    la = k.layers
    image = k.Input(IMAGE)
    x = la.Cropping2D(((1, 0), (0, 2)))(image)
    x = la.Permute((2, 1, 3))(la.Conv2D(3, 3, activation="relu")(x))
    x = la.AveragePooling1D(2)(la.Reshape((-1, 3))(la.SpatialDropout2D(0.0)(x)))
    x = la.Flatten()(la.GaussianNoise(0.0)(x))
    x = la.RepeatVector(3)(la.Dense(4, activation="tanh")(x))
    return k.Model(image, la.Dense(1)(la.Flatten()(la.Identity()(x)))), {"loss": MSE, "metrics": ["mae"]}


def two_scales(k: Any) -> tuple[Any, dict[str, Any]]:
    """The same layers for a picture and for one of half its size."""
    la = k.layers
    image = k.Input(IMAGE)
    chain = [la.Conv2D(4, 3), la.BatchNormalization(), la.ReLU(), la.MaxPooling2D(2), la.GlobalAveragePooling2D()]
    ways = [image, la.AveragePooling2D(2)(image)]
    for layer in chain:
        ways = [layer(x) for x in ways]
    return k.Model(image, la.Dense(3, activation="softmax")(la.Concatenate()(ways))), {
        "loss": SPARSE,
        "metrics": ["accuracy"],
    }


NETWORKS: dict[str, Callable[[Any], tuple[Any, dict[str, Any]]]] = {
    make.__name__: make
    for make in (
        course,
        normalized,
        within,
        straight,
        residual,
        inception,
        two_inputs,
        two_outputs,
        lists_of_outputs,
        shared,
        arithmetic,
        merged,
        frozen,
        attention,
        text,
        turned,
        two_scales,
    )
}


def examples(name: str) -> tuple[Any, Any]:
    """Inputs and targets in the structure that the network takes, the same on every call."""
    rng = np.random.default_rng(7)
    image, other = rng.standard_normal((2, N, *IMAGE)).astype("float32")
    row, kind = rng.standard_normal((N, 5)).astype("float32"), rng.integers(0, 3, N)
    size = rng.standard_normal((N, 1)).astype("float32")
    words = rng.integers(0, 20, (N, 12))
    x: Any = {
        "text": words,
        "two_inputs": [image, row],
        "lists_of_outputs": {"row": row, "image": image},
        "shared": [image, other],
    }
    y: Any = {"two_outputs": {"kind": kind, "size": size}, "lists_of_outputs": [kind, size]}
    single = size if NETWORKS[name] in (within, two_inputs, shared, merged, attention, turned) else kind
    return x.get(name, image), y.get(name, single)


def weights_for(shapes: list[tuple[int, ...]]) -> list[np.ndarray]:
    """Numbers for weights of these shapes, the same on every call; positive, as variances have to be."""
    rng = np.random.default_rng(11)
    fan = [max(int(np.prod(shape[:-1])), 1) for shape in shapes]
    return [
        (rng.uniform(0.2, 0.6, s) if len(s) == 1 else rng.standard_normal(s) / n**0.5).astype("float32")
        for s, n in zip(shapes, fan, strict=True)
    ]


def trained(k: Any, name: str) -> dict[str, np.ndarray]:
    """What a library makes of a network: shapes of weights, parameters, predictions, 6 epochs of history."""
    model, settings = NETWORKS[name](k)
    shapes = [tuple(w.shape) for w in model.get_weights()]
    model.set_weights(weights_for(shapes))
    x, y = examples(name)
    flat = model.predict(x, verbose=0)
    outputs = list(flat.values()) if isinstance(flat, dict) else flat if isinstance(flat, list) else [flat]
    found = {f"predictions {i}": np.asarray(output) for i, output in enumerate(outputs)}
    found["shapes"] = np.array([n for shape in shapes for n in (len(shape), *shape)])
    found["parameters"] = np.array([model.count_params(), sum(int(np.prod(v.shape)) for v in model.trainable_weights)])
    model.compile(optimizer=k.optimizers.SGD(0.02, momentum=0.9), **settings)
    fitted = model.fit(x, y, epochs=EPOCHS, batch_size=BATCH, shuffle=False, verbose=0, validation_data=(x, y))
    found |= {f"history {key}": np.array(values) for key, values in sorted(fitted.history.items())}
    found["evaluated"] = np.atleast_1d(model.evaluate(x, y, verbose=0, batch_size=BATCH))
    return found
