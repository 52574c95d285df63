"""The one file that is written: whole or not at all, and never taken for whole when it is not."""

from __future__ import annotations

import errno
import json
import os
import struct
import tempfile
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load, save_file

from minicnn.errors import ArgumentError, CheckpointError, OutputError
from minicnn.training.archive import read_archive, write_archive, write_whole

ARRAYS = {
    "weights/0": np.arange(24, dtype=np.float32).reshape(2, 3, 4),
    "weights/1": np.linspace(-1, 1, 7),
    "a/Ünïcode": np.zeros((0, 3), np.float32),
    "steps": np.array([1, 2, 3]),
}
CONFIG = {"model": {"name": 'mädchen \\ " \u2028', "numbers": [0.1, 1e-300, 2**60, None, True]}, "empty": {}}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "model.minicnn"
    write_archive(path, ARRAYS, CONFIG)
    return path


def test_what_was_written_is_read(file: Path) -> None:
    arrays, config = read_archive(file)
    assert config == CONFIG
    assert set(arrays) == set(ARRAYS)
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(arrays[name], array)
        assert arrays[name].dtype == array.dtype
        assert arrays[name].shape == array.shape


def test_arrays_in_any_memory_order(tmp_path: Path) -> None:
    columns, every_second = np.arange(12.0).reshape(3, 4).T, np.arange(12.0)[::2]
    write_archive(tmp_path / "f", {"columns": columns, "every second": every_second}, {})
    arrays, _ = read_archive(tmp_path / "f")
    np.testing.assert_array_equal(arrays["columns"], columns)
    np.testing.assert_array_equal(arrays["every second"], every_second)


def test_the_same_content_is_the_same_file(file: Path, tmp_path: Path) -> None:
    for n in range(5):  # an order that is drawn anew would differ sooner or later
        write_archive(tmp_path / str(n), ARRAYS, CONFIG)
        assert (tmp_path / str(n)).read_bytes() == file.read_bytes()


def test_any_reader_of_safetensors_finds_the_arrays(file: Path) -> None:
    np.testing.assert_array_equal(load(file.read_bytes())["weights/0"], ARRAYS["weights/0"])


def test_folders_are_made_and_permissions_are_those_of_any_new_file(tmp_path: Path) -> None:
    write_archive(tmp_path / "a" / "b" / "model.minicnn", ARRAYS, CONFIG)
    (tmp_path / "ordinary").touch()
    assert (tmp_path / "a" / "b" / "model.minicnn").stat().st_mode == (tmp_path / "ordinary").stat().st_mode


def test_a_file_cut_short_anywhere_is_refused(file: Path) -> None:
    whole = file.read_bytes()
    lengths = {*range(0, 24), *np.linspace(24, len(whole) - 1, 60).astype(int).tolist()}
    for length in lengths:
        file.write_bytes(whole[:length])
        with pytest.raises(CheckpointError, match=r"model\.minicnn is (damaged|not a readable minicnn file)"):
            read_archive(file)


def test_a_flipped_bit_anywhere_is_refused(file: Path) -> None:
    whole = file.read_bytes()
    rng = np.random.default_rng(0)
    places = {*rng.integers(0, 8 * len(whole), 400).tolist(), *range(64), *range(8 * len(whole) - 64, 8 * len(whole))}
    for place in places:
        changed = bytearray(whole)
        changed[place // 8] ^= 1 << place % 8
        file.write_bytes(changed)
        with pytest.raises(
            CheckpointError, match=r"model\.minicnn is (damaged|not a readable|a safetensors file, but)"
        ):
            read_archive(file)


def test_what_was_appended_or_exchanged_is_refused(file: Path) -> None:
    whole = file.read_bytes()
    file.write_bytes(whole + b"\0")
    with pytest.raises(CheckpointError):
        read_archive(file)
    arrays = {**load(whole), "weights/0": load(whole)["weights/0"] + 1}
    header = json.loads(whole[8 : 8 + struct.unpack("<Q", whole[:8])[0]])["__metadata__"]
    save_file(arrays, file, header)
    with pytest.raises(CheckpointError, match="is damaged: its content does not match its checksum; use another copy"):
        read_archive(file)


def foreign(content: bytes | str) -> bytes:
    """A safetensors file without arrays whose metadata entry "minicnn" is `content`."""
    header = json.dumps({"__metadata__": {"minicnn": content}}).encode()
    header += b" " * (-len(header) % 8)
    return struct.pack("<Q", len(header)) + header


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a readable minicnn file"),
        (b"PK\x03\x04 a zip", "not a readable minicnn file"),
        (b"\x93NUMPY an array", "not a readable minicnn file"),
        (b"\xff" * 64, "not a readable minicnn file"),
        (foreign("no JSON"), "not a readable minicnn file"),
        (foreign("[" * 10_000), "not a readable minicnn file"),
        (foreign("[]"), "a safetensors file, but not one of minicnn's"),
        (foreign('{"format": "minicnn-99"}'), "a safetensors file, but not one of minicnn's"),
        (foreign('{"format": "minicnn-1"}'), "not a readable minicnn file"),
        (foreign('{"format": "minicnn-1", "config": {}, "sha256": 5}'), "is damaged"),
    ],
    ids=["empty", "zip", "npy", "ones", "no JSON", "nested", "a list", "another version", "no config", "no digest"],
)
def test_files_of_other_kinds(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "model.minicnn"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=message):
        read_archive(path)


