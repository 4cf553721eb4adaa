"""EA11, MISTY1: 64 bits under a key of 128 bits in eight rounds (RFC 2994).

Most of the work is the function FI on 16 bits: two parts that need no key, with a key word mixed in between. Each part is one
table of 65536 words, so that FI is two look-ups.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from ferraris.kernel.tables import load_toml

KEY_OCTETS: Final = 16
ROUNDS: Final = 8
_WORDS: Final = 8


@dataclass(frozen=True, slots=True)
class _Substitutions:
    s7: tuple[int, ...]
    s9: tuple[int, ...]


@cache
def halves_of_fi() -> tuple[list[int], list[int]]:
    """What FI does before its key word is mixed in, and what it does after, for every 16 bits."""
    boxes = load_toml("ferraris.sts", "tables/misty1.toml", _Substitutions)
    before = [(s7 ^ ((nine := s9 ^ seven) & 0x7F)) << 9 | nine for s9 in boxes.s9 for seven, s7 in enumerate(boxes.s7)]
    after = [seven << 9 | (s9 ^ seven) for seven in range(1 << 7) for s9 in boxes.s9]
    return before, after


def expanded_key(words: Any, before: Any, after: Any) -> list[Any]:
    """The sixteen words of the expanded key, of eight words of key: of one key, or of an array of keys at once."""
    return [*words, *(after[before[words[i]] ^ words[(i + 1) % _WORDS]] for i in range(_WORDS))]


def _fo_words(key: list[int]) -> list[tuple[int, ...]]:
    """The seven words that each round's FO takes, in the order in which it takes them."""
    return [tuple(key[index] for index in fo_indexes(k)) for k in range(ROUNDS)]


def fo_indexes(k: int) -> tuple[int, ...]:
    """Which words of the expanded key round `k` takes: KO1, KI1, KO2, KI2, KO3, KI3, KO4."""
    return (k, (k + 5) % 8 + 8, (k + 2) % 8, (k + 1) % 8 + 8, (k + 7) % 8, (k + 3) % 8 + 8, (k + 4) % 8)


def fl_indexes(k: int) -> tuple[int, int]:
    """Which words of the expanded key the k-th FL takes: for its and, for its or."""
    half = k // 2
    return ((half + 2) % 8 + 8, (half + 4) % 8) if k % 2 else (half, (half + 6) % 8 + 8)


class Misty1:
    """The cipher under one key."""

    __slots__ = ("_fl", "_fo")

    def __init__(self, key: bytes) -> None:
        words = [int.from_bytes(key[start : start + 2], "big") for start in range(0, KEY_OCTETS, 2)]
        expanded = expanded_key(words, *halves_of_fi())
        self._fo = _fo_words(expanded)
        self._fl = [tuple(expanded[index] for index in fl_indexes(k)) for k in range(ROUNDS + 2)]

    def encrypt_block(self, block: int) -> int:
        """64 bits, enciphered."""
        left, right = block >> 32, block & 0xFFFF_FFFF
        fl, fo = self._fl, self._fo
        for k in range(0, ROUNDS, 2):
            left, right = _fl(left, fl[k]), _fl(right, fl[k + 1])
            right ^= _fo(left, fo[k])
            left ^= _fo(right, fo[k + 1])
        return _fl(right, fl[ROUNDS + 1]) << 32 | _fl(left, fl[ROUNDS])

    def decrypt_block(self, block: int) -> int:
        """64 bits, deciphered."""
        fl, fo = self._fl, self._fo
        right, left = _fl_inverse(block >> 32, fl[ROUNDS + 1]), _fl_inverse(block & 0xFFFF_FFFF, fl[ROUNDS])
        for k in range(ROUNDS - 2, -1, -2):
            left ^= _fo(right, fo[k + 1])
            right ^= _fo(left, fo[k])
            left, right = _fl_inverse(left, fl[k]), _fl_inverse(right, fl[k + 1])
        return left << 32 | right

    def __repr__(self) -> str:
        return "Misty1(hidden)"


def _fo(half: int, words: tuple[int, ...]) -> int:
    before, after = halves_of_fi()
    ko1, ki1, ko2, ki2, ko3, ki3, ko4 = words
    low = half & 0xFFFF
    high = after[before[half >> 16 ^ ko1] ^ ki1] ^ low
    low = after[before[low ^ ko2] ^ ki2] ^ high
    high = after[before[high ^ ko3] ^ ki3] ^ low
    return (low ^ ko4) << 16 | high


def _fl(half: int, words: tuple[int, ...]) -> int:
    high, low = half >> 16, half & 0xFFFF
    low ^= high & words[0]
    return (high ^ (low | words[1])) << 16 | low


def _fl_inverse(half: int, words: tuple[int, ...]) -> int:
    high, low = half >> 16, half & 0xFFFF
    high ^= low | words[1]
    return high << 16 | (low ^ high & words[0])
