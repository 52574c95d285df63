"""The GPU backend: CUDA C kernels of `minicnn.kernels.cuda`, on a GPU (`on_cupy`) or the software GPU (`on_simulator`).

A `device` owns every allocation, copy and launch; one file a family says which kernels compute a function of the
contract and on what grid; `border` copies between main memory, where the contract's arrays are so far, and the device.
"""
