"""Backend `cuda-sim`: the kernels on the software GPU. Importing this raises BackendError where there is no g++."""

from minicnn.backends.cuda.border import contract_on
from minicnn.backends.cuda.device import SimulatedDevice

backend = contract_on(SimulatedDevice(), "cuda-sim")
