"""Single DES: of the vending keys of older derivations, and of EA09.

DES is no longer safe and no longer offered by itself: triple DES under three equal keys is the same.
"""

from __future__ import annotations

from typing import Final

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes

KEY_OCTETS: Final = 8
TRIPLE_KEY_OCTETS: Final = 16
BLOCK_OCTETS: Final = 8


def _cipher(key: bytes) -> Cipher[modes.ECB]:
    whole = key * 3 if len(key) == KEY_OCTETS else key + key[:KEY_OCTETS]
    return Cipher(TripleDES(whole), modes.ECB())  # noqa: S305 - one block, as the standard has it


def des_encrypt(key: bytes, block: bytes) -> bytes:
    """One block under a key of 8 octets, or under two keys of triple DES in 16."""
    return _cipher(key).encryptor().update(block)


def des_decrypt(key: bytes, block: bytes) -> bytes:
    """The inverse of `des_encrypt`."""
    return _cipher(key).decryptor().update(block)
