"""EA07 and EA11 over arrays of blocks, under one key or a key for each block.

The same look-ups as one block at a time, each done for some thousand blocks at once: few enough that all of it stays in the
processor's cache.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ferraris.sts.configuration import EncryptionAlgorithm
from ferraris.sts.decoder_key import BLOCK_OCTETS, DecoderKey
from ferraris.sts.errors import StsError
from ferraris.sts.misty1 import ROUNDS, expanded_key, fl_indexes, fo_indexes, halves_of_fi
from ferraris.sts.sta import (
    DECIPHER_CHOICE,
    ENCIPHER_CHOICE,
    combined,
    deciphering_keys,
    enciphering_keys,
    first_step,
)
from ferraris.sts.sta_tables import StaTables

Blocks = NDArray[np.uint64]
Tables = NDArray[np.uint64]
Octets = NDArray[np.uint8]
BLOCKS_AT_ONCE: Final = 8_192
_SETS_MAX: Final = 4
_TABLE: Final = 256


class BulkCipher:
    """A cipher for arrays. `keys` is one key, or one for each block, all of one algorithm and one set of tables."""

    def __init__(self, keys: Sequence[DecoderKey]) -> None:
        if not keys:
            raise StsError("a cipher without a key", expected="one key, or one for each block")
        first = keys[0]
        if any((key.algorithm, key.tables) != (first.algorithm, first.tables) for key in keys[1:]):
            raise StsError("keys of different algorithms or tables", expected="keys of one kind")
        if first.algorithm is EncryptionAlgorithm.EA09:
            raise StsError("EA09 over arrays", expected="EA07 or EA11")
        self.algorithm = first.algorithm
        self._tables = first.tables
        octets = b"".join([key.octets for key in keys])
        self._keys = np.frombuffer(octets, np.uint8).reshape(len(keys), -1)

    def encrypt(self, blocks: Blocks) -> Blocks:
        """Every block, enciphered."""
        return self._by_pieces(
            blocks, _sta_encrypted if self.algorithm is EncryptionAlgorithm.EA07 else _misty1_encrypted
        )

    def decrypt(self, blocks: Blocks) -> Blocks:
        """Every block, deciphered."""
        return self._by_pieces(
            blocks, _sta_decrypted if self.algorithm is EncryptionAlgorithm.EA07 else _misty1_decrypted
        )

    def _by_pieces(self, blocks: Blocks, work: Callable[[Blocks, Octets, StaTables], Blocks]) -> Blocks:
        if len(self._keys) not in (1, len(blocks)):
            raise StsError("keys for blocks", expected=f"1 or {len(blocks)}", got=len(self._keys))
        done = np.empty(len(blocks), np.uint64)
        for start in range(0, len(blocks), BLOCKS_AT_ONCE):
            piece = slice(start, start + BLOCKS_AT_ONCE)
            keys = self._keys if len(self._keys) == 1 else self._keys[piece]
            done[piece] = work(blocks[piece], keys, self._tables)
        return done

    def __repr__(self) -> str:
        return f"BulkCipher({self.algorithm.name}, {len(self._keys)} hidden)"


# EA07


@lru_cache(_SETS_MAX)
def _sta_arrays(tables: StaTables) -> tuple[Tables, Tables, Tables, Tables]:
    """The octet tables as arrays by position and by choice and octet: encipher, decipher, decipher last; and first step."""
    sets = [np.array(positions, np.uint64).reshape(BLOCK_OCTETS, -1) for positions in combined(tables)]
    return sets[0], sets[1], sets[2], np.array(first_step(tables), np.uint64)


def _octets_of(values: Blocks) -> list[NDArray[np.intp]]:
    """The octets of each value, the most significant ones first, as indexes."""
    return list(values.astype(">u8").view(np.uint8).reshape(-1, BLOCK_OCTETS).T.astype(np.intp))


def _looked_up(blocks: Blocks, tables: Tables, choices: Sequence[Any] | None = None) -> Blocks:
    """One round: each octet through its table, all together."""
    done: Blocks | None = None
    for position, octets in enumerate(_octets_of(blocks)):
        if choices is not None:
            octets += choices[position]
        found = tables[position].take(octets)
        done = found if done is None else np.bitwise_or(done, found, out=done)
    assert done is not None
    return done


def _choices(key: Blocks, choice: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """Where in each position's tables a round's choice begins, by key."""
    return [choice[octets] for octets in _octets_of(key)]


_ENCIPHER_OFFSET: Final = np.array(ENCIPHER_CHOICE, np.intp) * _TABLE
_DECIPHER_OFFSET: Final = np.array(DECIPHER_CHOICE, np.intp) * _TABLE


def _as_numbers(keys: Octets) -> Blocks:
    return np.ascontiguousarray(keys).view(">u8").reshape(-1).astype(np.uint64)


def _sta_encrypted(blocks: Blocks, keys: Octets, tables: StaTables) -> Blocks:
    encipher, *_ = _sta_arrays(tables)
    for key in enciphering_keys(_as_numbers(keys)):
        blocks = _looked_up(blocks, encipher, _choices(key, _ENCIPHER_OFFSET))
    return blocks


def _sta_decrypted(blocks: Blocks, keys: Octets, tables: StaTables) -> Blocks:
    _, decipher, decipher_last, first = _sta_arrays(tables)
    blocks = _looked_up(blocks, first)
    *earlier, last = deciphering_keys(_as_numbers(keys))
    for key in earlier:
        blocks = _looked_up(blocks, decipher, _choices(key, _DECIPHER_OFFSET))
    return _looked_up(blocks, decipher_last, _choices(last, _DECIPHER_OFFSET))


# EA11: a block is four words of 16 bits, all arrays.

Word = NDArray[np.uint16]
Half = tuple[Word, Word]


@cache
def _halves_of_fi() -> tuple[Word, Word]:
    before, after = halves_of_fi()
    return np.array(before, np.uint16), np.array(after, np.uint16)


def _schedule(keys: Octets) -> tuple[list[list[Word]], list[list[Word]]]:
    """The words of each round's FO and of each FL, an array of one or of as many as there are blocks."""
    words = list(np.ascontiguousarray(keys).view(">u2").astype(np.uint16).T)
    expanded = expanded_key(words, *_halves_of_fi())
    fo = [[expanded[index] for index in fo_indexes(k)] for k in range(ROUNDS)]
    return fo, [[expanded[index] for index in fl_indexes(k)] for k in range(ROUNDS + 2)]


