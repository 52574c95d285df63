"""Floor 0: the metal. What computes beneath the backends, imported as `minicnn.kernels`; `cpu` for now."""
