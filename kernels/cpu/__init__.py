"""Kernels for the CPU; `ladder` holds the steps from the definition to the fast ones."""
