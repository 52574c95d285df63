"""Saved models, and what chance or a hostile hand makes of them: seeded, by the hundred."""

from __future__ import annotations

import copy
import io
import json
import random
import struct
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from minicnn.training.archive import read_archive, write_archive

Mutation = tuple[str, Callable[[], None]]  # what is done, and the doing, to the file or folder at hand

# What may stand where something else is expected.
VALUES: list[Any] = [
    None, True, False, 0, -1, 3, 2.5, -0.5, 1e300, 10**9, 2**31, 2**63, 10**30, -(10**30), "", "x", "relu", "\0",
    "../x", [], {}, [[]], [None], [1], [0, 0], [-1, -1], [10**9, 10**9], [[1, 2], [3, 4]], ["a", "b"], [True, True],
    [1.5, 2.5], {"a": 1}, {"tensor": 0}, {"class_name": "Zeros", "config": {}},
    {"class_name": "Dense", "config": {"units": 10**9}},
]  # fmt: skip


def by_chance(file: Path, count: int, seed: int) -> Iterator[Mutation]:
    """Flipped bits, cuts, exchanged, doubled and cleared pieces, noise: nobody makes the checksum anew."""
    whole, rng = file.read_bytes(), random.Random(seed)

    def piece() -> slice:
        start = rng.randrange(len(whole))
        return slice(start, min(len(whole), start + rng.choice([1, 8, 64])))

    def flipped() -> bytes:
        at, changed = rng.randrange(8 * len(whole)), bytearray(whole)
        changed[at // 8] ^= 1 << at % 8
        return bytes(changed)

    def exchanged() -> bytes:
        a, b = sorted((piece(), piece()), key=lambda s: s.start)
        return whole[: a.start] + whole[b] + whole[a.start : b.start] + whole[b.stop :]

    def doubled() -> bytes:
        return whole[: (p := piece()).stop] + whole[p] + whole[p.stop :]

    def replaced(by: Callable[[int], bytes]) -> bytes:
        return whole[: (p := piece()).start] + by(p.stop - p.start) + whole[p.stop :]

    kinds: dict[str, Callable[[], bytes]] = {
        "flipped": flipped,
        "cut": lambda: whole[: rng.randrange(len(whole))],
        "exchanged": exchanged,
        "doubled": doubled,
        "cleared": lambda: replaced(bytes),
        "ones": lambda: replaced(lambda n: b"\xff" * n),
        "digits": lambda: replaced(lambda n: b"9" * n),
        "noise": lambda: replaced(rng.randbytes),
        "longer": lambda: whole + rng.randbytes(9),
    }
    for number in range(count):
        kind = list(kinds)[number % len(kinds)]
        content = kinds[kind]()
        if content != whole:
            yield f"{kind} {number}", lambda content=content: put(file, content)  # type: ignore[misc]
    put(file, whole)


def put(file: Path, content: bytes) -> None:
    file.write_bytes(content)


# Headers of safetensors files that say something else than what follows.


def forged_headers(file: Path) -> Iterator[Mutation]:
    """Sizes and shapes beyond reason, members that are exchanged, doubled or called otherwise, bombs."""
    whole = file.read_bytes()
    length = struct.unpack("<Q", whole[:8])[0]
    text, rest = whole[8 : 8 + length], whole[8 + length :]
    header = json.loads(text)
    first, second = [name for name in header if name != "__metadata__" and header[name]["shape"]][:2]

    def with_header(text: bytes, declared: int | None = None) -> bytes:
        return struct.pack("<Q", len(text) if declared is None else declared) + text + rest

    def changed(**entry: Any) -> bytes:
        return with_header(json.dumps({**header, first: {**header[first], **entry}}).encode())

    def renamed(name: str) -> bytes:
        return with_header(json.dumps({name if key == first else key: value for key, value in header.items()}).encode())

    made: dict[str, bytes] = {
        f"header of {n}": with_header(text, n) for n in (0, 1, length - 1, length + 1, 10**8, 2**40, 2**63, 2**64 - 1)
    }
    shapes: list[Any] = [
        [2**40], [2**63], [2**32, 2**32], [10**30], [-1], [float("nan")], [1.5], [True], ["4"], None, 5, [], [0, 2**60],
        [1] * 70,
    ]  # fmt: skip
    made |= {f"shape {shape}": changed(shape=shape) for shape in shapes}
    made |= {f"dtype {dtype}": changed(dtype=dtype) for dtype in ("F64", "BF16", "F8_E4M3", "U7", "", None, 3)}
    offsets: list[Any] = [
        [0, 2**60],
        [2**60, 0],
        [-4, 0],
        [0, 0],
        [0.0, 4.0],
        [0],
        None,
        header[second]["data_offsets"],
    ]
    made |= {f"offsets {pair}": changed(data_offsets=pair) for pair in offsets}
    swapped = {**header, first: header[second], second: header[first]}
    made["swapped members"] = with_header(json.dumps(swapped).encode())
    made["a member less"] = with_header(json.dumps({k: v for k, v in header.items() if k != first}).encode())
    made["a member twice"] = with_header(
        text.replace(b"{", b'{"' + first.encode() + b'":' + json.dumps(header[first]).encode() + b",", 1)
    )
    made["a header twice"] = with_header(text.replace(b"{", b'{"__metadata__":{},', 1))
    made |= {
        f"called {name!r}": renamed(name)
        for name in ("../../etc/passwd", "/etc/passwd", "", "weights/", "\0", "a" * 10**4)
    }
    made["deep header"] = with_header(b'{"a":' * 10**5)
    made["zip bomb"] = zipped(b"config.json", bytes(10**7))
    made["nothing"] = b""
    for name, content in made.items():
        yield name, lambda content=content: put(file, content)  # type: ignore[misc]
    put(file, whole)


def zipped(name: bytes, content: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name.decode(), content)
    return packed.getvalue()


# Configurations that were changed by somebody who makes the checksum anew.


def forged_configs(path: Path, count: int, seed: int) -> Iterator[Mutation]:
    """A value of another kind at any place of the JSON, or nothing at all there; `count` of all that can be made."""
    arrays, config = read_archive(path)
    rng = random.Random(seed)
    places = list(walk(config))
    for number in range(count):
        way = rng.choice(places)
        value = rng.choice([*VALUES, "left out"])
        forged = changed_at(config, way, value)
        yield (
            f"{number}: {'/'.join(map(str, way))} = {value!r:.40}",
            lambda forged=forged: write_archive(path, arrays, forged),
        )  # type: ignore[misc]
    write_archive(path, arrays, config)


def forged_arrays(path: Path) -> Iterator[Mutation]:
    """Arrays that are gone, too many, of another shape or type, or called by a path, with a checksum that is right."""
    arrays, config = read_archive(path)
    first = next(name for name in arrays if arrays[name].size)

    def written(**other: np.ndarray) -> None:
        write_archive(path, {**arrays, **other}, config)

    for name in [*arrays]:
        yield (
            f"{name} is gone",
            lambda name=name: write_archive(  # type: ignore[misc]
                path, {k: a for k, a in arrays.items() if k != name}, config
            ),
        )
    shape = arrays[first].shape
    others = {
        "flat": arrays[first].ravel(),
        "empty": np.zeros((0, *shape[1:]), np.float32),
        "long": np.zeros((shape[0] + 1, *shape[1:]), np.float32),
        "complex": arrays[first].astype(np.complex64),
    }
    for kind, array in others.items():
        yield f"{first} is {kind}", lambda array=array: written(**{first: array})  # type: ignore[misc]
    for name in ("weights/../../x", "weights/", "optimizer/9/first", "optimizer/x"):
        yield f"there is {name}", lambda name=name: written(**{name: np.ones(3, np.float32)})  # type: ignore[misc]
    write_archive(path, arrays, config)


def walk(node: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to each value in nested lists and dicts."""
    if way:
        yield way
    for key, value in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield from walk(value, (*way, key))


def changed_at(config: Any, way: tuple[Any, ...], value: Any) -> Any:
    """A copy with `value` at the end of the way; "left out": with nothing there."""
    changed = copy.deepcopy(config)
    node = changed
    for key in way[:-1]:
        node = node[key]
    if value == "left out":
        del node[way[-1]]
    else:
        node[way[-1]] = value
    return changed
