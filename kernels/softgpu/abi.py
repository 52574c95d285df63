"""The structures of runtime/runtime.h, as Python fills and reads them."""

from __future__ import annotations

import ctypes

from minicnn.kernels.softgpu.errors import (
    AlignmentError,
    BarrierError,
    BoundsError,
    DivisionError,
    KernelError,
    RaceError,
    TrapError,
    WarpError,
)

ERRORS: dict[int, type[KernelError]] = dict(
    enumerate([RaceError, BoundsError, AlignmentError, BarrierError, WarpError, TrapError, DivisionError], start=1)
)
"""What each `enum FaultKind` is raised as."""


class Region(ctypes.Structure):
    """One stretch of memory that a kernel may touch."""

    _fields_ = (
        ("address", ctypes.c_void_p),
        ("bytes", ctypes.c_size_t),
        ("item", ctypes.c_size_t),
        ("name", ctypes.c_char_p),
    )


class Launch(ctypes.Structure):
    """All that the runtime needs to run a grid."""

    _fields_ = (
        ("call", ctypes.c_void_p),
        ("arguments", ctypes.c_void_p),
        ("grid", ctypes.c_uint * 3),
        ("block", ctypes.c_uint * 3),
        ("dynamic_shared", ctypes.c_void_p),
        ("dynamic_bytes", ctypes.c_size_t),
        ("dynamic_capacity", ctypes.c_size_t),
        ("order", ctypes.c_int),
        ("seed", ctypes.c_uint64),
        ("watch", ctypes.c_int),
        ("regions", ctypes.c_void_p),
        ("region_count", ctypes.c_size_t),
    )


class Fault(ctypes.Structure):
    """What went wrong first."""

    _fields_ = (
        ("kind", ctypes.c_int),
        ("block", ctypes.c_uint * 3),
        ("thread", ctypes.c_uint * 3),
        ("where", ctypes.c_uint64),
        ("other_where", ctypes.c_uint64),
        ("message", ctypes.c_char * 512),
    )


class Row(ctypes.Structure):
    """What the accesses of one place would cost; `struct Traffic` of runtime/profile.h."""

    _fields_ = (
        ("where", ctypes.c_uint64),
        ("shared", ctypes.c_int),
        ("kind", ctypes.c_int),
        ("bytes", ctypes.c_int),
        ("requests", ctypes.c_uint64),
        ("moved", ctypes.c_uint64),
        ("ideal", ctypes.c_uint64),
    )


def fault_of(library: ctypes.CDLL) -> Fault:
    """The fault of the last launch."""
    library.softgpu_fault.restype = ctypes.POINTER(Fault)
    return library.softgpu_fault().contents


def profile_of(library: ctypes.CDLL) -> list[Row]:
    """What the last launch in mode "prof" counted."""
    library.softgpu_profile.restype = ctypes.c_size_t
    library.softgpu_profile.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
    rows = (Row * library.softgpu_profile(None, 0))()
    library.softgpu_profile(rows, len(rows))
    return list(rows)
