"""Floor 1: who computes. One contract, several implementations, one dispatcher, no fall-back in silence."""

from minicnn.backends.contract import Arrays, Backend
from minicnn.backends.dispatch import HOST, backend_for, chosen_device, current_backend, device_of, status, use_backend
from minicnn.backends.places import beside, check_device, check_together, moved, to_host
from minicnn.backends.threads import get_num_threads, set_num_threads

__all__ = [
    "HOST",
    "Arrays",
    "Backend",
    "backend_for",
    "beside",
    "check_device",
    "check_together",
    "chosen_device",
    "current_backend",
    "device_of",
    "get_num_threads",
    "moved",
    "set_num_threads",
    "status",
    "to_host",
    "use_backend",
]
