"""The display: what it shows after each kind of token."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ferraris.meter.payment.display import Shown, key_change_tokens, lines
from ferraris.meter.payment.identity import PaymentManufacture, sts_configuration
from ferraris.sts import (
    ClearCreditToken,
    ClearTamperToken,
    CreditToken,
    CurrencyCreditToken,
    EncryptionAlgorithm,
    ExtendedReadToken,
    ExtendedSetToken,
    MeterTestToken,
    PhaseUnbalanceToken,
    PowerLimitToken,
    Service,
    TariffRateToken,
    Token,
    TokenResult,
    WaterFactorToken,
)

METER = Shown(
    sts_configuration(7, PaymentManufacture()),
    "12.5 kWh",
    123_456,
    lambda: 400,
    True,
    None,
    700,
    False,
    42,
    3,
    "firmware 1",
)
KWH = CreditToken(Service.ELECTRICITY, 5, 5, 105)


@pytest.mark.parametrize(
    ("token", "shown"),
    [
        (KWH, ("accept", "+10.5 kWh", "credit 12.5 kWh")),
        (CurrencyCreditToken(Service.ELECTRICITY, 5, 1_050_000), ("accept", "+10.5", "credit 12.5 kWh")),
        (PowerLimitToken(5, 5, 3_000), ("accept", "power limit 3000 W")),
        (PhaseUnbalanceToken(5, 5, 300), ("accept", "phase limit 300 W")),
        (ClearCreditToken(5, 5), ("accept", "credit 12.5 kWh")),
        (ClearTamperToken(5, 5), ("accept", "tamper no")),
        (TariffRateToken(5, 5, 9), ("accept", "tariff rate 9")),
        (WaterFactorToken(5, 5, 2), ("accept", "water factor 2")),
        (ExtendedSetToken(5, 5, 1, 2), ("accept",)),
        (ExtendedReadToken(5 << 30), ("accept", "control 5")),
        (MeterTestToken(0), ("accept",)),
        (MeterTestToken(1), ("load switch closed",)),
        (MeterTestToken(1 << 2 | 1 << 6 | 1 << 18), ("total 123.456 kWh", "power limit none", "credit 12.5 kWh")),
        (MeterTestToken(1 << 35), ("accept",)),
    ],
)
def test_accepted(token: Token, shown: tuple[str, ...]) -> None:
    assert lines(TokenResult.ACCEPT, token, None, METER) == shown


def test_all_tests_at_once_show_everything() -> None:
    shown = lines(TokenResult.ACCEPT, MeterTestToken(0xFFFFFFFFF), None, METER)
    assert len(shown) == 19
    assert {
        "SGC 990999",
        "DRN 99000000077",
        "EA 11",
        "KEN 255",
        "power 400 W",
        "phase limit 700 W",
        "key change tokens 4",
    } <= set(shown)


@pytest.mark.parametrize("result", [result for result in TokenResult if result is not TokenResult.ACCEPT])
def test_other_results_are_shown_by_their_names(result: TokenResult) -> None:
    assert lines(result, None, None, METER) == (str(result).replace("_", " "),)


def test_a_refused_token_says_nothing_of_what_is_in_it() -> None:
    assert lines(TokenResult.USED_ERROR, KWH, None, METER) == ("used error",)


def test_how_many_tokens_change_the_key() -> None:
    old = replace(METER.configuration, encryption_algorithm=EncryptionAlgorithm.EA07)
    assert [key_change_tokens(one) for one in (METER.configuration, old)] == [4, 2]
    assert key_change_tokens(replace(old, three_token_key_change=True)) == 3
