"""How much a packed file may unpack to: the guard against files that are small on disk and huge in memory."""

from __future__ import annotations

from minicnn.errors import DataError

MAX_BYTES = 4 * 2**30
"""What one array file may hold, unpacked: room for 80,000 photographs of 128x128x3, and for EMNIST eight times."""

SUSPICIOUS_BYTES = 256 * 2**20
SUSPICIOUS_RATIO = 100
"""A file is refused as a bomb when it is past both: real images deflate by 1.5 to 5 times, zeros by 1,000 times."""


def refuse_bomb(name: str, packed: int, unpacked: int) -> None:
    """Raises DataError if `packed` bytes on disk claim to unpack to more than a data set plausibly has.

    It is called with what a header declares, before anything of that size is allocated.
    """
    if unpacked > MAX_BYTES:
        raise DataError(
            f"{name}: declares {unpacked:,} bytes of array data, more than the {MAX_BYTES:,} that minicnn reads from "
            "one file; is it the right file? If it is, split it into smaller ones"
        )
    if unpacked > SUSPICIOUS_BYTES and unpacked > SUSPICIOUS_RATIO * packed:
        raise DataError(
            f"{name}: {packed:,} bytes on disk that unpack to {unpacked:,} look like a decompression bomb; "
            "if the data is really that uniform, save it uncompressed (np.savez, or gunzip it)"
        )
