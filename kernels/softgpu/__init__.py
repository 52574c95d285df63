"""A software GPU: runs CUDA C kernels on the CPU, stricter than hardware. No GPU, no CUDA toolkit; it needs g++.

    module = softgpu.compile(Path("vector_add.cu"))
    x = softgpu.to_device(np.arange(100, dtype=np.float32))
    y = softgpu.empty((100,), np.float32)
    module.kernel("vector_add")((4,), (32,), (x, x, y, np.int32(100)))
    y.to_host()

`mode="check"` watches every access: data races, accesses out of bounds, misaligned vector loads; `mode="prof"` counts
what they would cost a GPU's memory. `order` chooses in
which order threads run between barriers; a correct kernel gives the same bits in all of them.
"""

from minicnn.kernels.softgpu.array import DeviceArray, empty, to_device
from minicnn.kernels.softgpu.compiler import compile
from minicnn.kernels.softgpu.errors import (
    AlignmentError,
    BarrierError,
    BoundsError,
    CompileError,
    CompilerMissing,
    DivisionError,
    KernelError,
    LaunchError,
    RaceError,
    TrapError,
    WarpError,
)
from minicnn.kernels.softgpu.memory import Transfer, transfers
from minicnn.kernels.softgpu.module import Kernel, Module, Traffic, by_line
from minicnn.kernels.softgpu.orders import ORDERS, order

__all__ = [
    "ORDERS",
    "AlignmentError",
    "BarrierError",
    "BoundsError",
    "CompileError",
    "CompilerMissing",
    "DeviceArray",
    "DivisionError",
    "Kernel",
    "KernelError",
    "LaunchError",
    "Module",
    "RaceError",
    "Traffic",
    "Transfer",
    "TrapError",
    "WarpError",
    "by_line",
    "compile",
    "empty",
    "order",
    "to_device",
    "transfers",
]
