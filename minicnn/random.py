"""Random numbers that can be named: every one is a pure function of a key and a position.

A counter-based generator has no hidden state: number i of stream (seed, stream, step) is the same on every backend,
for any number of threads, and after a restart. Dropout draws the same mask on a CPU and on a GPU, and again in the
backward pass instead of keeping it.

Source: Salmon, Moraes, Dror and Shaw, Parallel random numbers: as easy as 1, 2, 3 (SC 2011): Philox4x32-10.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from minicnn.errors import ArgumentError
from minicnn.geometry import is_int
from minicnn.kernels.recording import note

_MULTIPLIERS = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_KEY_STEPS = 0x9E3779B9, 0xBB67AE85
_LOW = np.uint64(0xFFFFFFFF)
_32 = np.uint64(32)


@dataclass(frozen=True)
class Key:
    """The name of one array of random numbers: `seed` (64 bits), and a `step` (32 bits) that counts draws."""

    seed: int
    step: int = 0

    def __post_init__(self) -> None:
        for name, value, bits in (("seed", self.seed, 64), ("step", self.step, 32)):
            if not is_int(value) or not 0 <= value < 2**bits:
                raise ArgumentError(f"{name} must be a whole number from 0 to 2**{bits} - 1; got {value!r}")

    @cached_property
    def words(self) -> np.ndarray:
        """(2,) uint64: seed and step, as kernels take them. Who records a computation writes the next key here."""
        return np.array([self.seed, self.step], np.uint64)


def as_key(seed: Any) -> Key:
    """A Key as it is, or the first draw of a whole-number seed. Raises ArgumentError for anything else."""
    return seed if isinstance(seed, Key) else Key(int(seed) if is_int(seed) else seed)


def philox(counter: np.ndarray, key: tuple[int, int], rounds: int = 10) -> np.ndarray:
    """Philox4x32: counter (4, n) of 32-bit numbers held in uint64 -> (4, n) random 32-bit numbers in uint64."""
    a, b, c, d = counter
    k0, k1 = key
    for _ in range(rounds):
        left, right = _MULTIPLIERS[0] * a, _MULTIPLIERS[1] * c  # 32 x 32 -> 64 bits: no overflow
        a, b, c, d = (right >> _32) ^ b ^ np.uint64(k0), right & _LOW, (left >> _32) ^ d ^ np.uint64(k1), left & _LOW
        k0, k1 = (k0 + _KEY_STEPS[0]) & 0xFFFFFFFF, (k1 + _KEY_STEPS[1]) & 0xFFFFFFFF
    return np.stack([a, b, c, d])


def random_bits(key: Key, n: int) -> np.ndarray:
    """`n` random 32-bit numbers as uint32 (n,); number i is word i % 4 of Philox at counter (i // 4, 0, step, 0)."""
    blocks = -(-n // 4)
    counter = np.zeros((4, blocks), np.uint64)
    counter[0] = np.arange(blocks, dtype=np.uint64) & _LOW
    counter[1] = np.arange(blocks, dtype=np.uint64) >> _32
    counter[2] = key.step
    words = philox(counter, (key.seed & 0xFFFFFFFF, key.seed >> 32))
    return words.T.reshape(-1)[:n].astype(np.uint32)


def uniform(key: Key, n: int, low: float = 0.0, high: float = 1.0) -> np.ndarray:
    """`n` random numbers in [low, high) as float64 (n,): the bits of `random_bits`, divided by 2**32."""
    return low + (high - low) * (random_bits(key, n) / 2.0**32)


class SeedGenerator:
    """Hands out keys: the same seed gives the same keys in the same order. `drawn` is all its state."""

    def __init__(self, seed: int) -> None:
        self.seed = as_key(seed).seed
        self.drawn = 0

    def next(self) -> Key:
        """The next key, never handed out before by this generator."""
        key = Key(self.seed, self.drawn)
        self.drawn += 1
        return key


def next_key(generator: SeedGenerator) -> Key:
    """The generator's next key. Where the computation is recorded, each further run of it draws the one after."""
    key = generator.next()

    def draw() -> None:
        key.words[1] = generator.next().step

    note(draw)
    return key


class _Fresh:
    """Where seeds come from when nobody gave one: from the operating system, or from `set_random_seed`."""

    sequence = np.random.SeedSequence()


def set_random_seed(seed: int) -> None:
    """Makes all seeds drawn from here on (weights, dropout, shuffling) follow from `seed`, as Keras's does."""
    if not is_int(seed) or seed < 0:
        raise ArgumentError(f"seed must be a whole number of at least 0; got {seed!r}")
    _Fresh.sequence = np.random.SeedSequence(seed)


@contextmanager
def seeds_from(*seeds: int) -> Iterator[None]:
    """Within the block, seeds that nobody gave follow from these; afterwards from what they followed from before."""
    before, _Fresh.sequence = _Fresh.sequence, np.random.SeedSequence(seeds)
    try:
        yield
    finally:
        _Fresh.sequence = before


def fresh_seed() -> int:
    """A new 64-bit seed that no earlier call has returned."""
    low, high = _Fresh.sequence.spawn(1)[0].generate_state(2)
    return int(low) | int(high) << 32


def generator(*seeds: int) -> np.random.Generator:
    """NumPy's generator for the given numbers, e.g. (seed, epoch): same numbers, same stream."""
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(seeds)))
