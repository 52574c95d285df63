from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from minicnn.datasets.npz import read_npz
from minicnn.errors import DataError


def write_zip(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return path


def npy(shape: tuple[int, ...], values: bytes, descr: str = "|u1") -> bytes:
    """An .npy stream whose header may lie."""
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": descr, "fortran_order": False, "shape": shape})
    return stream.getvalue() + values


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_reads_the_arrays_asked_for(tmp_path: Path, save: type(np.savez)) -> None:
    path = tmp_path / "data.npz"
    x, y = np.asfortranarray(np.arange(6.0).reshape(2, 3)), np.array(["a", "b"])
    save(path, x=x, y=y, unasked=np.zeros(3))
    arrays = read_npz(path, ["x"], optional=["y", "z"])
    assert set(arrays) == {"x", "y"}
    np.testing.assert_array_equal(arrays["x"], x)
    np.testing.assert_array_equal(arrays["y"], y)


def test_pickled_objects_are_refused_and_never_loaded(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple:
            return Path.touch, (tmp_path / "sprung",)

    path = tmp_path / "data.npz"
    np.savez(path, x=np.array([Trap()], dtype=object))
    with pytest.raises(DataError, match=r"data.npz: array x.npy holds pickled Python objects"):
        read_npz(path, ["x"])
    assert not (tmp_path / "sprung").exists()


def test_an_unasked_bomb_does_no_harm_and_an_asked_one_is_refused_before_it_unpacks(tmp_path: Path) -> None:
    path = tmp_path / "bomb.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("y.npy", npy((2,), b"\0\1"))
        with archive.open("x.npy", "w", force_zip64=True) as member:
            member.write(npy((257 * 2**20,), b""))
            for _ in range(257):
                member.write(bytes(2**20))
    np.testing.assert_array_equal(read_npz(path, ["y"])["y"], [0, 1])
    with pytest.raises(DataError, match="look like a decompression bomb"):
        read_npz(path, ["x"])


def test_a_missing_array_is_named_with_those_there(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "data.npz", images=npy((1,), b"x"))
    with pytest.raises(DataError, match=r"has no array x_train, y_train; it holds images.*np\.savez"):
        read_npz(path, ["x_train", "y_train"])


def damaged_zip(path: Path, damage: str) -> Path:
    write_zip(path, x=npy((64,), np.random.default_rng(0).bytes(64)))
    content = bytearray(path.read_bytes())
    entry = content.index(b"PK\x01\x02")
    if damage == "truncated":
        del content[len(content) // 2 :]
    elif damage == "flipped":
        content[entry - 10] ^= 0xFF
    elif damage == "encrypted":
        content[6] |= 1
        content[entry + 8] |= 1
    elif damage == "method":
        content[8:10] = content[entry + 10 : entry + 12] = struct.pack("<H", 99)
    elif damage == "size":  # the directory claims more than there is
        content[entry + 24 : entry + 28] = struct.pack("<I", 10_000)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("damage", ["truncated", "flipped", "encrypted", "method", "size"])
def test_damaged_archives(tmp_path: Path, damage: str) -> None:
    path = damaged_zip(tmp_path / "data.npz", damage)
    with pytest.raises(DataError, match=r"data\.npz: .*(damaged|declares)"):
        read_npz(path, ["x"])


MEMBERS = {
    "more declared than there": (npy((10,), bytes(9)), "declares 10 bytes of values and has 9"),
    "less declared than there": (npy((10,), bytes(11)), "declares 10 bytes of values and has 11"),
    "huge declared": (npy((2**40,), bytes(8)), "declares 1,099,511,627,776 bytes"),
    "negative": (npy((-1,), b""), "damaged"),
    "no magic": (b"not an array", "damaged one"),
    "empty": (b"", "damaged one"),
    "version 3": (b"\x93NUMPY\x03\0" + bytes(64), r"version \(3, 0\)"),
    "header no dictionary": (b"\x93NUMPY\x01\0\x04\0(((\n", "damaged one"),
    "header cut": (npy((10,), b"")[:30], "damaged one"),
}


@pytest.mark.parametrize(("content", "message"), MEMBERS.values(), ids=MEMBERS)
def test_damaged_members(tmp_path: Path, content: bytes, message: str) -> None:
    path = write_zip(tmp_path / "data.npz", x=content)
    with pytest.raises(DataError, match=message):
        read_npz(path, ["x"])


def test_no_zip_a_folder_and_nothing(tmp_path: Path) -> None:
    (tmp_path / "text.npz").write_text("x = 1")
    with pytest.raises(DataError, match=r"is no \.npz file"):
        read_npz(tmp_path / "text.npz", ["x"])
    with pytest.raises(DataError, match="Is a directory"):
        read_npz(tmp_path, ["x"])
    with pytest.raises(DataError, match="No such file"):
        read_npz(tmp_path / "nothing.npz", ["x"])
