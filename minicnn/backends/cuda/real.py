"""Backend `cuda`: the kernels on a GPU, through CuPy. Importing this raises BackendError where there is none."""

from minicnn.backends.cuda.border import contract_on
from minicnn.backends.cuda.device import CupyDevice

backend = contract_on(CupyDevice(), "cuda")
