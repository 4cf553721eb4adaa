"""Tokens by the names that people use."""

from __future__ import annotations

import pytest

from ferraris.cli.sts_tokens import KINDS, token_named
from ferraris.kernel.errors import FerrarisError
from ferraris.sts import (
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
    WaterFactorToken,
)

# kind, value                       token
NAMED = [
    ("credit", "25.61", CreditToken(Service.WATER, 7, 5, 257)),
    ("currency", "-1", CurrencyCreditToken(Service.WATER, 7, -100_000)),
    ("power-limit", "1000", PowerLimitToken(7, 5, 1000)),
    ("clear-credit", "", ClearCreditToken(7, 5)),
    ("clear-credit", "4", ClearCreditToken(7, 5, 4)),
    ("clear-credit", "0xffff", ClearCreditToken(7, 5)),
    ("tariff-rate", "3", TariffRateToken(7, 5, 3)),
    ("clear-tamper", "", ClearTamperToken(7, 5)),
    ("phase-unbalance", "10", PhaseUnbalanceToken(7, 5, 10)),
    ("water-factor", "9", WaterFactorToken(7, 5, 9)),
    ("extended", "63:1", ExtendedSetToken(7, 5, 63, 1)),
    ("test", "0xfffffffff", MeterTestToken(0xFFFFFFFFF)),
    ("wide-test", "1", MeterTestToken(1, wide=True)),
    ("read", "0xFC0000000", ExtendedReadToken(0xFC0000000)),
]


@pytest.mark.parametrize(("kind", "value", "token"), NAMED)
def test_a_kind_and_a_value_are_a_token(kind: str, value: str, token: object) -> None:
    assert token_named(kind, value, "water", 7, 5) == token


def test_every_kind_is_tried() -> None:
    assert {kind for kind, *_ in NAMED} == set(KINDS)


@pytest.mark.parametrize("value", ["", "x", "1.5", "0x", "-", "9" * 41, "0xg"])
def test_what_is_no_whole_number_is_refused(value: str) -> None:
    with pytest.raises(FerrarisError):
        token_named("power-limit", value, "electricity", 7, 5)


def test_unknown_names_are_refused() -> None:
    with pytest.raises(FerrarisError, match="a kind of token"):
        token_named("gold", "1", "electricity", 7, 5)
    with pytest.raises(FerrarisError, match="a service"):
        token_named("credit", "1", "steam", 7, 5)
    with pytest.raises(FerrarisError):
        token_named("extended", "63", "electricity", 7, 5)
