"""Event files, which TensorBoard reads: numbers, histograms and pictures by step.

A file is a chain of records, each an `Event` in the wire format of Protocol Buffers:

    length (8 bytes)   its checksum (4)   the event (length bytes)   its checksum (4)      little-endian

The checksum is CRC-32C, turned and shifted so that checksums of data that hold checksums stay good. A record that a
dying process cut short is the last one, and readers leave it out.

Sources: TensorFlow's core/util/event.proto, core/framework/summary.proto and core/lib/io/record_writer.h; RFC 3720,
appendix B.4 (CRC-32C); Protocol Buffers, Encoding. The numbers of the fields below are those of the two .proto files.
"""

from __future__ import annotations

import io
import itertools
import os
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from minicnn.errors import OutputError

_POLYNOMIAL = 0x82F63B78  # CRC-32C's, its bits in reverse
_MASK = 0xA282EAD8
_BINS = 30
_numbers = itertools.count()


class EventFile:
    """Writes one event file into a folder; each event is in the operating system's hands when the call returns.

    Raises OutputError if the folder cannot be written to.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        name = f"events.out.tfevents.{int(time.time())}.minicnn.{os.getpid()}.{next(_numbers)}"
        self.path = Path(folder) / name
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = open(self.path, "wb", buffering=0)  # noqa: SIM115 (closed by close)
        except OSError as error:
            raise OutputError(f"cannot write {self.path}: {error.strerror}; choose another log_dir") from None
        self._write(_text(3, "brain.Event:2"))

    def scalar(self, tag: str, value: float, step: int) -> None:
        """A number."""
        self._summary(tag, step, _key(2, 5) + struct.pack("<f", value))

    def histogram(self, tag: str, values: np.ndarray, step: int) -> None:
        """How numbers are distributed; those that are not finite are left out."""
        values = np.asarray(values, np.float64).ravel()
        values = values[np.isfinite(values)]
        if not values.size:
            return
        counts, edges = np.histogram(values, _BINS)
        facts = (values.min(), values.max(), float(values.size), values.sum(), np.square(values).sum())
        histogram = b"".join(_double(field, float(fact)) for field, fact in enumerate(facts, 1))
        self._summary(tag, step, _bytes(5, histogram + _doubles(6, edges[1:]) + _doubles(7, counts)))

    def image(self, tag: str, pixels: np.ndarray, step: int) -> None:
        """A picture, uint8 (H, W, C) of 1, 3 or 4 channels."""
        from PIL import Image  # slow to import, and only needed here

        picture = io.BytesIO()
        Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels).save(picture, "PNG")
        height, width, channels = pixels.shape
        sizes = b"".join(_integer(field, n) for field, n in enumerate((height, width, channels), 1))
        self._summary(tag, step, _bytes(4, sizes + _bytes(4, picture.getvalue())))

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

    def _summary(self, tag: str, step: int, value: bytes) -> None:
        self._write(_integer(2, step) + _bytes(5, _bytes(1, _text(1, tag) + value)))

    def _write(self, event: bytes) -> None:
        event = _double(1, time.time()) + event
        length = struct.pack("<Q", len(event))
        record = length + struct.pack("<I", masked_crc32c(length)) + event + struct.pack("<I", masked_crc32c(event))
        try:
            self._file.write(record)
        except OSError as error:
            raise OutputError(f"cannot write {self.path}: {error.strerror}; make room") from None


def _table() -> Iterator[int]:
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (_POLYNOMIAL if byte & 1 else 0)
        yield byte


_TABLE = tuple(_table())


def crc32c(data: bytes) -> int:
    """The CRC-32C of some bytes."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _TABLE[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


def masked_crc32c(data: bytes) -> int:
    """The same as records hold it: turned right by 15 bits, and a constant added."""
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + _MASK) & 0xFFFFFFFF


# The wire format: a field is its number and kind (0 varint, 1 eight bytes, 2 bytes with their length, 5 four bytes).


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _key(field: int, kind: int) -> bytes:
    return _varint(field << 3 | kind)


def _integer(field: int, value: int) -> bytes:
    return _key(field, 0) + _varint(value)


def _double(field: int, value: float) -> bytes:
    return _key(field, 1) + struct.pack("<d", value)


def _bytes(field: int, value: bytes) -> bytes:
    return _key(field, 2) + _varint(len(value)) + value


def _text(field: int, value: str) -> bytes:
    return _bytes(field, value.encode())


def _doubles(field: int, values: Any) -> bytes:
    return _bytes(field, np.asarray(values, "<f8").tobytes())
