"""Vending keys: what a register says of one, and the key itself in an object that does not give it away.

Supply group code, key revision number and key type together name a register. A register of key type DITK holds no vending
key but the initialisation key that a manufacturer puts into meters, which is a decoder key as it is.
"""

from __future__ import annotations

import hmac
import json
from dataclasses import asdict, dataclass
from typing import Any, Final

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.modes import ECB

from ferraris.kernel.errors import SecurityError
from ferraris.sts import (
    VENDING_KEY_OCTETS,
    BaseDate,
    DecoderKey,
    KeyDerivation,
    KeyType,
    StaTables,
    StsConfiguration,
    StsError,
    derive_decoder_key,
)

INITIALISATION_KEY_OCTETS: Final = (8, 16)
CHECK_OCTETS: Final = 3
_DES_KEY_OCTETS: Final = (8, 16)

RegisterName = tuple[str, int, KeyType]
"""Supply group code, key revision number, key type."""


@dataclass(frozen=True, slots=True)
class VendingKeyRegister:
    """What may be known of a vending key. `check_value` names the key without betraying it."""

    supply_group_code: str
    key_revision_number: int
    key_type: KeyType
    base_date: BaseDate
    key_expiry_number: int
    derivation: KeyDerivation
    check_value: str = ""

    def __post_init__(self) -> None:
        code = self.supply_group_code
        if len(code) != 6 or not (code.isascii() and code.isdecimal()):
            raise StsError("a supply group code", expected="6 digits", got=code[:40])
        if self.key_revision_number not in range(1, 10):
            raise StsError("a key revision number", expected="1 to 9", got=self.key_revision_number)
        if self.key_expiry_number not in range(256):
            raise StsError("a key expiry number", expected="0 to 255", got=self.key_expiry_number)

    @property
    def name(self) -> RegisterName:
        return self.supply_group_code, self.key_revision_number, self.key_type

    def sealed_with(self) -> bytes:
        """The attributes in the form to which the sealed key is bound."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":")).encode("ascii")

    def __str__(self) -> str:
        return f"{self.supply_group_code}/{self.key_revision_number} {self.key_type.name}"


def register_of(configuration: StsConfiguration) -> RegisterName:
    """The name of the register under whose vending key a meter stands."""
    return configuration.supply_group_code, configuration.key_revision_number, configuration.key_type


def register_from(row: dict[str, Any]) -> VendingKeyRegister:
    """A register from the attributes that `asdict` gave."""
    return VendingKeyRegister(
        supply_group_code=str(row["supply_group_code"]),
        key_revision_number=int(row["key_revision_number"]),
        key_type=KeyType(row["key_type"]),
        base_date=BaseDate(row["base_date"]),
        key_expiry_number=int(row["key_expiry_number"]),
        derivation=KeyDerivation(row["derivation"]),
        check_value=str(row["check_value"]),
    )


def check_value(octets: bytes) -> str:
    """Six hexadecimal digits that tell keys apart.

    Of a DES key, single or double, the customary ones: the first of an enciphered block of zeros. How a module of STS6
    works out that of a 160-bit key is not public; here it is the first three octets of the HMAC-SHA-256 of a block of
    zeros, so such a value from another maker's module may differ for the same key.
    """
    if len(octets) in _DES_KEY_OCTETS:
        encryptor = Cipher(TripleDES((octets * 3)[:24]), ECB()).encryptor()  # noqa: S305 - one block of zeros
        return encryptor.update(bytes(8))[:CHECK_OCTETS].hex().upper()
    return hmac.digest(octets, bytes(8), "sha256")[:CHECK_OCTETS].hex().upper()


class VendingKey:
    """A vending key in the clear, for the moment of a derivation or of loading it. Nothing that shows objects shows it."""

    __slots__ = ("_octets",)

    def __init__(self, octets: bytes) -> None:
        self._octets = bytes(octets)

    @property
    def octets(self) -> bytes:
        """The key. For sealing it, nothing else."""
        return self._octets

    @property
    def check_value(self) -> str:
        return check_value(self._octets)

    def fits(self, register: VendingKeyRegister) -> bool:
        """Whether the key has the length that the register's derivation takes."""
        if register.key_type is KeyType.DITK:
            return len(self._octets) in INITIALISATION_KEY_OCTETS
        return len(self._octets) == VENDING_KEY_OCTETS[register.derivation]

    def decoder_key(self, configuration: StsConfiguration, tables: StaTables, *, unverified: bool) -> DecoderKey:
        """The decoder key of the meter. Raises StsError, in no frame of which the key stands."""
        made = self._made(configuration, tables, unverified)
        if isinstance(made, StsError):
            raise made.with_traceback(None) from None
        return made

    def _made(self, configuration: StsConfiguration, tables: StaTables, unverified: bool) -> DecoderKey | StsError:
        """The key, or the error, which is raised elsewhere: tracebacks that print locals would print the key."""
        try:
            if configuration.key_type is KeyType.DITK:
                return DecoderKey(configuration.encryption_algorithm, self._octets, tables)
            return derive_decoder_key(self._octets, configuration, tables=tables, unverified=unverified)
        except StsError as error:
            return error

    def __repr__(self) -> str:
        return "VendingKey(hidden)"

    def __reduce__(self) -> str:
        raise TypeError("a vending key is not serialised")

    def __copy__(self) -> VendingKey:
        return self

    def __deepcopy__(self, memo: object) -> VendingKey:
        return self


def parse_vending_key(digits: str) -> VendingKey:
    """A vending key written as hexadecimal digits. Raises SecurityError, which never repeats them."""
    try:
        octets = bytes.fromhex(digits)
    except ValueError:
        octets = b""
    if len(octets) not in {*VENDING_KEY_OCTETS.values(), *INITIALISATION_KEY_OCTETS}:
        raise SecurityError(
            "no vending key", expected="16, 32 or 40 hexadecimal digits", got="something else"
        ) from None
    return VendingKey(octets)
