"""EA07, the Standard Transfer Algorithm: 64 bits under a key of 64 bits in sixteen rounds (IEC 62055-41 clause 6.5.4).

A round substitutes each group of four bits by the one or the other table, as a bit of the rotating key says, and permutes
the 64 bits. Here it is eight look-ups: for each octet of the block and each choice of its two substitutions there is a table
with substitution and permutation done. Deciphering undoes the permutation first; the tables of a round therefore hold its
inverse substitution with the inverse permutation of the round that follows.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final, NamedTuple

from ferraris.sts.sta_tables import BLOCK_BITS, StaTables

ROUNDS: Final = 16
KEY_OCTETS: Final = 8
BLOCK_OCTETS: Final = 8
CHOICES: Final = 4
"""Of the two substitutions for the two halves of an octet."""
_KEY_ROTATION: Final = 12
_MASK: Final = (1 << BLOCK_BITS) - 1
_TABLE_SETS_MAX: Final = 4

Bits = Any
"""A number of 64 bits, or an array of them."""
OctetTable = list[int]
Round = tuple[OctetTable, ...]
"""The tables of one round, for the most significant octet first."""


class Combined(NamedTuple):
    """Octet tables by position (most significant octet first) and choice (bit 0: lower half, bit 1: upper half)."""

    encipher: list[list[OctetTable]]
    decipher: list[list[OctetTable]]
    decipher_last: list[list[OctetTable]]


ENCIPHER_CHOICE: Final = tuple((octet >> 3 & 1) | (octet >> 6 & 2) for octet in range(256))
"""From an octet of the key: the choice for the octet of the block, when the key's upper bits of each half say it."""
DECIPHER_CHOICE: Final = tuple((octet & 1) | (octet >> 3 & 2) for octet in range(256))


def rotated_right(value: Bits, count: int) -> Bits:
    """64 bits, turned right by 1 to 63: of a number, or of each in an array."""
    return (value >> count | value << (BLOCK_BITS - count)) & _MASK


def rotated_left(value: Bits, count: int) -> Bits:
    """64 bits, turned left."""
    return rotated_right(value, BLOCK_BITS - count)


def _inverse(table: tuple[int, ...]) -> tuple[int, ...]:
    inverse = [0] * len(table)
    for source, destination in enumerate(table):
        inverse[destination] = source
    return tuple(inverse)


def _moved(value: int, permutation: tuple[int, ...]) -> int:
    """The bits of `value`, each where `permutation` says."""
    moved = 0
    while value:
        lowest = value & -value
        moved |= 1 << permutation[lowest.bit_length() - 1]
        value ^= lowest
    return moved


def _octet_tables(
    when_clear: tuple[int, ...], when_set: tuple[int, ...], permutation: tuple[int, ...]
) -> list[list[OctetTable]]:
    """For each position and choice, what each octet there becomes: substituted, then permuted, among 64 bits."""
    substitutions = (when_clear, when_set)
    halves = [
        [[_moved(number << 4 * nibble, permutation) for number in table] for table in substitutions]
        for nibble in range(2 * BLOCK_OCTETS)
    ]
    return [
        [
            [upper | lower for upper in halves[nibble + 1][choice >> 1] for lower in halves[nibble][choice & 1]]
            for choice in range(CHOICES)
        ]
        for nibble in range(2 * BLOCK_OCTETS - 2, -1, -2)
    ]


@lru_cache(_TABLE_SETS_MAX)
def combined(tables: StaTables) -> Combined:
    """The octet tables of a set, worked out once."""
    first, second = tables.first_substitution, tables.second_substitution
    inverse_first, inverse_second = _inverse(first), _inverse(second)
    straight = tuple(range(BLOCK_BITS))
    return Combined(
        _octet_tables(first, second, tables.permutation),
        _octet_tables(inverse_second, inverse_first, _inverse(tables.permutation)),
        _octet_tables(inverse_second, inverse_first, straight),
    )


@lru_cache(_TABLE_SETS_MAX)
def first_step(tables: StaTables) -> Round:
    """The inverse permutation alone, with which deciphering begins."""
    identity = tuple(range(16))
    return tuple(choices[0] for choices in _octet_tables(identity, identity, _inverse(tables.permutation)))


def _chosen(positions: list[list[OctetTable]], key: int, choice: tuple[int, ...]) -> Round:
    return tuple(
        [choices[choice[octet]] for choices, octet in zip(positions, key.to_bytes(KEY_OCTETS, "big"), strict=True)]
    )


def _through(block: int, rounds: tuple[Round, ...]) -> int:
    for t0, t1, t2, t3, t4, t5, t6, t7 in rounds:
        b0, b1, b2, b3, b4, b5, b6, b7 = block.to_bytes(BLOCK_OCTETS, "big")
        block = t0[b0] | t1[b1] | t2[b2] | t3[b3] | t4[b4] | t5[b5] | t6[b6] | t7[b7]
    return block


class Sta:
    """The cipher under one key."""

    __slots__ = ("_deciphering", "_enciphering", "_key", "_tables")

    def __init__(self, key: bytes, tables: StaTables) -> None:
        self._key = int.from_bytes(key, "big")
        self._tables = tables
        self._enciphering: tuple[Round, ...] | None = None
        self._deciphering: tuple[Round, ...] | None = None

    def encrypt_block(self, block: int) -> int:
        """64 bits, enciphered."""
        if self._enciphering is None:
            self._enciphering = self._enciphering_rounds()
        return _through(block, self._enciphering)

    def decrypt_block(self, block: int) -> int:
        """64 bits, deciphered."""
        if self._deciphering is None:
            self._deciphering = self._deciphering_rounds()
        return _through(block, self._deciphering)

    def _enciphering_rounds(self) -> tuple[Round, ...]:
        positions = combined(self._tables).encipher
        return tuple([_chosen(positions, key, ENCIPHER_CHOICE) for key in enciphering_keys(self._key)])

    def _deciphering_rounds(self) -> tuple[Round, ...]:
        tables = combined(self._tables)
        *earlier, last = deciphering_keys(self._key)
        rounds = [_chosen(tables.decipher, key, DECIPHER_CHOICE) for key in earlier]
        return (first_step(self._tables), *rounds, _chosen(tables.decipher_last, last, DECIPHER_CHOICE))

    def __repr__(self) -> str:
        return "Sta(hidden)"


def enciphering_keys(key: Bits) -> list[Bits]:
    """The turned key of each round of enciphering: of a key, or of each in an array of keys."""
    turned = rotated_right(key ^ _MASK, _KEY_ROTATION)
    return [rotated_left(turned, count) if count else turned for count in range(ROUNDS)]


def deciphering_keys(key: Bits) -> list[Bits]:
    """The turned key of each round of deciphering."""
    return [rotated_right(key, count) if count else key for count in range(ROUNDS)]
