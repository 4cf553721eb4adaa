"""The software keystore's master key: 256 bits in one file, under which every meter's keys are wrapped (RFC 3394).

The file is one line of text, so that it survives a copy by hand and shows damage:

    ferraris-master-key-1 <64 hexadecimal digits of the key> <6 of its check value>

The check value is the customary one, the first three octets of an all-zero block enciphered under the key. It names the
key without betraying it. Only the file's owner may read it; a file that others may read is refused.
"""

from __future__ import annotations

import re
from pathlib import Path

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import ECB
from cryptography.hazmat.primitives.keywrap import (
    InvalidUnwrap,
    aes_key_unwrap,
    aes_key_unwrap_with_padding,
    aes_key_wrap,
    aes_key_wrap_with_padding,
)

from ferraris.kernel.entropy import Entropy, SystemEntropy
from ferraris.kernel.errors import ConfigError, SecurityError
from ferraris.kernel.limits import LLS_SECRET_OCTETS_MAX
from ferraris.keys.private_file import create_private_file, read_private_file

MASTER_KEY_OCTETS = 32
WRAPPABLE_KEY_OCTETS = (16, 24, 32)
_WHAT = "the master key"
_FILE_OCTETS_MAX = 256
_LINE = re.compile(r"ferraris-master-key-1 ([0-9a-f]{64}) ([0-9a-f]{6})\n?")


class MasterKey:
    """A key that encrypts keys. Its octets never leave it: it wraps and unwraps."""

    __slots__ = ("_check_value", "_octets")

    def __init__(self, octets: bytes) -> None:
        if len(octets) != MASTER_KEY_OCTETS:
            raise SecurityError("a master key of a wrong length", expected=MASTER_KEY_OCTETS, got=len(octets))
        self._octets = bytes(octets)
        self._check_value = _check_value(octets)

    @classmethod
    def generate(cls, path: Path, entropy: Entropy | None = None) -> MasterKey:
        """A new master key in a new file at `path`, readable by its owner alone. An existing file is never replaced."""
        master_key = cls((entropy or SystemEntropy()).octets(MASTER_KEY_OCTETS))
        line = f"ferraris-master-key-1 {master_key._octets.hex()} {master_key.check_value}\n"
        create_private_file(path, _WHAT, line.encode("ascii"))
        return master_key

    @classmethod
    def load(cls, path: Path) -> MasterKey:
        """The master key in the file at `path`. Raises ConfigError or SecurityError, which say what is wrong with it."""
        octets = _parsed(read_private_file(path, _WHAT, _FILE_OCTETS_MAX))
        if octets is None:
            raise ConfigError(f"{path} does not hold a master key, or is damaged")
        return cls(octets)

    @property
    def check_value(self) -> str:
        """Six hexadecimal digits that tell master keys apart without betraying them."""
        return self._check_value

    def wrap(self, key: bytes) -> bytes:
        """`key` (16, 24 or 32 octets) wrapped by RFC 3394: 8 octets longer."""
        if len(key) not in WRAPPABLE_KEY_OCTETS:
            raise SecurityError("a key of a wrong length", expected=f"one of {WRAPPABLE_KEY_OCTETS}", got=len(key))
        return aes_key_wrap(self._octets, key)

    def unwrap(self, wrapped: bytes) -> bytes:
        """The key in `wrapped`. Raises SecurityError if another master key wrapped it or an octet was changed."""
        if len(wrapped) - 8 not in WRAPPABLE_KEY_OCTETS:
            raise SecurityError("a wrapped key of a wrong length", got=len(wrapped))
        try:
            return aes_key_unwrap(self._octets, wrapped)
        except InvalidUnwrap:
            raise self._refusal() from None

    def wrap_secret(self, secret: bytes) -> bytes:
        """A secret of 1 to LLS_SECRET_OCTETS_MAX octets, wrapped with padding by RFC 5649."""
        if not 1 <= len(secret) <= LLS_SECRET_OCTETS_MAX:
            raise SecurityError("a secret of a wrong length", expected=f"1 to {LLS_SECRET_OCTETS_MAX}", got=len(secret))
        return aes_key_wrap_with_padding(self._octets, secret)

    def unwrap_secret(self, wrapped: bytes) -> bytes:
        """The secret in `wrapped`; SecurityError as in `unwrap`."""
        if not 16 <= len(wrapped) <= LLS_SECRET_OCTETS_MAX + 16:
            raise SecurityError("a wrapped secret of a wrong length", got=len(wrapped))
        try:
            return aes_key_unwrap_with_padding(self._octets, wrapped)
        except InvalidUnwrap:
            raise self._refusal() from None

    def _refusal(self) -> SecurityError:
        return SecurityError(
            f"the master key {self.check_value} does not unwrap this key: another one wrapped it, or it was changed"
        )

    def __repr__(self) -> str:
        return f"MasterKey(check_value={self.check_value!r})"

    def __reduce__(self) -> str:
        raise TypeError("a master key is not serialised")

    def __copy__(self) -> MasterKey:
        return self

    def __deepcopy__(self, memo: object) -> MasterKey:
        return self


def _check_value(octets: bytes) -> str:
    encryptor = Cipher(AES256(octets), ECB()).encryptor()  # noqa: S305 - one constant block, nothing to hide a pattern in
    return encryptor.update(bytes(16))[:3].hex()


def _parsed(content: bytes) -> bytes | None:
    """The key in the file's line, None if it is not one. Raises nothing: no traceback shows these locals."""
    matched = _LINE.fullmatch(content.decode("ascii", errors="replace"))
    if matched is None:
        return None
    octets = bytes.fromhex(matched[1])
    return octets if _check_value(octets) == matched[2] else None
