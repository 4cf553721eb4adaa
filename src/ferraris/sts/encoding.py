"""Tokens to and from their 20 digits: pack, check value, cipher, class (IEC 62055-41 clauses 6.4, 6.5 and 7.3).

What a decoder does with a token that decodes (identifier, expiry, key type, lockout) is the meter's business, not done here.
"""

from __future__ import annotations

from typing import Final

from ferraris.sts.carrier import from_digits, to_digits
from ferraris.sts.checksum import checksum, currency_checksum
from ferraris.sts.configuration import EncryptionAlgorithm
from ferraris.sts.decoder_key import DecoderKey
from ferraris.sts.errors import StsError, TokenError, TokenResult
from ferraris.sts.packing import CURRENCY_SUBCLASS, pack, unpack
from ferraris.sts.tokens import (
    CurrencyCreditToken,
    KeyChangeFourthSection,
    KeyChangeSupplyGroupSection,
    KeyChangeThirdSection,
    Token,
)

CLEAR_CLASS: Final = 1
"""Tokens of this class are for any meter, and not enciphered."""
RESERVED_CLASS: Final = 3
_CURRENCY_SUBCLASSES: Final = range(CURRENCY_SUBCLASS, CURRENCY_SUBCLASS + 4)
_DATA_SHIFT: Final = 16


def clear_block(token: Token) -> tuple[int, int]:
    """Class and 64 bits of `token` before they are enciphered: data and check value."""
    token_class, data = pack(token)
    check = currency_checksum if isinstance(token, CurrencyCreditToken) else checksum
    return token_class, data << _DATA_SHIFT | check(token_class, data)


def encode_token(token: Token, decoder_key: DecoderKey | None) -> str:
    """The 20 digits of `token` for the meter that has `decoder_key`; class 1 needs no key. Raises StsError."""
    token_class, block = clear_block(token)
    if token_class == CLEAR_CLASS:
        return to_digits(token_class, block)
    key = _needed(decoder_key)
    _check_section(token, key.algorithm)
    return to_digits(token_class, key.encrypt_block(block))


def decode_token(digits: str, decoder_key: DecoderKey | None) -> Token:
    """The token that 20 digits are under `decoder_key`; class 1 needs no key.

    Raises TokenError: format_error (no 20 digits, or 2^66 and above), function_error (reserved), crc_error (another key, or a
    mistyped digit), range_error.
    """
    token_class, block = from_digits(digits)
    if token_class == RESERVED_CLASS:
        raise TokenError(TokenResult.FUNCTION_ERROR, "class 3 is reserved", expected="class 0, 1 or 2")
    if token_class == CLEAR_CLASS:
        return token_of_block(token_class, block, None)
    key = _needed(decoder_key)
    return token_of_block(token_class, key.decrypt_block(block), key.algorithm)


def token_of_block(token_class: int, block: int, algorithm: EncryptionAlgorithm | None) -> Token:
    """The token in 64 bits that are not, or no longer, enciphered. Raises TokenError."""
    data = block >> _DATA_SHIFT
    money = token_class == 0 and data >> 44 in _CURRENCY_SUBCLASSES
    if block & 0xFFFF != (currency_checksum if money else checksum)(token_class, data):
        raise TokenError(TokenResult.CRC_ERROR, "the check value is wrong: another meter's token, or a mistyped digit")
    return unpack(token_class, data, algorithm)


def _needed(decoder_key: DecoderKey | None) -> DecoderKey:
    if decoder_key is None:
        raise StsError("tokens of classes 0 and 2 are enciphered", expected="a decoder key", got="none")
    return decoder_key


def _check_section(token: Token, algorithm: EncryptionAlgorithm) -> None:
    """2/8 means one thing to EA11 and another to EA07, and EA07 knows no 2/9."""
    of_ea11 = isinstance(token, KeyChangeThirdSection | KeyChangeFourthSection)
    of_ea07 = isinstance(token, KeyChangeSupplyGroupSection)
    if (of_ea11 and algorithm is not EncryptionAlgorithm.EA11) or (of_ea07 and algorithm is EncryptionAlgorithm.EA11):
        raise StsError(f"{type(token).__name__} does not belong to the key changes of {algorithm.name}")
