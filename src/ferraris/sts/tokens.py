"""The tokens, as what they say (IEC 62055-41 clauses 6.2 and 6.3; class 1/2 and 2/10: STS 202-5).

Class 0 credits, class 1 tests and displays, class 2 manages the meter. `random` is four bits that make two equal tokens of one
minute differ. Amounts are integers: tenths of the service's unit, hundred-thousandths of money, watts.

What is known no better than this: the meaning of a tariff rate and of a water factor is reserved by the STS Association; the
bits of a class 1 control field, beyond that a set bit asks for its test, depend on the meter; manufacturer codes are taken as
binary numbers (every published token has 0 there); the full list of STS 202-5 flags isn't public.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from ferraris.sts.configuration import KeyType

ALL_REGISTERS: Final = 0xFFFF
"""In a clear credit token: every register. 0 to 3 are those of the four services, 4 to 7 the same in money."""
FLAG_INDEX: Final = 63
"""The index of the extended set under which one flag is set or cleared."""
_INDEX_SHIFT: Final = 30


class Service(IntEnum):
    """What a credit token is for."""

    ELECTRICITY = 0
    WATER = 1
    GAS = 2
    TIME = 3


@dataclass(frozen=True, slots=True)
class CreditToken:
    """0/0 to 0/3: credit of a service, `amount` in tenths of a kilowatt hour, cubic metre or minute; rounded up."""

    service: Service
    token_identifier: int
    random: int
    amount: int


@dataclass(frozen=True, slots=True)
class CurrencyCreditToken:
    """0/4 to 0/7: credit in money, `amount` in 0.00001 of the base currency; may be negative. It has no random bits."""

    service: Service
    token_identifier: int
    amount: int


@dataclass(frozen=True, slots=True)
class MeterTestToken:
    """1/0 and 1/1: start tests or show registers. `wide` leaves 16 bits for the manufacturer code and 28 for control."""

    control: int
    manufacturer_code: int = 0
    wide: bool = False


@dataclass(frozen=True, slots=True)
class ExtendedReadToken:
    """1/2: read a control value (index in the upper six of 36 bits) or a flag (index 63)."""

    control: int
    manufacturer_code: int = 0

    @property
    def index(self) -> int:
        return self.control >> _INDEX_SHIFT


@dataclass(frozen=True, slots=True)
class PowerLimitToken:
    """2/0: the maximum power, in watts; rounded up to what the field can hold."""

    token_identifier: int
    random: int
    limit_w: int


@dataclass(frozen=True, slots=True)
class ClearCreditToken:
    """2/1: clear the credit of one register, or of `ALL_REGISTERS`."""

    token_identifier: int
    random: int
    register: int = ALL_REGISTERS


@dataclass(frozen=True, slots=True)
class TariffRateToken:
    """2/2: a tariff rate, sixteen bits of reserved meaning."""

    token_identifier: int
    random: int
    rate: int


@dataclass(frozen=True, slots=True)
class ClearTamperToken:
    """2/5: clear the tamper condition. Sixteen bits are reserved."""

    token_identifier: int
    random: int
    reserved: int = 0


@dataclass(frozen=True, slots=True)
class PhaseUnbalanceToken:
    """2/6: the largest difference of power between phases, in watts; rounded up to what the field can hold."""

    token_identifier: int
    random: int
    limit_w: int


@dataclass(frozen=True, slots=True)
class WaterFactorToken:
    """2/7: a water meter's factor, sixteen bits of reserved meaning."""

    token_identifier: int
    random: int
    factor: int


@dataclass(frozen=True, slots=True)
class ExtendedSetToken:
    """2/10: a control value of ten bits under an index of six; under `FLAG_INDEX`, nine bits name a flag, one is its value."""

    token_identifier: int
    random: int
    index: int
    value: int

    @classmethod
    def of_flag(cls, token_identifier: int, random: int, flag: int, on: bool) -> ExtendedSetToken:
        """Set or clear one flag."""
        return cls(token_identifier, random, FLAG_INDEX, flag << 1 | on)

    @property
    def flag(self) -> int | None:
        """The flag it is about; None when it carries a control value."""
        return self.value >> 1 if self.index == FLAG_INDEX else None


@dataclass(frozen=True, slots=True)
class KeyChangeFirstSection:
    """2/3: the first 32 bits of the new key, with half of its expiry number, revision number and type."""

    key_expiry_number_high: int
    key_revision_number: int
    rollover: bool
    three_token_key_change: bool
    key_type: KeyType
    key_part: int = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeyChangeSecondSection:
    """2/4: the last 32 bits of the new key, with the other half of its expiry number, and the tariff index."""

    key_expiry_number_low: int
    tariff_index: int
    key_part: int = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeyChangeThirdSection:
    """2/8 of EA11: the second 32 bits of the new key, and the lower twelve of the supply group code."""

    supply_group_code_low: int
    key_part: int = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeyChangeFourthSection:
    """2/9 of EA11: the third 32 bits of the new key, and the upper twelve of the supply group code."""

    supply_group_code_high: int
    key_part: int = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeyChangeSupplyGroupSection:
    """2/8 of EA07: the supply group code, in a set of three tokens."""

    supply_group_code: str


@dataclass(frozen=True, slots=True)
class ProprietaryToken:
    """1/6 to 1/15 and 2/11 to 2/15: left to manufacturers; 44 bits as they are."""

    token_class: int
    subclass: int
    body: int


KeyChangeSection = (
    KeyChangeFirstSection
    | KeyChangeSecondSection
    | KeyChangeThirdSection
    | KeyChangeFourthSection
    | KeyChangeSupplyGroupSection
)
ManagementToken = (
    PowerLimitToken
    | ClearCreditToken
    | TariffRateToken
    | ClearTamperToken
    | PhaseUnbalanceToken
    | WaterFactorToken
    | ExtendedSetToken
)
IdentifiedToken = CreditToken | CurrencyCreditToken | ManagementToken
"""Tokens with a token identifier: a meter accepts each once."""
Token = IdentifiedToken | MeterTestToken | ExtendedReadToken | KeyChangeSection | ProprietaryToken
