"""Makes `networks.npz`: `cd tests && KERAS_BACKEND=torch python -m reference.make_keras_networks`.

Keras 3 and NumPy are all it needs; no code of minicnn takes part. The committed file is from Keras 3.15.1 on PyTorch.
"""

from __future__ import annotations

import keras
import numpy as np

from .archive import FOLDER, Group, write
from .networks import NETWORKS, trained


def main() -> None:
    """Writes the file beside this script and prints its size."""
    groups = {}
    for name in NETWORKS:
        keras.utils.clear_session()
        groups[name] = Group({key: np.asarray(a, "float64") for key, a in trained(keras, name).items()}, {})
    path = FOLDER / "networks.npz"
    write(path, groups)
    print(f"{path.name}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
