"""Backend `cuda-sim`: the kernels on the software GPU."""

from __future__ import annotations

from minicnn.backends.contract import Backend
from minicnn.backends.cuda.border import contract_on
from minicnn.backends.cuda.device import SimulatedDevice


def load() -> Backend:
    """The backend. Raises BackendError, saying why, where there is no g++."""
    return contract_on(SimulatedDevice(), "cuda-sim")
