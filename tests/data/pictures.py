"""The embedded pictures as a folder of class folders of PNG files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from minicnn.datasets import embedded

NAMES = ("boot", "dress", "shirt")


def write_pictures(folder: Path, each: int = 6) -> np.ndarray:
    """`each` pictures of three classes; returns them as (3, each, 28, 28)."""
    (x, y), _ = embedded.load_data()
    chosen = np.stack([x[y == label][:each] for label in (9, 3, 0)]).reshape(3, each, 28, 28)
    for name, pictures in zip(NAMES, chosen, strict=True):
        (folder / name).mkdir(parents=True)
        for i, picture in enumerate(pictures):
            Image.fromarray(picture).save(folder / name / f"{i}.png")
    return chosen
