"""Tokens by the names under which people ask for them at the command line."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from ferraris.kernel.errors import ConfigError
from ferraris.sts import (
    ALL_REGISTERS,
    ClearCreditToken,
    ClearTamperToken,
    CreditToken,
    CurrencyCreditToken,
    ExtendedReadToken,
    ExtendedSetToken,
    MeterTestToken,
    PhaseUnbalanceToken,
    PowerLimitToken,
    Service,
    TariffRateToken,
    Token,
    WaterFactorToken,
    currency_units,
    tenths,
)

_WHOLE: Final = re.compile(r"[0-9]{1,40}|0x[0-9A-Fa-f]{1,38}")
"""What `int` takes beyond this (signs, underscores, blanks, the digits of every script) is a slip of the finger."""


def _whole(text: str) -> int:
    """A number in decimal digits, or in hexadecimal ones after 0x."""
    if not _WHOLE.fullmatch(text):
        raise ConfigError(
            "the value of a token", expected="a whole number, or 0x and hexadecimal digits", got=repr(text[:40])
        )
    return int(text, 16 if text.startswith("0x") else 10)


def _extended(text: str, identifier: int, random: int) -> Token:
    index, _, value = text.partition(":")
    return ExtendedSetToken(identifier, random, _whole(index), _whole(value))


Made = Callable[[str, Service, int, int], Token]
KINDS: Final[dict[str, Made]] = {
    "credit": lambda value, service, tid, random: CreditToken(service, tid, random, tenths(value)),
    "currency": lambda value, service, tid, _: CurrencyCreditToken(service, tid, currency_units(value)),
    "power-limit": lambda value, _, tid, random: PowerLimitToken(tid, random, _whole(value)),
    "clear-credit": lambda value, _, tid, random: ClearCreditToken(
        tid, random, _whole(value) if value else ALL_REGISTERS
    ),
    "tariff-rate": lambda value, _, tid, random: TariffRateToken(tid, random, _whole(value)),
    "clear-tamper": lambda _, __, tid, random: ClearTamperToken(tid, random),
    "phase-unbalance": lambda value, _, tid, random: PhaseUnbalanceToken(tid, random, _whole(value)),
    "water-factor": lambda value, _, tid, random: WaterFactorToken(tid, random, _whole(value)),
    "extended": lambda value, _, tid, random: _extended(value, tid, random),
    "test": lambda value, _, __, ___: MeterTestToken(_whole(value)),
    "wide-test": lambda value, _, __, ___: MeterTestToken(_whole(value), wide=True),
    "read": lambda value, _, __, ___: ExtendedReadToken(_whole(value)),
}
"""Each of its value as text; the extended set takes index and value with a colon between them."""


def token_named(kind: str, value: str, service: str, token_identifier: int, random: int) -> Token:
    """The token that the command line names. Raises ConfigError or StsError."""
    if kind not in KINDS:
        raise ConfigError("a kind of token", expected=", ".join(KINDS), got=repr(kind[:40]))
    return KINDS[kind](value, service_named(service), token_identifier, random)


def service_named(text: str) -> Service:
    """The service of this name. Raises ConfigError."""
    try:
        return Service[text.upper()]
    except KeyError:
        raise ConfigError(
            "a service", expected=", ".join(each.name.lower() for each in Service), got=repr(text[:40])
        ) from None