def _fo(half: Half, words: list[Word]) -> Half:
    before, after = _halves_of_fi()
    (high, low), (ko1, ki1, ko2, ki2, ko3, ki3, ko4) = half, words
    high = after.take(before.take(high ^ ko1) ^ ki1) ^ low
    low = after.take(before.take(low ^ ko2) ^ ki2) ^ high
    high = after.take(before.take(high ^ ko3) ^ ki3) ^ low
    return low ^ ko4, high


def _fl(half: Half, words: list[Word]) -> Half:
    low = half[1] ^ (half[0] & words[0])
    return half[0] ^ (low | words[1]), low


def _fl_inverse(half: Half, words: list[Word]) -> Half:
    high = half[0] ^ (half[1] | words[1])
    return high, half[1] ^ (high & words[0])


def _mixed(half: Half, other: Half) -> Half:
    return half[0] ^ other[0], half[1] ^ other[1]


def _halves(blocks: Blocks) -> tuple[Half, Half]:
    words = blocks.astype(">u8").view(">u2").reshape(-1, 4).astype(np.uint16).T
    return (words[0], words[1]), (words[2], words[3])


def _whole(left: Half, right: Half) -> Blocks:
    words = np.stack((*left, *right), axis=1).astype(">u2")
    return words.view(">u8").reshape(-1).astype(np.uint64)


def _misty1_encrypted(blocks: Blocks, keys: Octets, _: StaTables) -> Blocks:
    fo, fl = _schedule(keys)
    left, right = _halves(blocks)
    for k in range(0, ROUNDS, 2):
        left, right = _fl(left, fl[k]), _fl(right, fl[k + 1])
        right = _mixed(right, _fo(left, fo[k]))
        left = _mixed(left, _fo(right, fo[k + 1]))
    return _whole(_fl(right, fl[ROUNDS + 1]), _fl(left, fl[ROUNDS]))


def _misty1_decrypted(blocks: Blocks, keys: Octets, _: StaTables) -> Blocks:
    fo, fl = _schedule(keys)
    right, left = _halves(blocks)
    right, left = _fl_inverse(right, fl[ROUNDS + 1]), _fl_inverse(left, fl[ROUNDS])
    for k in range(ROUNDS - 2, -1, -2):
        left = _mixed(left, _fo(right, fo[k + 1]))
        right = _mixed(right, _fo(left, fo[k]))
        left, right = _fl_inverse(left, fl[k]), _fl_inverse(right, fl[k + 1])
    return _whole(left, right)
