"""Pictures through Keras's (and SciPy's) geometry and through ours; `images.npz` keeps what Keras made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

FILE = Path(__file__).with_name("images.npz")
FILL_MODES = ("constant", "nearest", "reflect", "wrap")

OPTIONS: dict[str, dict[str, Any]] = {
    "": {},
    "cropped": {"crop_to_aspect_ratio": True},
    "padded": {"pad_to_aspect_ratio": True},
}
RESIZES: dict[str, dict[str, Any]] = {
    f"{interpolation} {size} {option}": {"size": size, "interpolation": interpolation, **OPTIONS[option]}
    for interpolation in ("bilinear", "nearest")
    for size in ((4, 13), (12, 5), (6, 9))
    for option in OPTIONS
}

# Rows of the transform that Keras takes: x = a0 x' + a1 y' + a2, y = b0 x' + b1 y' + b2.
TRANSFORMS = {
    "shift": [1, 0, 2.3, 0, 1, -1.6, 0, 0],
    "far": [1, 0, 17.25, 0, 1, -23.6, 0, 0],
    "zoom": [0.63, 0, 1.47, 0, 1.37, -0.83, 0, 0],
    "turn": [0.897, -0.433, 1.137, 0.433, 0.897, -0.713, 0, 0],
}
WARPS = {
    f"{name} {mode} {interpolation}": {"transform": t, "fill_mode": mode, "interpolation": interpolation}
    for name, t in TRANSFORMS.items()
    for mode in FILL_MODES
    for interpolation in ("bilinear", "nearest")
}

CHANGES: dict[str, dict[str, Any]] = {
    "theta": {"theta": 33.0},
    "shift": {"tx": 2.4, "ty": -1.3},
    "shear": {"shear": 20.0},
    "zoom": {"zx": 0.7, "zy": 1.35},
    "all": {"theta": -50.0, "tx": 1.2, "ty": 3.1, "shear": 12.0, "zx": 1.3, "zy": 0.8},
    "flips": {"flip_horizontal": True, "flip_vertical": True},
    "channel shift": {"channel_shift_intensity": 40.0},
    "brightness": {"brightness": 0.6},
    "lighter": {"brightness": 1.7},
}
GENERATED = {
    f"{name} {mode}": {"transform": change, "fill_mode": mode}
    for name, change in CHANGES.items()
    for mode in FILL_MODES
}
STANDARDS: dict[str, dict[str, Any]] = {
    "featurewise": {"featurewise_center": True, "featurewise_std_normalization": True},
    "samplewise": {"samplewise_center": True, "samplewise_std_normalization": True, "rescale": 1 / 255},
    "whitening": {"featurewise_center": True, "zca_whitening": True, "zca_epsilon": 1e-2, "rescale": 1 / 255},
}


def pictures(size: tuple[int, int] = (6, 9), n: int = 1) -> np.ndarray:
    """Smooth values from 0 to 255, float32 (n, H, W, 3)."""
    rng = np.random.Generator(np.random.PCG64(3))
    rough = rng.uniform(0, 255, (n, *size, 3))
    return ((rough + np.roll(rough, 1, 1) + np.roll(rough, 1, 2)) / 3).astype(np.float32)


def of_keras() -> dict[str, np.ndarray]:
    """All cases as Keras computes them; needs Keras and SciPy."""
    import keras
    from keras.src.legacy.preprocessing.image import ImageDataGenerator

    def array(x: Any) -> np.ndarray:
        return keras.ops.convert_to_numpy(x)

    made = {}
    for name, options in RESIZES.items():
        made[f"resize/{name}"] = array(keras.ops.image.resize(pictures(), data_format="channels_last", **options))
    for name, options in WARPS.items():
        given = {**options, "transform": np.array([options["transform"]], np.float32)}
        made[f"warp/{name}"] = array(keras.ops.image.affine_transform(pictures(), fill_value=7.0, **given))
    square = pictures((8, 8))[0]
    for name, options in GENERATED.items():
        generator = ImageDataGenerator(fill_mode=options["fill_mode"], cval=7.0)
        made[f"generator/{name}"] = generator.apply_transform(square.copy(), options["transform"])
    made |= standardized(ImageDataGenerator)
    return {name: np.asarray(a, np.float32) for name, a in made.items()}


def standardized(generator_class: Any) -> dict[str, np.ndarray]:
    """What fit finds and standardize makes of it, for either library."""
    x, made = pictures((4, 5), n=12), {}
    for name, options in STANDARDS.items():
        generator = generator_class(**options)
        generator.fit(x)
        made[f"standardize/{name}"] = generator.standardize(x[0].copy())
    return made
