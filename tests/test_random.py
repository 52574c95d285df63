from __future__ import annotations

import numpy as np
import pytest

from minicnn import random
from minicnn.errors import ArgumentError
from minicnn.random import Key, SeedGenerator, as_key, fresh_seed, generator, philox, random_bits, set_random_seed


@pytest.fixture(autouse=True)
def _own_seeds(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test does to the source of fresh seeds ends with it."""
    monkeypatch.setattr(random._Fresh, "sequence", np.random.SeedSequence(0))


# For philox4x32-10 from Random123, the authors' own implementation: counter, key, words.
KNOWN_ANSWERS = [
    ([0, 0, 0, 0], (0, 0), [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
    ([0xFFFFFFFF] * 4, (0xFFFFFFFF,) * 2, [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
    (
        [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],  # the digits of pi
        (0xA4093822, 0x299F31D0),
        [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1],
    ),
]


@pytest.mark.parametrize(("counter", "key", "words"), KNOWN_ANSWERS)
def test_philox_gives_the_known_answers(counter: list[int], key: tuple[int, int], words: list[int]) -> None:
    assert philox(np.array(counter, np.uint64)[:, None], key)[:, 0].tolist() == words


def test_many_counters_at_once_are_each_by_itself() -> None:
    counters = generator(0).integers(0, 2**32, (4, 50), dtype=np.uint64)
    together = philox(counters, (1, 2))
    for i in range(50):
        assert (together[:, i : i + 1] == philox(counters[:, i : i + 1], (1, 2))).all()


def test_number_i_is_a_word_of_its_block() -> None:
    key = Key(seed=0x0123456789ABCDEF, step=7)
    bits = random_bits(key, 10)
    assert bits.dtype == np.uint32
    for i in range(10):
        block = np.array([i // 4, 0, 7, 0], np.uint64)[:, None]
        assert bits[i] == philox(block, (0x89ABCDEF, 0x01234567))[i % 4, 0]


def test_random_bits_do_not_depend_on_how_many_are_drawn() -> None:
    assert (random_bits(Key(3), 1000)[:13] == random_bits(Key(3), 13)).all()
    assert random_bits(Key(3), 0).shape == (0,)


def test_keys_differ_by_seed_and_by_step() -> None:
    drawn = [tuple(random_bits(key, 4)) for key in (Key(1), Key(2), Key(1, 1), Key(1 << 32))]
    assert len(set(drawn)) == 4


def test_random_bits_are_spread_evenly() -> None:
    bits = random_bits(Key(5), 40_000)
    counts = np.bincount(bits >> 28, minlength=16)
    assert abs(counts - 2500).max() < 5 * np.sqrt(2500)
    ones = np.array([(bits >> np.uint32(b) & np.uint32(1)).mean() for b in range(32)])
    assert abs(ones - 0.5).max() < 5 * 0.5 / np.sqrt(40_000)


def test_a_seed_generator_starts_anew_from_its_seed_and_continues_from_its_count() -> None:
    one, other = SeedGenerator(9), SeedGenerator(9)
    keys = [one.next() for _ in range(5)]
    assert keys == [other.next() for _ in range(5)]
    assert len(set(keys)) == 5
    resumed = SeedGenerator(9)
    resumed.drawn = 3
    assert resumed.next() == keys[3]


@pytest.mark.parametrize("seed", [-1, 2**64, 1.0, "1", None, True])
def test_a_seed_is_a_whole_number_of_64_bits(seed: object) -> None:
    with pytest.raises(ArgumentError, match="seed must be a whole number"):
        as_key(seed)


def test_a_key_cannot_be_out_of_range() -> None:
    with pytest.raises(ArgumentError, match="seed must be a whole number"):
        Key(-1)
    with pytest.raises(ArgumentError, match="step must be a whole number"):
        Key(0, 2**32)


def test_as_key_takes_keys_as_they_are() -> None:
    assert as_key(Key(4, 2)) == Key(4, 2)
    assert as_key(np.uint64(2**64 - 1)) == Key(2**64 - 1, 0)


def test_fresh_seeds_never_repeat_and_follow_from_the_global_seed() -> None:
    set_random_seed(11)
    seeds = [fresh_seed() for _ in range(100)]
    assert len(set(seeds)) == 100
    assert max(seeds) > 2**63, "all 64 bits are used"
    set_random_seed(11)
    assert [fresh_seed() for _ in range(100)] == seeds
    set_random_seed(12)
    assert fresh_seed() not in seeds


@pytest.mark.parametrize("seed", [-1, 0.5, None])
def test_the_global_seed_is_a_whole_number(seed: object) -> None:
    with pytest.raises(ArgumentError, match="seed must be a whole number"):
        set_random_seed(seed)


def test_generators_with_the_same_numbers_draw_the_same() -> None:
    assert generator(1, 2).random(5).tolist() == generator(1, 2).random(5).tolist()
    assert generator(1, 2).random() != generator(2, 1).random()
