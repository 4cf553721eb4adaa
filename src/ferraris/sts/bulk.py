"""Many tokens at once, as columns: what campaigns, imports and audits make and read by the hundred thousand.

A token here is its class and its 48 bits of data; `identified_data` puts data together for credit and management tokens. The
digits come as an array of 20 octets each. A token that does not decode has the same result as one decoded by itself; only the
ranges of fields in key-change tokens are left to `unpack`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ferraris.sts.amounts import MANTISSA_BITS, MANTISSA_MAX, QUANTITY_EXPONENT_MAX, QUANTITY_MAX, STARTS
from ferraris.sts.bulk_cipher import Blocks, BulkCipher
from ferraris.sts.carrier import TOKEN_BITS, TOKEN_DIGITS
from ferraris.sts.checksum import CURRENCY_OCTET, TABLE
from ferraris.sts.configuration import EncryptionAlgorithm
from ferraris.sts.encoding import CLEAR_CLASS, RESERVED_CLASS
from ferraris.sts.errors import StsError, TokenResult
from ferraris.sts.packing import CURRENCY_SUBCLASS, is_reserved

Digits = NDArray[np.bytes_]
RESULTS: Final = (
    TokenResult.ACCEPT,
    TokenResult.FORMAT_ERROR,
    TokenResult.CRC_ERROR,
    TokenResult.FUNCTION_ERROR,
)
"""What the numbers in `TokenColumns.results` stand for."""
_ACCEPT, _FORMAT, _CRC, _FUNCTION = range(len(RESULTS))
_CLASS_SHIFT: Final = 27
_DATA_SHIFT: Final = np.uint64(16)
_HALF: Final = 10**10
_CHUNK: Final = 10**5
_CHUNK_DIGITS: Final = 5


@dataclass(frozen=True, slots=True)
class TokenColumns:
    """Tokens as columns: class, 48 bits of data (subclass and body), and the result of each as an index into `RESULTS`."""

    token_class: NDArray[np.uint8]
    data: Blocks
    results: NDArray[np.uint8]

    @property
    def subclass(self) -> NDArray[np.uint8]:
        return (self.data >> 44).astype(np.uint8)

    @property
    def random(self) -> NDArray[np.uint8]:
        """Four random bits; of currency credit the upper four of sign and exponent."""
        return (self.data >> 40 & 0xF).astype(np.uint8)

    @property
    def token_identifier(self) -> NDArray[np.uint32]:
        return (self.data >> 16 & 0xFF_FFFF).astype(np.uint32)

    @property
    def field(self) -> NDArray[np.uint16]:
        """The sixteen bits of an amount, a limit or a register."""
        return self.data.astype(np.uint16)


def identified_data(subclass: Any, random: Any, token_identifier: Any, field: Any) -> Blocks:
    """The 48 bits of tokens with an identifier; each argument is a number or a column. Raises StsError."""
    columns = []
    for name, value, bits in (
        ("subclass", subclass, 4),
        ("random", random, 4),
        ("token identifier", token_identifier, 24),
        ("value", field, 16),
    ):
        column = np.asarray(value, np.int64)
        if column.size and not (column.min() >= 0 and column.max() < 1 << bits):
            raise StsError(f"{name} of a token", expected=f"0 to {(1 << bits) - 1}")
        columns.append(column.astype(np.uint64))
    kinds, randoms, identifiers, fields = np.broadcast_arrays(*columns)
    return np.atleast_1d(kinds << 44 | randoms << 40 | identifiers << 16 | fields)


def encode_quantities(amounts: NDArray[np.int64]) -> NDArray[np.uint16]:
    """The sixteen bits for each amount, rounded up as `encode_quantity` does. Raises StsError."""
    if amounts.size and not (amounts.min() >= 0 and amounts.max() <= QUANTITY_MAX):
        raise StsError("an amount that a token cannot carry", expected=f"0 to {QUANTITY_MAX}")
    starts, steps = _starts_and_steps()
    exponents = np.searchsorted(starts + MANTISSA_MAX * steps, amounts)
    mantissas = -((starts[exponents] - amounts) // steps[exponents])
    return (exponents << MANTISSA_BITS | mantissas).astype(np.uint16)


def decode_quantities(fields: NDArray[np.uint16]) -> NDArray[np.int64]:
    """What each sixteen bits stand for."""
    starts, steps = _starts_and_steps()
    exponents = fields >> MANTISSA_BITS
    amounts: NDArray[np.int64] = starts[exponents] + (fields & MANTISSA_MAX).astype(np.int64) * steps[exponents]
    return amounts


def _starts_and_steps() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    count = QUANTITY_EXPONENT_MAX + 1
    return np.array(STARTS[:count], np.int64), 10 ** np.arange(count, dtype=np.int64)


def encode_tokens(token_class: int, data: Blocks, cipher: BulkCipher | None) -> Digits:
    """The 20 digits of each token of one class."""
    classes = np.full(len(data), token_class, np.uint8)
    blocks = data << _DATA_SHIFT | _checksums(classes, data)
    if token_class != CLEAR_CLASS:
        blocks = _needed(cipher).encrypt(blocks)
    return _digits(classes, blocks)


def decode_tokens(digits: Digits, cipher: BulkCipher | None) -> TokenColumns:
    """The tokens in an array of 20 digits each (`S20`), of any classes together."""
    classes, blocks, well_formed = _classes_and_blocks(digits)
    enciphered = (classes != CLEAR_CLASS) & (classes != RESERVED_CLASS) & well_formed
    if enciphered.any():
        blocks = np.where(enciphered, _needed(cipher).decrypt(blocks), blocks)
    data = blocks >> _DATA_SHIFT
    right = _checksums(classes, data) == (blocks & 0xFFFF)
    reserved = _reserved(cipher)[classes, (data >> 44).astype(np.intp)]
    results = np.select(
        [~well_formed, classes == RESERVED_CLASS, ~right, reserved], [_FORMAT, _FUNCTION, _CRC, _FUNCTION], _ACCEPT
    )
    return TokenColumns(classes, data, results.astype(np.uint8))


def _reserved(cipher: BulkCipher | None) -> NDArray[np.bool_]:
    algorithm = EncryptionAlgorithm.EA11 if cipher is None else cipher.algorithm
    return np.array([[is_reserved(each, subclass, algorithm) for subclass in range(16)] for each in range(4)])


def _needed(cipher: BulkCipher | None) -> BulkCipher:
    if cipher is None:
        raise StsError("tokens of classes 0 and 2 are enciphered", expected="a cipher", got="none")
    return cipher


# Check values


def _checksums(classes: NDArray[np.uint8], data: Blocks) -> Blocks:
    """The check value of each token; one octet more counts for money."""
    table = np.array(TABLE, np.uint16)
    register = np.full(len(data), 0xFFFF, np.uint16)
    register = _stepped(table, register, classes)
    for shift in range(40, -1, -8):
        register = _stepped(table, register, (data >> shift).astype(np.uint8))
    subclass = data >> 44
    money = (classes == 0) & (subclass >= CURRENCY_SUBCLASS) & (subclass < CURRENCY_SUBCLASS + 4)
    register = np.where(money, _stepped(table, register, CURRENCY_OCTET[0]), register)
    return register.byteswap().astype(np.uint64)


def _stepped(table: NDArray[np.uint16], register: NDArray[np.uint16], octet: Any) -> NDArray[np.uint16]:
    stepped: NDArray[np.uint16] = register >> 8 ^ table.take((register ^ octet) & 0xFF)
    return stepped


# Digits. A token has 66 bits, so it is handled as two numbers of ten digits each: 2^64 is 1844674407 · 10^10 + 3709551616.

_HEAD_HIGH: Final = (1 << 64) // _HALF
_HEAD_LOW: Final = (1 << 64) % _HALF
_LIMITS: Final = tuple(divmod(count << 64, _HALF) for count in range(1, 1 << TOKEN_BITS - 64))
_END: Final = divmod(1 << TOKEN_BITS, _HALF)


def _chunk_digits() -> NDArray[np.uint8]:
    """The five digits of every number below 100000."""
    numbers = np.arange(_CHUNK)
    return np.stack(
        [numbers // 10**power % 10 + ord("0") for power in range(_CHUNK_DIGITS - 1, -1, -1)], axis=1
    ).astype(np.uint8)


_CHUNK_TABLE: Final = _chunk_digits()


def _digits(classes: NDArray[np.uint8], blocks: Blocks) -> Digits:
    head = blocks >> _CLASS_SHIFT & 3
    low64 = (blocks & ~np.uint64(3 << _CLASS_SHIFT)) | classes.astype(np.uint64) << _CLASS_SHIFT
    high, low = np.divmod(low64, np.uint64(_HALF))
    low += head * np.uint64(_HEAD_LOW)
    carry, low = np.divmod(low, np.uint64(_HALF))
    high += head * np.uint64(_HEAD_HIGH) + carry
    pieces = [_CHUNK_TABLE[part.astype(np.intp)] for half in (high, low) for part in np.divmod(half, np.uint64(_CHUNK))]
    return np.ascontiguousarray(np.concatenate(pieces, axis=1)).view(f"S{TOKEN_DIGITS}").reshape(-1)


def _classes_and_blocks(digits: Digits) -> tuple[NDArray[np.uint8], Blocks, NDArray[np.bool_]]:
    """Class and block of each, and whether its 20 octets are digits of less than 66 bits."""
    if digits.dtype != np.dtype(f"S{TOKEN_DIGITS}"):
        raise StsError("an array of tokens", expected=f"{TOKEN_DIGITS} octets each", got=digits.dtype)
    octets = np.ascontiguousarray(digits).view(np.uint8).reshape(-1, TOKEN_DIGITS) - np.uint8(ord("0"))
    powers = 10 ** np.arange(TOKEN_DIGITS // 2 - 1, -1, -1, dtype=np.uint64)
    values = octets.astype(np.uint64)
    high, low = (values[:, :10] * powers).sum(axis=1), (values[:, 10:] * powers).sum(axis=1)
    well_formed = (octets < 10).all(axis=1) & ((high < _END[0]) | ((high == _END[0]) & (low < _END[1])))
    head = np.zeros(len(digits), np.uint64)
    for limit_high, limit_low in _LIMITS:
        head += (high > limit_high) | ((high == limit_high) & (low >= limit_low))
    low64 = high * np.uint64(_HALF) + low  # what is above 64 bits falls off: it is in `head`
    classes = (low64 >> _CLASS_SHIFT & 3).astype(np.uint8)
    blocks = (low64 & ~np.uint64(3 << _CLASS_SHIFT)) | head << _CLASS_SHIFT
    return classes, blocks, well_formed
