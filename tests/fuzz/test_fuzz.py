"""A short run of the fuzzer over every decoder, and the fuzzer itself."""

from __future__ import annotations

import random
import struct

import pytest

from ferraris.kernel.errors import DecodeError, FerrarisError
from tests.fuzz.mutation import MUTATIONS, OCTETS_MAX, mutate
from tests.fuzz.targets import TARGETS, Target

TRIES = 150
REFUSED_AS_SEEDS = {"inspect", "captures"}
"""Targets whose seeds are of many kinds or under many keys: not all of them are theirs."""


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_mutated_octets_raise_nothing_but_errors_of_ours(target: Target) -> None:
    dice = random.Random(f"7/{target.name}")
    for _ in range(TRIES):
        octets = mutate(target.seeds, dice)
        try:
            target.run(octets)
        except Exception as error:
            error.add_note(f"{target.name}: {octets.hex()}")
            raise


@pytest.mark.parametrize(
    "target", [target for target in TARGETS if target.name not in REFUSED_AS_SEEDS], ids=lambda target: target.name
)
def test_seeds_are_well_formed(target: Target) -> None:
    assert target.seeds
    for octets in target.seeds:
        target.decode(octets)


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


def test_an_error_of_ours_is_a_right_answer() -> None:
    def refuse(octets: bytes) -> None:
        raise FerrarisError("no")

    Target("refuses", refuse, (b"\x00",)).run(b"\x00")
