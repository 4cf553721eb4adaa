"""Blind mutations: each changes something, a seed of the dice replays, and careless decoders are found out."""

from __future__ import annotations

import random
import struct

import pytest

from ferraris.kernel.errors import DecodeError, FerrarisError
from tests.fuzz.mutation import MUTATIONS, OCTETS_MAX, mutate
from tests.fuzz.target import Target, in_turns, turns

TRIES = 150


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.__name__)
def test_each_mutation_changes_something(mutation: object) -> None:
    dice = random.Random(7)
    changed = 0
    for _ in range(50):
        octets = bytearray(b"\x02\x03\x09\x06\x01\x00\x01\x08\x00\xff")
        mutation(octets, dice)  # type: ignore[operator]
        changed += bytes(octets) != b"\x02\x03\x09\x06\x01\x00\x01\x08\x00\xff"
    assert changed >= 45


def test_a_seed_of_the_dice_replays() -> None:
    one, other = random.Random(7), random.Random(7)
    seeds = (b"\x00", b"\x06\x00\x00\x30\x39")
    drawn = [mutate(seeds, one) for _ in range(200)]
    assert drawn == [mutate(seeds, other) for _ in range(200)]
    assert len(set(drawn)) > 100
    assert max(map(len, drawn)) <= OCTETS_MAX


def careless(octets: bytes) -> int:
    """A decoder that trusts the length in its first octet."""
    if not octets:
        raise DecodeError("nothing there")
    return int(struct.unpack_from(">H", octets, octets[0])[0])


def test_a_careless_decoder_is_found_out() -> None:
    target = Target("careless", careless, (b"\x01\x00\x05",))
    dice = random.Random(7)
    tries = [mutate(target.seeds, dice) for _ in range(TRIES)]
    with pytest.raises(struct.error):
        any(target.run(octets) for octets in tries)


def test_an_error_of_ours_is_a_right_answer_and_no_other_is() -> None:
    def refuse(octets: bytes) -> None:
        raise FerrarisError("no") if octets else ValueError("no")

    Target("refuses", refuse, ()).run(b"\x00")
    with pytest.raises(ValueError, match="no"):
        Target("refuses", refuse, ()).run(b"")


@pytest.mark.parametrize("said", [[], [b""], [b"a", b"", b"bc"], [bytes(254), bytes(255), bytes(5_000)]])
def test_turns_are_told_apart(said: list[bytes]) -> None:
    assert list(turns(in_turns(said))) == said


def test_any_octets_are_turns() -> None:
    dice = random.Random(7)
    for _ in range(200):
        octets = dice.randbytes(dice.randint(0, 40))
        assert sum(map(len, turns(octets))) <= len(octets)
