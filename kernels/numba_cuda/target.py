"""The one place that imports Numba's CUDA target: whoever switches to its successor changes these lines.

It is the package numba-cuda, which takes the place of the older copy inside Numba where it is installed.
"""

from numba import config, cuda, types
from numba.cuda.extending import intrinsic
from numba.np.numpy_support import from_dtype

config.CUDA_LOW_OCCUPANCY_WARNINGS = 0  # a small layer has a small grid, and nothing is wrong with that

__all__ = ["cuda", "from_dtype", "intrinsic", "types"]
