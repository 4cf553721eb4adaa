"""Tokens by the names that people use."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.cli.sts_tokens import KINDS, token_named
from ferraris.kernel.errors import FerrarisError
from ferraris.keys.security_module.transfer import class_and_subclass
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
    decode_token,
    encode_token,
)
from tests.sts.published import KEY
from tests.sts.strategies import loosely_written

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


@pytest.mark.parametrize("kind", sorted(KINDS))
@given(value=st.one_of(st.text(max_size=20), st.from_regex(r"-?[0-9]{1,12}(\.[0-9]{0,3})?", fullmatch=True)))
def test_any_value_is_a_token_or_an_error_of_ours(kind: str, value: str) -> None:
    with suppress(FerrarisError):
        token = token_named(kind, value, "gas", 7, 5)
        digits = encode_token(token, KEY)
        assert len(digits) == 20
        assert class_and_subclass(decode_token(digits, KEY)) == class_and_subclass(token)


@given(units=st.decimals(0, 1_000_000, places=3, allow_nan=False))
def test_a_credit_is_never_less_than_was_asked_for(units: Decimal) -> None:
    token = token_named("credit", str(units), "water", 7, 5)
    assert isinstance(token, CreditToken)
    assert 0 <= Decimal(token.amount) - units * 10 < 1


@pytest.mark.parametrize("kind", ["tariff-rate", "water-factor", "test", "wide-test", "read"])
@given(value=st.integers(0, 0xFFFF))
def test_a_number_is_the_same_in_either_base(kind: str, value: int) -> None:
    assert token_named(kind, str(value), "gas", 7, 5) == token_named(kind, hex(value), "gas", 7, 5)


@given(st.sampled_from(sorted(KINDS.keys() - {"clear-tamper"})), loosely_written(10, 60))
def test_a_value_is_written_in_plain_digits(kind: str, text: str) -> None:
    for value in (f"1:{text}", f"{text}:1") if kind == "extended" else (text,):
        with pytest.raises(FerrarisError):
            token_named(kind, value, "electricity", 7, 5)


@pytest.mark.parametrize("text", ["0x_1", "0x1_0", "0X10", "0x", "0x-1", "-1", "1_0", "0b1", "0o7", "9" * 41])
def test_spellings_of_python_are_no_values(text: str) -> None:
    with pytest.raises(FerrarisError, match="whole number"):
        token_named("power-limit", text, "electricity", 7, 5)
