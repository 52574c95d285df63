from __future__ import annotations

import gzip
import hashlib
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from minicnn.datasets.idx import read_idx
from minicnn.errors import DataError

IMAGES = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)
PLAIN = struct.pack(">HBBIII", 0, 8, 3, 2, 3, 4) + bytes(range(24))


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_reads_plain_and_gzipped_whatever_the_suffix(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "images"
    path.write_bytes(pack(PLAIN))
    array = read_idx(path, sha256=hashlib.sha256(PLAIN).hexdigest())
    assert array.dtype == np.uint8
    np.testing.assert_array_equal(array, IMAGES)
    array[0] = 7  # writable: a view of the file's bytes would not be


@pytest.mark.parametrize(
    ("code", "dtype"), [(8, "u1"), (9, "i1"), (11, "i2"), (12, "i4"), (13, "f4"), (14, "f8")], ids=str
)
def test_every_type_arrives_in_native_byte_order(
    tmp_path: Path, code: int, dtype: str, idx_bytes: Callable[..., bytes]
) -> None:
    expected = np.array([1, 100, 5], dtype)
    path = tmp_path / "values"
    path.write_bytes(idx_bytes(expected, code))
    array = read_idx(path)
    assert array.dtype == np.dtype(dtype)
    assert array.dtype.isnative
    np.testing.assert_array_equal(array, expected)


DAMAGE = {
    "empty": (b"", "holds 0 bytes"),
    "html": (b"<!DOCTYPE html><html>Moved</html>", "an HTML page"),
    "png": (b"\x89PNG\r\n\x1a\n", "89 50 4e 47"),
    "unknown type": (b"\0\0\x07\x01" + struct.pack(">I", 0), "no IDX file"),
    "no dimensions": (b"\0\0\x08\0", "no IDX file"),
    "many dimensions": (b"\0\0\x08\xff" + bytes(2000), "no IDX file"),
    "header cut": (PLAIN[:9], "ends within the IDX header, after 9 bytes"),
    "values cut": (PLAIN[:-1], "2 x 3 x 4 uint8 values, 24 bytes, but 23 follow: the file is truncated"),
    "values added": (PLAIN + b"x", "25 follow: the file is followed by something else"),
    "lying dimensions": (struct.pack(">HBBIII", 0, 8, 3, *[2**32 - 1] * 3) + bytes(24), "but 24 follow"),
    "gzip: values cut": (gzip.compress(PLAIN[:-1]), "only 23 follow"),
    "gzip: values added": (gzip.compress(PLAIN + b"x"), "but more follow"),
    "gzip: stream cut": (gzip.compress(PLAIN)[:-12], "gzip stream is damaged or truncated"),
    "gzip: checksum": (gzip.compress(PLAIN)[:-8] + bytes(8), "gzip stream is damaged or truncated"),
    "gzip: garbage": (b"\x1f\x8b\x08\0\0\0\0\0\0\0" + b"\xff" * 40, "gzip stream is damaged or truncated"),
    "gzip: empty": (gzip.compress(b""), "holds 0 bytes"),
    "gzip: lying dimensions": (
        gzip.compress(struct.pack(">HBBIII", 0, 8, 3, *[2**32 - 1] * 3)),
        "more than the 4,294,967,296",
    ),
    "gzip: bomb": (gzip.compress(struct.pack(">HBBII", 0, 8, 2, 2**15, 2**14)), "decompression bomb"),
}


@pytest.mark.parametrize(("content", "message"), DAMAGE.values(), ids=DAMAGE)
def test_damage_is_named_with_the_file(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        read_idx(path)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)


def test_every_flipped_byte_is_caught_by_the_digest(tmp_path: Path) -> None:
    path = tmp_path / "images"
    digest = hashlib.sha256(PLAIN).hexdigest()
    for i in range(len(PLAIN)):
        path.write_bytes(PLAIN[:i] + bytes([PLAIN[i] ^ 1]) + PLAIN[i + 1 :])
        with pytest.raises(DataError):
            read_idx(path, sha256=digest)


def test_a_wrong_digest_tells_both(tmp_path: Path) -> None:
    path = tmp_path / "images"
    path.write_bytes(PLAIN)
    with pytest.raises(DataError, match=f"{hashlib.sha256(PLAIN).hexdigest()}, expected {'0' * 64}.*fetch it again"):
        read_idx(path, sha256="0" * 64)


def test_a_folder_and_a_missing_file_are_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cannot be read: Is a directory"):
        read_idx(tmp_path)
    with pytest.raises(DataError, match=r"nowhere: cannot be read: No such file"):
        read_idx(tmp_path / "nowhere")
