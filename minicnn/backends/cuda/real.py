"""Backend `cuda`: the kernels on a GPU, through CuPy."""

from __future__ import annotations

from minicnn.backends.contract import Backend
from minicnn.backends.cuda.border import contract_on
from minicnn.backends.cuda.device import CupyDevice


def load() -> Backend:
    """The backend. Raises BackendError, saying why, where CuPy, the driver or a device is missing."""
    return contract_on(CupyDevice(), "cuda")
