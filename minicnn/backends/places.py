"""Where arrays live, main memory or a device, and how they are moved from one to the other."""

from __future__ import annotations

import difflib
from typing import Any

import numpy as np

from minicnn.backends.dispatch import HOST, backend_on, device_of
from minicnn.errors import BackendError, DeviceError

DEVICES = (HOST, "cuda", "cuda-sim")


def check_device(device: Any) -> str:
    """The name of a place that is here: "cpu", "cuda" or "cuda-sim"; "cuda:0" is "cuda". Raises BackendError."""
    if not isinstance(device, str):
        raise BackendError(f"a device is one of {_listed()}, got {device!r:.60}")
    name, colon, index = device.partition(":")
    if name not in DEVICES or (colon and not index.isdecimal()):
        near = ["cuda"] if "gpu" in device.lower() else difflib.get_close_matches(device, DEVICES, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise BackendError(f"there is no device {device!r:.60}, only {_listed()}{hint}")
    if index and int(index):
        another = f"; to have it take another GPU, set CUDA_VISIBLE_DEVICES={index} before Python starts"
        raise BackendError(
            f"there is no device {device!r}: minicnn computes on one, {name!r}{another if name == 'cuda' else ''}"
        )
    if name != HOST:
        backend_on(name)
    return name


def moved(array: Any, device: str) -> Any:
    """The array where `device` says: itself if it lives there, else a copy. device: a name from `check_device`."""
    home = device_of(array)
    if home == device:
        return array
    on_host = array if home == HOST else backend_on(home).device.to_host(array)
    return on_host if device == HOST else backend_on(device).device.to_device(np.asarray(on_host))


def to_host(array: Any) -> np.ndarray:
    """The array in main memory: itself, or a copy, which waits for the device."""
    return moved(array, HOST)


def beside(array: Any, other: Any) -> Any:
    """`array` where `other` lives."""
    return moved(array, device_of(other))


def check_together(who: str, arrays: dict[str, Any]) -> None:
    """All arrays live in one place. Raises DeviceError that says which lives where; single numbers go anywhere."""
    homes = {name: device_of(a) for name, a in arrays.items() if not isinstance(a, np.generic)}
    if len(set(homes.values())) > 1:
        found = ", ".join(f"{name} on {home!r}" for name, home in homes.items())
        raise DeviceError(f"{who}: all arrays must live in one place, but {found}; move them with .to(...)")


def _listed() -> str:
    return ", ".join(map(repr, DEVICES))
