"""Floor 1: who computes. One contract, several implementations, one dispatcher, no fall-back in silence."""

from minicnn.backends.contract import Arrays, Backend
from minicnn.backends.dispatch import backend_for, current_backend, status, use_backend
from minicnn.backends.threads import get_num_threads, set_num_threads

__all__ = [
    "Arrays",
    "Backend",
    "backend_for",
    "current_backend",
    "get_num_threads",
    "set_num_threads",
    "status",
    "use_backend",
]
