"""Floor 0: the metal. What computes beneath the backends, imported as `minicnn.kernels`: `cpu`, and `softgpu`, which
runs CUDA C without a GPU."""
