"""A machine without data, a small data set in MNIST's form, and a server on loopback that can misbehave."""

from __future__ import annotations

import gzip
import hashlib
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from minicnn.datasets import download, places
from minicnn.datasets.mnist_form import FILES, MnistForm


def pack_idx(array: np.ndarray, code: int = 0x08) -> bytes:
    """An IDX file, written independently of the reader."""
    big_endian = array.astype(array.dtype.newbyteorder(">"))
    return struct.pack(f">HBB{array.ndim}I", 0, code, array.ndim, *array.shape) + big_endian.tobytes()


@pytest.fixture
def idx_bytes() -> Callable[..., bytes]:
    return pack_idx


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache folder of a machine that has no data; it does not exist yet."""
    folder = tmp_path / "cache"
    monkeypatch.setattr(places.platformdirs, "user_cache_dir", lambda *_, **__: str(folder))
    monkeypatch.delenv(places.DATA_VARIABLE, raising=False)
    monkeypatch.delenv(download.MIRROR_VARIABLE, raising=False)
    return folder


@dataclass(frozen=True)
class Toy:
    """A data set of 12 training and 4 test images: its arrays, its files and its description."""

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    content: dict[str, bytes]
    form: MnistForm

    def write(self, folder: Path, *, zipped: bool) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        for stem, content in self.content.items():
            (folder / (f"{stem}.gz" if zipped else stem)).write_bytes(gzip.compress(content) if zipped else content)
        return folder

    def agrees_with(self, loaded: tuple) -> None:
        (x_train, y_train), (x_test, y_test) = loaded
        for got, expected in zip(
            (x_train, y_train, x_test, y_test), (self.x_train, self.y_train, self.x_test, self.y_test), strict=True
        ):
            assert got.dtype == np.uint8
            np.testing.assert_array_equal(got, expected)


def make_toy(name: str, seed: int) -> Toy:
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 256, (16, 28, 28), dtype=np.uint8)
    y = rng.integers(0, 10, 16, dtype=np.uint8)
    arrays = x[:12], y[:12], x[12:], y[12:]
    content = {stem: pack_idx(array) for stem, array in zip(FILES, arrays, strict=True)}
    digests = {stem: hashlib.sha256(data).hexdigest() for stem, data in content.items()}
    form = MnistForm(name, name.title(), f"http://127.0.0.1:9/{name}", digests, tuple("0123456789"))
    return Toy(*arrays, content, form)


@pytest.fixture
def toy() -> Toy:
    return make_toy("toy", 0)


@pytest.fixture
def other_toy() -> Toy:
    return make_toy("other", 1)


@dataclass
class Server:
    """`bodies` maps a path to what is sent for it; `faults` to how it is sent: truncated, hang, drop, endless."""

    url: str
    bodies: dict[str, bytes] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def offer(self, toy: Toy) -> None:
        self.bodies |= {f"/{toy.form.name}/{stem}.gz": gzip.compress(data) for stem, data in toy.content.items()}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server on loopback that stands in for the official ones."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.requests.append(self.path)
            body, fault = state.bodies.get(self.path), state.faults.get(self.path)
            if fault == "hang":
                state.over.wait()
            elif fault == "endless":
                self.send_response(200)
                self.end_headers()
                while not state.over.is_set():
                    try:
                        self.wfile.write(bytes(2**16))
                    except OSError:
                        return
            elif body is None and fault is None:
                self.send_error(404)
            elif body is not None:
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body[: len(body) // 2] if fault == "truncated" else body)

        def log_message(self, *_: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state = Server(f"http://127.0.0.1:{http.server_port}")
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setenv(download.MIRROR_VARIABLE, state.url)
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield state
    state.over.set()
    http.shutdown()
    http.server_close()
    thread.join()
