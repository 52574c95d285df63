"""How much memory a device may take, and what is said when that is not enough."""

from __future__ import annotations

import gc
import os
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from minicnn.errors import ArgumentError, BackendError, MinicnnError, OutOfMemoryError

VARIABLE = "MINICNN_CUDA_MEMORY"
SHOWN = 6
"""So many kinds of arrays an error lists: the largest."""

_UNITS = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMG]i?B|B)?", re.IGNORECASE)


@dataclass(frozen=True)
class Limit:
    """At most `size` bytes, or the `fraction` of the device's memory; None for both: what the device has."""

    size: int | None = None
    fraction: float | None = None

    def bytes_of(self, total: int) -> int | None:
        """Of a device with `total` bytes; None without a limit."""
        return self.size if self.fraction is None else int(self.fraction * total)


def limit_of(given: int | float | str | None) -> Limit:
    """A number of bytes, "4GB" (of 10^9 bytes; "4GiB" of 2^30), or a fraction of the device's memory, 0 to 1.

    None is what MINICNN_CUDA_MEMORY says, or no limit. Raises ArgumentError for anything else, BackendError where the
    variable says it.
    """
    if given is None:
        said = os.environ.get(VARIABLE)
        return _limit_of(said, VARIABLE, BackendError) if said else Limit()
    return _limit_of(given, "memory", ArgumentError)


def _limit_of(given: int | float | str, source: str, error: type[MinicnnError]) -> Limit:
    match = _SIZE.fullmatch(str(given).strip())
    if match and not isinstance(given, bool):
        number, unit = float(match[1]), match[2]
        if unit:
            scale = next(n for name, n in _UNITS.items() if name.lower() == unit.lower())
            number *= scale
        elif 0 < number <= 1:
            return Limit(fraction=number)
        if number >= 1 and number == int(number):
            return Limit(size=int(number))
    raise error(
        f"{source} is {given!r:.80}; it takes bytes (4000000000), a size ('4GB', '512MiB') or a part of the device's "
        "memory (0.5)"
    )


@dataclass(frozen=True)
class Held:
    """An array that is alive: `memory` is the same for all views of the same stretch."""

    memory: int
    shape: tuple[int, ...]
    dtype: np.dtype
    nbytes: int


def held(kind: type, memory_of: Callable[[Any], int]) -> Iterable[Held]:
    """The largest live array over each stretch of memory. Found by the garbage collector, so that arrays need no list.

    kind: the device's class of arrays. memory_of: tells the stretches of two of them apart.
    """
    largest: dict[int, Held] = {}
    for thing in gc.get_objects():
        if isinstance(thing, kind):
            array: Any = thing
            one = Held(memory_of(array), array.shape, array.dtype, array.nbytes)
            if one.memory not in largest or largest[one.memory].nbytes < one.nbytes:
                largest[one.memory] = one
    return largest.values()


def out_of_memory(
    device: str,
    asked: int,
    what: str,
    in_use: int,
    limit: int | None,
    total: int,
    arrays: Iterable[Held],
) -> OutOfMemoryError:
    """The error that says what was asked for, what there is, what is held, and what could help.

    asked: bytes. what: behind them in the sentence, ", float32(64, 10)". limit, total: of minicnn, of the device.
    """
    if limit is None:
        ceiling = f"of the {told(total)} that it has; other programs may hold some"
    else:
        ceiling = f"of at most {told(limit)} ({VARIABLE}) of the {told(total)} that it has"
    return OutOfMemoryError(
        f"{device} has no room for {told(asked)}{what}: {told(in_use)} are in use {ceiling}.\n"
        f"{_table(arrays)}\n"
        "A smaller batch needs less, in proportion; so do smaller images. Arrays that nobody needs any more are freed "
        "when their names are (del, or the end of the function)."
    )


def told(nbytes: float) -> str:
    """1234567 -> "1.23 MB"."""
    for unit in ("GB", "MB", "KB"):
        if nbytes >= _UNITS[unit]:
            return f"{nbytes / _UNITS[unit]:.3g} {unit}"
    return f"{nbytes:.0f} bytes"


def _table(arrays: Iterable[Held]) -> str:
    """The kinds of arrays that hold most."""
    counts: Counter[tuple[str, tuple[int, ...]]] = Counter()
    totals: dict[tuple[str, tuple[int, ...]], int] = defaultdict(int)
    for array in arrays:
        kind = str(array.dtype), array.shape
        counts[kind] += 1
        totals[kind] += array.nbytes
    if not counts:
        return "No array of ours is held."
    largest = sorted(totals, key=lambda kind: -totals[kind])
    rows = [f"  {counts[kind]:5d} x {kind[0]}{kind[1]}: {told(totals[kind])}" for kind in largest[:SHOWN]]
    if others := largest[SHOWN:]:
        rows.append(f"  {sum(counts[kind] for kind in others):5d} others: {told(sum(totals[kind] for kind in others))}")
    return "\n".join(["Held are:", *rows])
