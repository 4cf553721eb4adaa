"""What a meter is, for a token: its number, its encryption algorithm and everything else that goes into its decoder key."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from ferraris.sts.errors import StsError
from ferraris.sts.identifier import BaseDate
from ferraris.sts.meter_pan import MeterPan, is_decimal

SUPPLY_GROUP_DIGITS: Final = 6
KEY_REVISION_NUMBERS: Final = range(1, 10)
TARIFF_INDEXES: Final = range(100)
KEY_EXPIRY_NUMBERS: Final = range(256)
KEY_NEVER_EXPIRES: Final = 255


class EncryptionAlgorithm(IntEnum):
    """How a token's 64 bits are enciphered."""

    EA07 = 7
    """The Standard Transfer Algorithm."""
    EA09 = 9
    """Single DES; deprecated, decoded only."""
    EA11 = 11
    """MISTY1."""


class KeyType(IntEnum):
    """What a decoder key is for."""

    DITK = 0
    """Initialises: put in by the manufacturer, replaced by a key change."""
    DDTK = 1
    """Default: of a meter that is stocked; takes no credit."""
    DUTK = 2
    """Unique to a meter."""
    DCTK = 3
    """Common to the meters of a supply group."""


class KeyDerivation(IntEnum):
    """How a decoder key is derived from the vending key (DKGA)."""

    DKGA01 = 1
    DKGA02 = 2
    DKGA03 = 3
    DKGA04 = 4


@dataclass(frozen=True, slots=True)
class StsConfiguration:
    """All that vending and meter must agree on. The keys themselves are not in it."""

    meter_pan: MeterPan
    encryption_algorithm: EncryptionAlgorithm
    supply_group_code: str
    key_revision_number: int
    key_type: KeyType
    tariff_index: int
    base_date: BaseDate
    key_expiry_number: int = KEY_NEVER_EXPIRES
    key_derivation: KeyDerivation = KeyDerivation.DKGA04
    three_token_key_change: bool = False
    """An EA07 meter that takes the supply group code in a third key-change token."""

    def __post_init__(self) -> None:
        check_supply_group_code(self.supply_group_code)
        check_range("key revision number", self.key_revision_number, KEY_REVISION_NUMBERS)
        check_range("tariff index", self.tariff_index, TARIFF_INDEXES)
        check_range("key expiry number", self.key_expiry_number, KEY_EXPIRY_NUMBERS)
        if self.encryption_algorithm is EncryptionAlgorithm.EA11 and self.key_derivation is not KeyDerivation.DKGA04:
            raise StsError("key derivation of an EA11 meter", expected="DKGA04", got=self.key_derivation.name)


def check_supply_group_code(code: str) -> None:
    """Raise StsError for anything else than six digits."""
    if len(code) != SUPPLY_GROUP_DIGITS or not is_decimal(code):
        raise StsError("a supply group code", expected=f"{SUPPLY_GROUP_DIGITS} digits", got=repr(code[:40]))


def check_range(name: str, number: int, numbers: range) -> None:
    """Raise StsError for a number outside `numbers`."""
    if number not in numbers:
        raise StsError(name, expected=f"{numbers[0]} to {numbers[-1]}", got=number)