@pytest.mark.parametrize("dtype", ["BF16", "F8_E4M3", "F16"])
def test_safetensors_of_other_programs(tmp_path: Path, dtype: str) -> None:
    header = {"a": {"dtype": dtype, "shape": [2], "data_offsets": [0, 2 if dtype.startswith("F8") else 4]}}
    text = json.dumps(header).encode()
    size = header["a"]["data_offsets"][1]
    (tmp_path / "f").write_bytes(struct.pack("<Q", len(text)) + text + bytes(size))
    with pytest.raises(CheckpointError, match=r"is a safetensors file, but not one of minicnn's \(minicnn-2\)"):
        read_archive(tmp_path / "f")


def test_no_file_at_all(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="there is no file"):
        read_archive(tmp_path / "nothing")
    with pytest.raises(CheckpointError, match="is a folder in which no model was saved"):
        read_archive(tmp_path)
    for name in ("x" * 5000, "nul\0nul"):
        with pytest.raises(CheckpointError, match="there is no file"):
            read_archive(name)
    for path in (None, 5, b"bytes"):
        with pytest.raises(ArgumentError, match="path must be a string or a Path"):
            read_archive(path)


# Writing that fails: the old file stays as it was, and nothing lies beside it.


def fails_to_write(file: Path, message: str) -> None:
    before = file.read_bytes()
    with pytest.raises(OutputError, match=message):
        write_archive(file, {"other": np.ones(3)}, {})
    assert file.read_bytes() == before
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize("step", ["fsync", "chmod", "replace"])
def test_a_disk_that_is_full(file: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, step, full)
    fails_to_write(file, r"cannot write .*model\.minicnn: No space left on device; choose another place or make room")


def test_a_disk_that_fills_up_in_the_middle(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.fdopen

    class Half:
        def __init__(self, handle: int, mode: str) -> None:
            self.file = real(handle, mode)

        def __enter__(self) -> Half:
            return self

        def __exit__(self, *_: object) -> None:
            self.file.close()

        def write(self, content: bytes) -> None:
            self.file.write(content[: len(content) // 2])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fdopen", Half)
    fails_to_write(file, "No space left on device")


def test_a_folder_that_may_not_be_written_to(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Simulated: the superuser, as which containers often run, may write everywhere."""

    def forbidden(**_: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(tempfile, "mkstemp", forbidden)
    fails_to_write(file, "Permission denied; choose another place")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may write everywhere")
def test_a_folder_that_really_may_not_be_written_to(file: Path) -> None:
    file.parent.chmod(0o500)
    try:
        fails_to_write(file, "Permission denied")
    finally:
        file.parent.chmod(0o700)


def test_an_interrupt_while_writing(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(handle: int) -> None:
        raise KeyboardInterrupt

    before = file.read_bytes()
    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_archive(file, {}, {})
    assert file.read_bytes() == before
    assert list(file.parent.iterdir()) == [file]


def test_places_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for place in (tmp_path / "file" / "below", tmp_path, tmp_path / ("x" * 300), f"{tmp_path}/nul\0"):
        with pytest.raises(OutputError, match=r"cannot write .*; choose another place"):
            write_whole(place, b"content")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file"]
    with pytest.raises(ArgumentError, match="path must be a string or a Path, got 5"):
        write_whole(5, b"content")
