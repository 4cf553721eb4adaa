"""Octets that are nearly right: flips, cuts, copies, lying lengths, pieces of one seed in another."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

OCTETS_MAX = 4096
TELLING = (0x00, 0x01, 0x02, 0x7E, 0x7F, 0x80, 0x81, 0x82, 0x84, 0x88, 0xFE, 0xFF)
"""Octets that are often lengths, tags, flags or ends of a range."""

Mutation = Callable[[bytearray, random.Random], None]


def flip_bit(octets: bytearray, dice: random.Random) -> None:
    octets[dice.randrange(len(octets))] ^= 1 << dice.randrange(8)


def set_octet(octets: bytearray, dice: random.Random) -> None:
    octets[dice.randrange(len(octets))] = dice.randrange(256)


def set_telling_octet(octets: bytearray, dice: random.Random) -> None:
    octets[dice.randrange(len(octets))] = dice.choice(TELLING)


def cut(octets: bytearray, dice: random.Random) -> None:
    del octets[dice.randrange(len(octets)) :]


def remove(octets: bytearray, dice: random.Random) -> None:
    start = dice.randrange(len(octets))
    del octets[start : start + dice.randint(1, 8)]


def insert(octets: bytearray, dice: random.Random) -> None:
    place = dice.randint(0, len(octets))
    octets[place:place] = bytes(dice.choice(TELLING) for _ in range(dice.randint(1, 8)))


def repeat(octets: bytearray, dice: random.Random) -> None:
    start = dice.randrange(len(octets))
    piece = octets[start : start + dice.randint(1, 16)]
    octets[start:start] = piece * dice.randint(1, 32)


MUTATIONS: tuple[Mutation, ...] = (flip_bit, set_octet, set_telling_octet, cut, remove, insert, repeat)


def mutate(seeds: Sequence[bytes], dice: random.Random) -> bytes:
    """One of the seeds, a few times changed; now and then octets without any pattern."""
    if dice.random() < 0.02:
        return dice.randbytes(dice.randint(0, 64))
    octets = bytearray(dice.choice(seeds))
    if dice.random() < 0.1:
        other = dice.choice(seeds)
        octets[dice.randint(0, len(octets)) :] = other[dice.randint(0, len(other)) :]
    for _ in range(dice.choice((1, 1, 1, 2, 3, 8))):
        if octets:
            dice.choice(MUTATIONS)(octets, dice)
    return bytes(octets[:OCTETS_MAX])
