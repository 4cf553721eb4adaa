"""Tokens as security modules are asked for them: class, subclass, and one amount (IEC 62055-41 clause 6.2).

The amount is in the unit that the token transfers: tenths of a kilowatt hour, hundred-thousandths of money, watts, or the
sixteen bits of a register, rate, factor or control value as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ferraris.keys.security_module.errors import SecurityModuleError
from ferraris.sts import (
    ClearCreditToken,
    ClearTamperToken,
    CreditToken,
    CurrencyCreditToken,
    ExtendedReadToken,
    ExtendedSetToken,
    IdentifiedToken,
    MeterTestToken,
    PhaseUnbalanceToken,
    PowerLimitToken,
    ProprietaryToken,
    Service,
    TariffRateToken,
    Token,
    WaterFactorToken,
    clear_block,
)

CURRENCY_SUBCLASS: Final = 4
WIDE_SUBCLASSES: Final = (1, 6, 7, 8, 9, 10)
"""Of class 1: a manufacturer code of sixteen bits and control of 28; the others have eight and 36."""
_INDEX_BITS: Final = 10
_BODY_BITS: Final = 44
_DATA_SHIFT: Final = 16
_SUBCLASS_SHIFT: Final = 60


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of token: how it is called, and how it is made of identifier, random bits and amount."""

    description: str
    make: Callable[[int, int, int], IdentifiedToken]
    amount: str
    """The attribute that has the amount."""


def _credit(service: Service) -> Kind:
    return Kind(
        f"Credit:{service.name.title()}", lambda tid, rnd, amount: CreditToken(service, tid, rnd, amount), "amount"
    )


def _currency(service: Service) -> Kind:
    return Kind(
        f"Credit:{service.name.title()}Currency",
        lambda tid, _, amount: CurrencyCreditToken(service, tid, amount),
        "amount",
    )


def _control(tid: int, rnd: int, value: int) -> ExtendedSetToken:
    return ExtendedSetToken(tid, rnd, value >> _INDEX_BITS, value & (1 << _INDEX_BITS) - 1)


KINDS: Final[dict[tuple[int, int], Kind]] = {
    **{(0, int(service)): _credit(service) for service in Service},
    **{(0, CURRENCY_SUBCLASS + int(service)): _currency(service) for service in Service},
    (2, 0): Kind("SetMaximumPowerLimit", PowerLimitToken, "limit_w"),
    (2, 1): Kind("ClearCredit", ClearCreditToken, "register"),
    (2, 2): Kind("SetTariffRate", TariffRateToken, "rate"),
    (2, 5): Kind("ClearTamperCondition", ClearTamperToken, "reserved"),
    (2, 6): Kind("SetMaximumPhasePowerUnbalanceLimit", PhaseUnbalanceToken, "limit_w"),
    (2, 7): Kind("SetWaterMeterFactor", WaterFactorToken, "factor"),
    (2, 10): Kind("SetControlElement", _control, "value"),
}
"""Every kind of credit and management token, by class and subclass."""


def class_and_subclass(token: Token) -> tuple[int, int]:
    """The token's class and subclass."""
    token_class, block = clear_block(token)
    return token_class, block >> _SUBCLASS_SHIFT


def transfer_field(token: Token) -> int:
    """The sixteen bits that carry the amount."""
    return clear_block(token)[1] >> _DATA_SHIFT & 0xFFFF


def transfer_amount(token: IdentifiedToken) -> int:
    """The amount that the token transfers."""
    if isinstance(token, ExtendedSetToken):
        return token.index << _INDEX_BITS | token.value
    return int(getattr(token, KINDS[class_and_subclass(token)].amount))


def token_of(token_class: int, subclass: int, token_identifier: int, random: int, amount: int) -> IdentifiedToken:
    """The credit or management token of this class and subclass. Raises SecurityModuleError for one that is not known."""
    kind = KINDS.get((token_class, subclass))
    if kind is None:
        raise SecurityModuleError(
            f"no token of class {token_class} and subclass {subclass} is issued here", result="EParamRange"
        )
    return kind.make(token_identifier, random, amount)


def meter_test_of(subclass: int, control: int, manufacturer_code: int) -> Token:
    """The class 1 token of this subclass."""
    if subclass in (0, 1):
        return MeterTestToken(control, manufacturer_code, wide=subclass == 1)
    if subclass == 2:
        return ExtendedReadToken(control, manufacturer_code)
    if subclass not in range(6, 16):
        raise SecurityModuleError(f"no test token of subclass {subclass} is issued here", result="EParamRange")
    code_bits = 16 if subclass in WIDE_SUBCLASSES else 8
    if not 0 <= manufacturer_code < 1 << code_bits or not 0 <= control < 1 << _BODY_BITS - code_bits:
        raise SecurityModuleError("control and manufacturer code of a test token", result="EParamRange")
    return ProprietaryToken(1, subclass, control << code_bits | manufacturer_code)


def control_and_code(token: Token) -> tuple[int, int]:
    """Control field and manufacturer code of a class 1 token."""
    if isinstance(token, MeterTestToken | ExtendedReadToken):
        return token.control, token.manufacturer_code
    assert isinstance(token, ProprietaryToken)
    code_bits = 16 if token.subclass in WIDE_SUBCLASSES else 8
    return token.body >> code_bits, token.body & (1 << code_bits) - 1
