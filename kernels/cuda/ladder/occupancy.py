"""How many warps a multiprocessor keeps at work, from what a block takes. More of them hide more of the waiting."""

from __future__ import annotations

WARPS, BLOCKS, REGISTERS, SHARED = 64, 32, 65536, 164 * 1024
"""What a multiprocessor of compute capability 8.0 has. Source: CUDA C++ Programming Guide, Compute Capabilities."""

_RESERVED = 1024  # bytes of shared memory that CUDA itself takes of each block


def occupancy(threads: int, registers: int, shared_bytes: int) -> float:
    """The part of the 64 warps that can be there at once, from 0 to 1, for blocks of so many threads.

    registers: of a thread; they are handed out to warps 256 at a time. shared_bytes: of a block.
    """
    warps = -(-threads // 32)
    registers_of_warp = -(-32 * registers // 256) * 256
    by_registers = REGISTERS // registers_of_warp // warps
    by_shared = SHARED // (shared_bytes + _RESERVED)
    blocks = min(BLOCKS, WARPS // warps, by_registers, by_shared)
    return blocks * warps / WARPS
