"""A decoder key: what a meter deciphers its tokens with. Its octets show nowhere by themselves."""

from __future__ import annotations

import hashlib
import hmac
from typing import Final, Protocol

from ferraris.sts import misty1, sta
from ferraris.sts.configuration import EncryptionAlgorithm
from ferraris.sts.des import KEY_OCTETS as DES_KEY_OCTETS
from ferraris.sts.des import des_decrypt
from ferraris.sts.errors import StsError
from ferraris.sts.sta_tables import StaTables

KEY_OCTETS: Final = {
    EncryptionAlgorithm.EA07: sta.KEY_OCTETS,
    EncryptionAlgorithm.EA09: DES_KEY_OCTETS,
    EncryptionAlgorithm.EA11: misty1.KEY_OCTETS,
}
BLOCK_OCTETS: Final = 8
CHECK_DIGITS: Final = 6


class _BlockCipher(Protocol):
    def encrypt_block(self, block: int) -> int: ...

    def decrypt_block(self, block: int) -> int: ...


class _DecryptingDes:
    """EA09: tokens of old meters can be read, none are made."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def encrypt_block(self, block: int) -> int:
        raise StsError("EA09 is decoded only: no new product may use it", expected="EA07 or EA11")

    def decrypt_block(self, block: int) -> int:
        return int.from_bytes(des_decrypt(self._key, block.to_bytes(BLOCK_OCTETS, "big")), "big")


class DecoderKey:
    """A key with its algorithm, and for EA07 its tables. Whoever asks for `octets` gets them; nothing else shows them."""

    __slots__ = ("_cipher", "_octets", "algorithm", "tables")

    def __init__(self, algorithm: EncryptionAlgorithm, octets: bytes, tables: StaTables = StaTables.SAMPLE) -> None:
        if len(octets) != KEY_OCTETS[algorithm]:
            raise StsError(
                f"a decoder key of {algorithm.name}", expected=f"{KEY_OCTETS[algorithm]} octets", got=len(octets)
            )
        self.algorithm = algorithm
        self.tables = tables
        self._octets = bytes(octets)
        self._cipher: _BlockCipher | None = None

    @property
    def octets(self) -> bytes:
        """The key itself, in the order in which the algorithm takes it."""
        return self._octets

    @property
    def check_value(self) -> str:
        """Six hexadecimal digits by which two keys can be told apart: of a hash, since EA09 does not encipher."""
        return hashlib.sha256(self.algorithm.name.encode() + self._octets).hexdigest()[:CHECK_DIGITS].upper()

    def encrypt_block(self, block: int) -> int:
        """64 bits, enciphered."""
        return self._ready().encrypt_block(block)

    def decrypt_block(self, block: int) -> int:
        """64 bits, deciphered."""
        return self._ready().decrypt_block(block)

    def _ready(self) -> _BlockCipher:
        """The cipher, its key schedule worked out when it is first needed."""
        if self._cipher is None:
            self._cipher = _cipher(self.algorithm, self._octets, self.tables)
        return self._cipher

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, DecoderKey):
            return NotImplemented
        same = hmac.compare_digest(self._octets, other._octets)
        return same and (self.algorithm, self.tables) == (other.algorithm, other.tables)

    __hash__ = None  # type: ignore[assignment]  # a hash of a key would tell something about it

    def __repr__(self) -> str:
        return f"DecoderKey({self.algorithm.name}, hidden)"

    def __reduce__(self) -> str:
        raise TypeError("a decoder key is not serialised")

    def __copy__(self) -> DecoderKey:
        return self

    def __deepcopy__(self, memo: object) -> DecoderKey:
        return self


def _cipher(algorithm: EncryptionAlgorithm, octets: bytes, tables: StaTables) -> _BlockCipher:
    if algorithm is EncryptionAlgorithm.EA07:
        return sta.Sta(octets, tables)
    if algorithm is EncryptionAlgorithm.EA11:
        return misty1.Misty1(octets)
    return _DecryptingDes(octets)
