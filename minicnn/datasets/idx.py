"""The IDX file format of MNIST and its descendants: a type, the dimensions, then the values, big-endian.

    offset   bytes  meaning
    0        2      zero
    2        1      type of a value: 0x08 uint8, 0x09 int8, 0x0B int16, 0x0C int32, 0x0D float32, 0x0E float64
    3        1      number of dimensions d
    4        4 d    the dimensions, unsigned, 32 bits each
    4 + 4 d  ...    the values, the last dimension varying fastest

Source: LeCun, Cortes and Burges, The MNIST database of handwritten digits, section "File formats".
"""

from __future__ import annotations

import gzip
import hashlib
import math
import zlib
from io import BufferedIOBase
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minicnn.datasets.limits import refuse_bomb
from minicnn.errors import DataError

GZIP_MAGIC = b"\x1f\x8b"
_DTYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_MAX_DIMENSIONS = 8
_BLOCK = 2**20


def read_idx(path: Path, *, sha256: str | None = None, name: str | None = None) -> NDArray[Any]:
    """The array in an IDX file, plain or gzipped (told apart by content, not by suffix).

    path: the file. sha256: the digest that its uncompressed content must have, or None to take any.
    name: what messages call the file, if not its path.
    Returns a writable array in native byte order, of the shape and type that the header declares. The header is never
    believed before it agrees with the size of the file; a gzipped file is unpacked block by block, and only as far as
    its header says.
    Raises DataError for a file that cannot be opened, is no IDX, is shorter or longer than declared, is a
    decompression bomb, has a damaged gzip stream, or another digest.
    """
    name = name or str(path)
    try:
        with path.open("rb") as file:
            zipped = file.read(len(GZIP_MAGIC)) == GZIP_MAGIC
            size = file.seek(0, 2)
            file.seek(0)
            if not zipped:
                return _read_stream(file, name, size, zipped, sha256)
            with gzip.GzipFile(fileobj=file) as stream:
                return _read_stream(stream, name, size, zipped, sha256)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{name}: the gzip stream is damaged or truncated ({error}); fetch the file again") from error
    except OSError as error:
        raise DataError(f"{name}: cannot be read: {error.strerror or error}") from error


def _read_stream(stream: BufferedIOBase, name: str, size: int, zipped: bool, sha256: str | None) -> NDArray[Any]:
    """The array in `stream`; `size` is that of the file on disk."""
    header, dtype, shape = _read_header(stream, name)
    expected = math.prod(shape) * dtype.itemsize
    declared = f"the header declares {' x '.join(map(str, shape))} {dtype.name} values, {expected:,} bytes"
    if not zipped and size != len(header) + expected:
        short = "truncated" if size < len(header) + expected else "followed by something else"
        raise DataError(f"{name}: {declared}, but {size - len(header):,} follow: the file is {short}; fetch it again")
    refuse_bomb(name, size, expected)

    values = bytearray()
    while len(values) < expected and (block := stream.read(min(_BLOCK, expected - len(values)))):
        values += block
    if len(values) < expected:
        raise DataError(f"{name}: {declared}, but only {len(values):,} follow: the file is truncated; fetch it again")
    if stream.read(1):  # reaching the end is also what makes gzip compare its checksum
        raise DataError(f"{name}: {declared}, but more follow: the file is damaged or no single IDX; fetch it again")

    if sha256 is not None:
        digest = hashlib.sha256(header)
        digest.update(values)
        if digest.hexdigest() != sha256:
            raise DataError(
                f"{name}: the content has SHA-256 {digest.hexdigest()}, expected {sha256}: "
                "the file is damaged or altered; delete it and fetch it again"
            )
    return np.frombuffer(values, dtype).reshape(shape).astype(dtype.newbyteorder("="), copy=False)


def _read_header(stream: BufferedIOBase, name: str) -> tuple[bytes, np.dtype[Any], tuple[int, ...]]:
    """The header's bytes, and the type and shape that they declare."""
    magic = stream.read(4)
    if len(magic) < 4:
        raise DataError(f"{name}: holds {len(magic)} bytes, fewer than an IDX header; the download probably failed")
    zeros, code, dimensions = magic[:2], magic[2], magic[3]
    if zeros != b"\0\0" or code not in _DTYPES or not 1 <= dimensions <= _MAX_DIMENSIONS:
        looks = ", as an HTML page does (a failed download?)" if magic.lstrip().startswith(b"<") else ""
        raise DataError(
            f"{name}: is no IDX file: it begins with the bytes {magic.hex(' ')}{looks}; an IDX file begins with "
            f"00 00, a type (08 for uint8) and the number of dimensions (03 for images, 01 for labels)"
        )
    sizes = stream.read(4 * dimensions)
    if len(sizes) < 4 * dimensions:
        raise DataError(f"{name}: ends within the IDX header, after {4 + len(sizes)} bytes; fetch it again")
    return magic + sizes, np.dtype(_DTYPES[code]), tuple(np.frombuffer(sizes, ">u4").tolist())
