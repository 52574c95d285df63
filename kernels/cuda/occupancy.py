"""How many threads of a kernel a multiprocessor holds at once: arithmetic on what NVIDIA documents of architectures.

Loads take hundreds of cycles. A multiprocessor hides them by running other warps meanwhile, if it holds some; or, in
kernels that sum tiles in registers, by the independent operations of one warp. So occupancy is a figure to know, not
one to maximize: Volkov, Better performance at lower occupancy (GTC 2010).
"""

from __future__ import annotations

from dataclasses import dataclass

WARP = 32


@dataclass(frozen=True)
class Multiprocessor:
    """What its blocks share. Source: CUDA C++ Programming Guide, Compute Capabilities, Technical Specifications.

    registers are given out to warps, 256 at a time; shared memory to blocks, `unit` bytes at a time, of which `own` go
    to the system.
    """

    warps: int
    blocks: int
    shared_bytes: int
    own: int = 1024
    unit: int = 128
    registers: int = 65536


MULTIPROCESSORS = {
    "sm_75": Multiprocessor(warps=32, blocks=16, shared_bytes=64 * 1024, own=0, unit=256),
    "sm_80": Multiprocessor(warps=64, blocks=32, shared_bytes=164 * 1024),
    "sm_90": Multiprocessor(warps=64, blocks=32, shared_bytes=228 * 1024),
    "sm_100": Multiprocessor(warps=64, blocks=32, shared_bytes=228 * 1024),
    "sm_120": Multiprocessor(warps=48, blocks=24, shared_bytes=100 * 1024),
}
"""Turing (T4), Ampere (A100), Hopper (H100), Blackwell (B200 and the RTX 50 series)."""


@dataclass(frozen=True)
class Occupancy:
    """Blocks and warps of one kernel that a multiprocessor holds, their share of what it could, and what stops more."""

    blocks: int
    warps: int
    share: float
    limit: str


def occupancy(architecture: str, threads: int, registers: int, shared_bytes: int) -> Occupancy:
    """Of a kernel with blocks of `threads`, `registers` for each thread, `shared_bytes` for each block.

    Raises KeyError for an architecture that is not in MULTIPROCESSORS.
    """
    there = MULTIPROCESSORS[architecture]
    warps = -(-threads // WARP)
    registers_of_warp = _rounded(registers * WARP, 256)
    shared = _rounded(shared_bytes + there.own, there.unit)
    blocks = {
        "warps": there.warps // warps,
        "blocks": there.blocks,
        # Each of the four schedulers has a quarter of the registers, and whole warps.
        "registers": there.registers // 4 // max(1, registers_of_warp) * 4 // warps if registers else there.blocks,
        "shared memory": there.shared_bytes // shared if shared else there.blocks,
    }
    limit = min(blocks, key=lambda name: blocks[name])
    held = blocks[limit] * warps
    return Occupancy(blocks[limit], held, held / there.warps, limit)


def _rounded(n: int, unit: int) -> int:
    return -(-n // unit) * unit
