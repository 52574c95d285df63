from __future__ import annotations

import socket
from pathlib import Path

import pytest

from minicnn.datasets import download
from minicnn.datasets.download import fetch, source_url
from minicnn.errors import DataError, OutputError

BODY = bytes(range(256)) * 4096


def accept(_: Path) -> None:
    pass


def test_a_good_file_arrives_complete_and_alone(tmp_path: Path, server) -> None:
    server.bodies["/set/file"] = BODY
    seen = []
    destination = tmp_path / "new" / "folder" / "file"
    fetch(
        f"{server.url}/set/file", destination, max_bytes=len(BODY), verify=lambda part: seen.append(part.read_bytes())
    )
    assert destination.read_bytes() == BODY
    assert seen == [BODY]
    assert [entry.name for entry in destination.parent.iterdir()] == ["file"]


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (None, "the server answered 404"),
        ("truncated", "the connection ended after 524,288 of 1,048,576 bytes"),
        ("hang", "no answer within 0.2 seconds"),
        ("drop", "no connection, or a broken one"),
        ("endless", "sends more than the 2,000,000 bytes expected"),
    ],
    ids=str,
)
def test_faults_are_told_and_leave_what_was_there(
    tmp_path: Path, server, monkeypatch: pytest.MonkeyPatch, fault: str | None, message: str
) -> None:
    monkeypatch.setattr(download, "TIMEOUT_SECONDS", 0.2)
    if fault is not None:
        server.faults["/set/file"] = fault
    if fault == "truncated":
        server.bodies["/set/file"] = BODY
    destination = tmp_path / "file"
    destination.write_bytes(b"old")
    url = f"{server.url}/set/file"
    with pytest.raises(DataError) as caught:
        fetch(url, destination, max_bytes=2_000_000, verify=accept)
    assert message in str(caught.value)
    assert url in str(caught.value)
    assert destination.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [destination]


def test_no_server_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound, not listening: connections are refused
        with pytest.raises(DataError, match=r"no connection, or a broken one .*refused"):
            fetch(f"http://127.0.0.1:{unused.getsockname()[1]}/file", tmp_path / "file", max_bytes=1, verify=accept)
    assert not list(tmp_path.iterdir())


def test_what_verify_refuses_is_not_kept(tmp_path: Path, server) -> None:
    server.bodies["/set/file"] = b"wrong"

    def refuse(_: Path) -> None:
        raise DataError("wrong digest")

    with pytest.raises(DataError, match="wrong digest"):
        fetch(f"{server.url}/set/file", tmp_path / "file", max_bytes=10, verify=refuse)
    assert not list(tmp_path.iterdir())


def test_an_unwritable_place_is_told_before_anything_is_fetched(tmp_path: Path, server) -> None:
    server.bodies["/set/file"] = BODY
    (tmp_path / "cache").write_text("a file where the folder should be")
    with pytest.raises(OutputError, match=r"cannot be written: .*MINICNN_DATA"):
        fetch(f"{server.url}/set/file", tmp_path / "cache" / "file", max_bytes=len(BODY), verify=accept)
    assert server.requests == []


def test_a_full_disk_is_no_fault_of_the_network(tmp_path: Path, server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.bodies["/set/file"] = BODY

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(download.os, "replace", full)
    with pytest.raises(OutputError, match="cannot be written: No space left on device"):
        fetch(f"{server.url}/set/file", tmp_path / "file", max_bytes=len(BODY), verify=accept)
    assert not list(tmp_path.iterdir())


def test_the_mirror_replaces_the_official_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(download.MIRROR_VARIABLE, raising=False)
    assert source_url("mnist", "a.gz", "https://official.example/mnist/") == "https://official.example/mnist/a.gz"
    monkeypatch.setenv(download.MIRROR_VARIABLE, "http://mirror.example/sets/")
    assert source_url("mnist", "a.gz", "https://official.example/mnist/") == "http://mirror.example/sets/mnist/a.gz"


@pytest.mark.parametrize("mirror", ["file:///etc", "ftp://host", "host"])
def test_a_mirror_off_the_web_is_refused(monkeypatch: pytest.MonkeyPatch, mirror: str) -> None:
    monkeypatch.setenv(download.MIRROR_VARIABLE, mirror)
    with pytest.raises(DataError, match=f"MINICNN_MIRROR is '{mirror}'; expected an address"):
        source_url("mnist", "a.gz", "https://official.example")
