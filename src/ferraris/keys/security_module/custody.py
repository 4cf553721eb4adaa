"""What keeps the vending keys of a keystore sealed: a key of the keystore itself, or one that never leaves an HSM.

A sealed key is bound to the register it belongs to (`register`, the attributes in a fixed form): moved to another register,
or with one attribute changed, it does not open.
"""

from __future__ import annotations

from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ferraris.kernel.entropy import Entropy, SystemEntropy
from ferraris.kernel.errors import SecurityError

NONCE_OCTETS: Final = 12
SEAL_OCTETS: Final = 16
KEY_OCTETS: Final = 32


class KeyCustody(Protocol):
    """Seals vending keys for the keystore file and opens them for the moment of a derivation."""

    def seal(self, key: bytes, register: bytes) -> bytes:
        """`key`, sealed for `register`."""
        ...

    def open(self, sealed: bytes, register: bytes) -> bytes:
        """The key in `sealed`. Raises SecurityError if it was sealed for another register, or changed."""
        ...

    def check(self) -> None:
        """Raise SecurityModuleUnavailable unless keys can be opened now."""
        ...

    def close(self) -> None:
        """Let go of whatever holds the sealing key."""
        ...


class SoftwareCustody:
    """AES-256-GCM under a key of the keystore."""

    __slots__ = ("_cipher", "_entropy")

    def __init__(self, key: bytes, entropy: Entropy | None = None) -> None:
        self._cipher = AESGCM(key)
        self._entropy = entropy or SystemEntropy()

    def seal(self, key: bytes, register: bytes) -> bytes:
        nonce = self._entropy.octets(NONCE_OCTETS)
        return nonce + self._cipher.encrypt(nonce, key, register)

    def open(self, sealed: bytes, register: bytes) -> bytes:
        if len(sealed) < NONCE_OCTETS + SEAL_OCTETS:
            raise SecurityError("a sealed key is cut off", got=len(sealed))
        try:
            return self._cipher.decrypt(sealed[:NONCE_OCTETS], sealed[NONCE_OCTETS:], register)
        except InvalidTag:
            raise SecurityError("a sealed key does not open: it was changed, or belongs to another register") from None

    def check(self) -> None:
        """A key in memory is always there."""

    def close(self) -> None:
        """Nothing is held open."""

    def __repr__(self) -> str:
        return "SoftwareCustody(hidden)"

    def __reduce__(self) -> str:
        raise TypeError("the custody of keys is not serialised")
