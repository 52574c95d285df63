"""The folder form: readable by anybody, and whole whenever the writer is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from minicnn.errors import CheckpointError, OutputError
from minicnn.training.archive import read_archive, write_archive

ARRAYS = {
    "weights/a/kernel": np.arange(6, dtype=np.float32).reshape(2, 3),
    "weights/a/bias": np.zeros((0, 3)),
    "optimizer/0/first": np.linspace(-1, 1, 7),
}
CONFIG = {"weights": ["a/kernel", "a/bias"], "text": 'mädchen \\ " \u2028', "numbers": [0.1, 2**60, None, True]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_archive(tmp_path / "model", ARRAYS, CONFIG, folder=True)
    return tmp_path / "model"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def part(folder: Path, name: str) -> Path:
    (file,) = folder.glob(f"{name}-*.safetensors")
    return file


def test_what_was_written_is_read(folder: Path) -> None:
    arrays, config = read_archive(folder)
    assert config == CONFIG
    assert set(arrays) == set(ARRAYS)
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(arrays[name], array)
        assert (arrays[name].dtype, arrays[name].shape) == (array.dtype, array.shape)


def test_anybody_can_read_it(folder: Path) -> None:
    assert len(names(folder)) == 3
    assert json.loads((folder / "config.json").read_text())["config"] == CONFIG
    np.testing.assert_array_equal(load_file(part(folder, "weights"))["a/kernel"], ARRAYS["weights/a/kernel"])
    np.testing.assert_array_equal(load_file(part(folder, "optimizer"))["0/first"], ARRAYS["optimizer/0/first"])


def test_a_path_says_that_it_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    for path in (f"{tmp_path}/new/", tmp_path / "there", f"{tmp_path}/deep/er/"):
        write_archive(path, ARRAYS, CONFIG)
        assert (Path(path) / "config.json").is_file()
        assert read_archive(path)[1] == CONFIG
    write_archive(tmp_path / "file", ARRAYS, CONFIG)
    assert (tmp_path / "file").is_file()
    with pytest.raises(OutputError, match=r"cannot write .*there: Is a directory"):
        write_archive(tmp_path / "there", ARRAYS, CONFIG, folder=False)
    with pytest.raises(OutputError, match=r"cannot write .*File exists"):
        write_archive(tmp_path / "file", ARRAYS, CONFIG, folder=True)


def test_the_model_that_was_there_goes_and_nothing_else_does(folder: Path) -> None:
    for name in ("notes.txt", "weights-mine.safetensors", ".hidden.tmp"):
        (folder / name).write_text("mine")
    before = names(folder)
    write_archive(folder, {"weights/b/kernel": np.ones(3)}, {})
    assert len(names(folder)) == len(before) - 1, (
        "config.json and weights took the places of the old, optimizer is gone"
    )
    assert {"notes.txt", "weights-mine.safetensors", ".hidden.tmp"} < set(names(folder))
    assert set(read_archive(folder)[0]) == {"weights/b/kernel"}


def test_what_is_there_is_kept_where_that_is_asked_for(folder: Path, tmp_path: Path) -> None:
    write_archive(tmp_path / "file", ARRAYS, CONFIG)
    before = [*folder.iterdir()], (tmp_path / "file").read_bytes()
    for path in (folder, tmp_path / "file"):
        with pytest.raises(OutputError, match=f"cannot write {path}: it exists; overwrite=True replaces it"):
            write_archive(path, {}, {}, overwrite=False)
    assert ([*folder.iterdir()], (tmp_path / "file").read_bytes()) == before
    (tmp_path / "empty").mkdir()
    write_archive(tmp_path / "empty", ARRAYS, CONFIG, overwrite=False)
    assert read_archive(tmp_path / "empty")[1] == CONFIG


@pytest.mark.parametrize("content", ["{}", '{"settings": {}}', "[]", "no JSON", "", "[" * 10_000], ids=repr)
def test_a_config_of_somebody_else_is_not_overwritten(content: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(OutputError, match=r"its config\.json is not of a saved model; choose another folder"):
        write_archive(tmp_path, ARRAYS, CONFIG)
    assert names(tmp_path) == ["config.json"]
    with pytest.raises(CheckpointError, match=r"is the folder of a run: its models|is not one of|is not a readable"):
        read_archive(tmp_path)


def test_a_file_cut_or_changed_is_refused(folder: Path) -> None:
    rng = np.random.default_rng(0)
    for file in [*folder.iterdir()]:
        whole = file.read_bytes()
        for length in [0, 1, 7, 8, 9, *rng.integers(10, len(whole), 10)]:
            file.write_bytes(whole[:length])
            with pytest.raises(CheckpointError, match=r"model(/config\.json)? is (damaged|not)"):
                read_archive(folder)
        for place in rng.integers(0, 8 * len(whole), 30):
            changed = bytearray(whole)
            changed[place // 8] ^= 1 << place % 8
            file.write_bytes(changed)
            with pytest.raises(CheckpointError, match=r"model(/config\.json)? is (damaged|not)"):
                read_archive(folder)
        file.write_bytes(whole)
    assert read_archive(folder)[1] == CONFIG


def test_files_that_are_gone_or_of_another_model_are_noticed(folder: Path, tmp_path: Path) -> None:
    write_archive(tmp_path / "other", {name: a + 1 for name, a in ARRAYS.items()}, CONFIG, folder=True)
    for name in ("weights", "optimizer"):
        file = part(folder, name)
        whole = file.read_bytes()
        file.write_bytes(part(tmp_path / "other", name).read_bytes())
        with pytest.raises(CheckpointError, match="model is damaged: its content does not match its checksum"):
            read_archive(folder)
        file.unlink()
        with pytest.raises(CheckpointError, match="model is damaged"):
            read_archive(folder)
        file.write_bytes(whole)
    (folder / "config.json").unlink()
    with pytest.raises(CheckpointError, match=r"model is a folder in which no model was saved: it has no config\.json"):
        read_archive(folder)


@pytest.mark.parametrize("sha256", [5, None, "", "../" * 8, "x" * 64, "0" * 63, ["0"]], ids=repr)
def test_a_checksum_leads_nowhere_else(folder: Path, sha256: Any) -> None:
    envelope = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**envelope, "sha256": sha256}))
    with pytest.raises(CheckpointError, match="its checksum is none"):
        read_archive(folder)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with names")
@pytest.mark.parametrize("file", ["config.json", "weights"])
def test_a_pipe_is_not_waited_for(folder: Path, file: str) -> None:
    path = folder / file if file == "config.json" else part(folder, file)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(CheckpointError):
        read_archive(folder)


KILLED = """
import os, signal, sys
import numpy as np
from minicnn.training import archive
moment, kind = int(sys.argv[2]), sys.argv[3]
real, count = getattr(os, kind), 0
def killing(*arguments, **options):
    global count
    count += 1
    if count == moment:
        if kind == "fsync":
            os.ftruncate(arguments[0], 10)
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*arguments, **options)
setattr(os, kind, killing)
archive.write_archive(sys.argv[1], {"weights/a": np.ones(3), "optimizer/b": np.ones(3)}, {"new": 1}, folder=True)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no kill -9")
@pytest.mark.parametrize(("kind", "moment"), [("fsync", 1), ("replace", 3), ("unlink", 4), ("unlink", 5)])
def test_kill_9_leaves_the_old_model_or_the_new(kind: str, moment: int, folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(folder), str(moment), kind], capture_output=True, text=True
    )
    assert done.returncode == -signal.SIGKILL, f"it was not killed, the moment never came: {done.stderr}"
    arrays, config = read_archive(folder)
    new = kind == "unlink"  # the first three find that renaming left no temporary file
    assert config == ({"new": 1} if new else CONFIG)
    assert set(arrays) == ({"weights/a", "optimizer/b"} if new else set(ARRAYS))
    write_archive(folder, ARRAYS, {"after": 1})
    assert read_archive(folder)[1] == {"after": 1}
    assert len(names(folder)) == 3, "what was left behind is gone"


def test_a_disk_that_is_full_leaves_the_old_model(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, calls = os.replace, []

    def full(*arguments: Any) -> None:
        calls.append(arguments)
        if len(calls) == 2:
            raise OSError(28, os.strerror(28))
        real(*arguments)

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OutputError, match=r"cannot write .*No space left on device"):
        write_archive(folder, {name: a + 1 for name, a in ARRAYS.items()}, {"new": 1})
    assert read_archive(folder)[1] == CONFIG
