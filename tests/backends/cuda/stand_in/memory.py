"""Memory of the stand-in: a pool whose free blocks go to the next who asks, and pinned memory."""

from __future__ import annotations

import ctypes
from collections import defaultdict
from typing import Any

import numpy as np

from minicnn.kernels import softgpu
from tests.backends.cuda.stand_in.streams import Stream

ROUND = 512


class OutOfMemoryError(MemoryError):
    def __init__(self, size: int, total: int, limit: int = 0) -> None:
        super().__init__(f"Out of memory allocating {size:,} bytes (allocated so far: {total:,}, limit {limit:,})")


class PooledMemory:
    """A block, which goes back to its pool when nobody has it any more."""

    def __init__(self, pool: MemoryPool, block: softgpu.DeviceArray | None, stream: Stream, device_id: int) -> None:
        self.pool, self.block, self._stream = pool, block, stream
        self.device_id = device_id
        self.ptr = block.address if block is not None else 0

    def __del__(self) -> None:
        if self.block is not None:
            self.pool.free(self.block, self._stream)


class MemoryPool:
    """Free blocks are kept for the stream in which they were taken."""

    def __init__(self, machine: Any) -> None:
        self.machine = machine
        self._free: dict[tuple[int, int], list[softgpu.DeviceArray]] = defaultdict(list)
        self._limit = self._used = self._total = 0

    def malloc(self, size: int) -> MemoryPointer:
        stream = self.machine.stream()
        rounded = -(-size // ROUND) * ROUND
        if not rounded:
            return MemoryPointer(PooledMemory(self, None, stream, stream.device_id), 0)
        kept = self._free[stream.ptr, rounded]
        if not kept and self._limit and self._total + rounded > self._limit:
            self.free_all_blocks()
            if self._total + rounded > self._limit:
                raise OutOfMemoryError(rounded, self._total, self._limit)
        if not kept:
            self._total += rounded
            kept.append(softgpu.empty((rounded,), np.uint8))
        self._used += rounded
        return MemoryPointer(PooledMemory(self, kept.pop(), stream, stream.device_id), 0)

    def free(self, block: softgpu.DeviceArray, stream: Stream) -> None:
        self._used -= block.nbytes
        self._free[stream.ptr, block.nbytes].append(block)

    def free_all_blocks(self) -> None:
        self._total -= sum(block.nbytes for blocks in self._free.values() for block in blocks)
        self._free.clear()

    def set_limit(self, size: int | None = None, fraction: float | None = None) -> None:
        assert fraction is None and size is not None
        self._limit = size

    def get_limit(self) -> int:
        return self._limit

    def used_bytes(self) -> int:
        return self._used


class MemoryPointer:
    """A place in a block."""

    def __init__(self, mem: PooledMemory, offset: int) -> None:
        self.mem, self.offset = mem, offset

    @property
    def ptr(self) -> int:
        return self.mem.ptr + self.offset

    @property
    def device_id(self) -> int:
        return self.mem.device_id

    def __add__(self, offset: int) -> MemoryPointer:
        return MemoryPointer(self.mem, self.offset + offset)

    def copy_from_host_async(self, mem: int, size: int, stream: Stream) -> None:
        assert any(a <= mem and mem + size <= a + n for a, n in _pinned), "only pinned memory is copied from unwatched"
        assert self.mem.block is not None and self.offset + size <= self.mem.block.nbytes
        target = self.mem.block[self.offset : self.offset + size]  # not self, so that the block can be freed meanwhile
        stream.add(lambda: target.set(np.frombuffer(ctypes.string_at(mem, size), np.uint8)))
        stream.machine.enqueued_a_copy(stream)


class PinnedMemory(bytearray):
    """Memory of the host that stays where it is."""


_pinned: list[tuple[int, int]] = []


def alloc_pinned_memory(size: int) -> PinnedMemory:
    memory = PinnedMemory(size)
    _pinned.append((np.frombuffer(memory, np.uint8).ctypes.data, size))
    return memory
