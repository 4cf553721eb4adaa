"""The rules by which a meter refuses a token that its key has opened, as one table; what they say of the credit that it counts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.cosem.classes.token_gateway import TokenDeliveryMethod
from ferraris.meter.payment.acceptance import accept
from ferraris.meter.payment.identity import decoder_key
from ferraris.sts import (
    ALL_REGISTERS,
    ClearCreditToken,
    ClearTamperToken,
    CreditToken,
    CurrencyCreditToken,
    ExtendedReadToken,
    ExtendedSetToken,
    KeyChangeFirstSection,
    KeyType,
    MeterRecord,
    MeterTestToken,
    PhaseUnbalanceToken,
    PowerLimitToken,
    ProprietaryToken,
    Service,
    TariffRateToken,
    Token,
    TokenError,
    TokenResult,
    WaterFactorToken,
    check_by_rules,
    encode_key_change,
    encode_token,
    explain_token,
    token_identifier_at,
)
from ferraris.sts.derivation import derive_decoder_key
from ferraris.sts.encoding import decode_token
from ferraris.sts.meter_rules import CreditKind
from tests.meter.payment.decoders import FLEET_SEED, WORKS, of_type, purse
from tests.sts.published import METER, VENDING_KEY

TID = 6_700_000
KINDS = {
    "kWh": CreditKind(),
    "money": CreditKind(in_money=True),
    "water": CreditKind(Service.WATER),
    "gas money": CreditKind(Service.GAS, in_money=True),
}
TOKENS: dict[str, Token] = {
    "kWh": CreditToken(Service.ELECTRICITY, TID, 5, 1),
    "water": CreditToken(Service.WATER, TID, 5, 1),
    "time": CreditToken(Service.TIME, TID, 5, 1),
    "money": CurrencyCreditToken(Service.ELECTRICITY, TID, 1),
    "gas money": CurrencyCreditToken(Service.GAS, TID, 1),
    "limit": PowerLimitToken(TID, 5, 1),
    "tamper": ClearTamperToken(TID, 5),
    "clear all": ClearCreditToken(TID, 5, ALL_REGISTERS),
    "clear 0": ClearCreditToken(TID, 5, 0),
    "clear 1": ClearCreditToken(TID, 5, 1),
    "clear 4": ClearCreditToken(TID, 5, 4),
    "clear 6": ClearCreditToken(TID, 5, 6),
    "test": MeterTestToken(1),
    "own test": MeterTestToken(1, METER.meter_pan.manufacturer_code),
    "other test": MeterTestToken(1, 99),
    "other read": ExtendedReadToken(1, 99),
    "proprietary": ProprietaryToken(2, 11, 1),
}
RULES = """
token        meter      key    ken  memory        result
kWh          kWh        DUTK   255  accept        accept
kWh          kWh        DCTK   255  accept        accept
kWh          kWh        DDTK   255  accept        ddtk_error
kWh          kWh        DITK   255  accept        key_type_error
kWh          kWh        DUTK   101  accept        key_expired_error
kWh          kWh        DUTK   102  accept        accept
kWh          kWh        DUTK   255  old_error     old_error
kWh          kWh        DUTK   255  used_error    used_error
kWh          kWh        DUTK   101  used_error    key_expired_error
kWh          water      DUTK   255  used_error    used_error
kWh          water      DDTK   101  used_error    ddtk_error
kWh          money      DUTK   255  accept        function_error
kWh          water      DUTK   255  accept        function_error
water        water      DUTK   255  accept        accept
water        kWh        DUTK   255  accept        function_error
time         kWh        DUTK   255  accept        function_error
money        money      DUTK   255  accept        accept
money        kWh        DUTK   255  accept        function_error
money        gas money  DUTK   255  accept        function_error
gas money    gas money  DUTK   255  accept        accept
gas money    money      DUTK   255  accept        function_error
money        money      DDTK   255  accept        ddtk_error
limit        kWh        DUTK   255  accept        accept
limit        water      DDTK   255  accept        accept
limit        kWh        DITK   255  accept        key_type_error
tamper       kWh        DUTK   255  used_error    used_error
tamper       kWh        DUTK   101  accept        key_expired_error
clear all    kWh        DUTK   255  accept        accept
clear all    gas money  DUTK   255  accept        accept
clear 0      kWh        DUTK   255  accept        accept
clear 0      money      DUTK   255  accept        range_error
clear 1      kWh        DUTK   255  accept        range_error
clear 1      water      DUTK   255  accept        accept
clear 4      money      DUTK   255  accept        accept
clear 6      gas money  DUTK   255  accept        accept
clear 6      gas money  DITK   255  accept        key_type_error
test         kWh        DITK   0    used_error    accept
own test     kWh        DUTK   255  accept        accept
other test   kWh        DUTK   255  accept        manufacturer_code_error
other read   kWh        DITK   255  accept        manufacturer_code_error
proprietary  kWh        DUTK   255  accept        function_error
proprietary  kWh        DITK   0    used_error    function_error
"""
COLUMNS = (0, 13, 24, 31, 36, 50)


def cells(line: str) -> list[str]:
    return [line[at:end].strip() for at, end in zip(COLUMNS, (*COLUMNS[1:], None), strict=True)]


def result_of(token: Token, kind: CreditKind, key_type: KeyType, number: int, memory: TokenResult) -> TokenResult:
    configuration = replace(METER, key_type=key_type, key_expiry_number=number)
    try:
        check_by_rules(token, configuration, kind, lambda _: memory)
    except TokenError as error:
        return error.result
    return TokenResult.ACCEPT


@pytest.mark.parametrize("line", RULES.strip().splitlines()[1:])
def test_each_rule(line: str) -> None:
    token, meter, key_type, number, memory, result = cells(line)
    found = result_of(TOKENS[token], KINDS[meter], KeyType[key_type], int(number), TokenResult(memory))
    assert found == result


def test_no_token_brings_an_initial_key() -> None:
    key = derive_decoder_key(VENDING_KEY, METER)
    digits = encode_key_change(
        derive_decoder_key(VENDING_KEY, METER), replace(METER, key_revision_number=2), key, METER
    )
    first = decode_token(digits[0], key)
    assert isinstance(first, KeyChangeFirstSection)
    for key_type in KeyType:
        for section in (decode_token(digits[1], key), replace(first, key_type=key_type)):
            initial = isinstance(section, KeyChangeFirstSection) and key_type is KeyType.DITK
            found = result_of(section, CreditKind(), KeyType.DITK, 0, TokenResult.USED_ERROR)
            assert found is (TokenResult.KEY_TYPE_ERROR if initial else TokenResult.ACCEPT)


@given(st.sampled_from(Service), st.booleans(), st.sampled_from(Service), st.booleans())
def test_a_meter_takes_the_credit_that_it_counts_and_no_other(
    one: Service, money: bool, other: Service, coins: bool
) -> None:
    kind = CreditKind(one, money)
    token = CurrencyCreditToken(other, TID, 1) if coins else CreditToken(other, TID, 5, 1)
    found = result_of(token, kind, KeyType.DUTK, 255, TokenResult.ACCEPT)
    assert (found is TokenResult.ACCEPT) == ((one, money) == (other, coins))
    assert kind.register == int(one) + (4 if money else 0)


# The virtual meter and whoever explains what it does

NOW_MS = 1_790_000_000_000
NEWEST = token_identifier_at(WORKS.base_date, NOW_MS)
EACH_KIND = (
    *(CreditToken(service, NEWEST, 5, 1) for service in Service),
    *(CurrencyCreditToken(service, NEWEST, 1) for service in Service),
    *(ClearCreditToken(NEWEST, 5, register) for register in (*range(8), 0xFFFF)),
    *(MeterTestToken(1, code, wide) for code in (0, 7, 99) for wide in (False, True)),
    *(ExtendedReadToken(1, code) for code in (0, 99)),
    *(ProprietaryToken(2, subclass, 7) for subclass in (11, 15)),
    PowerLimitToken(NEWEST, 5, 1), TariffRateToken(NEWEST, 5, 1), ClearTamperToken(NEWEST, 5), PhaseUnbalanceToken(NEWEST, 5, 1),
    WaterFactorToken(NEWEST, 5, 1), ExtendedSetToken(NEWEST, 5, 1, 1),
)  # fmt: skip


@pytest.mark.parametrize("token", EACH_KIND, ids=repr)
def test_of_each_kind_of_token_the_meter_says_what_is_explained(token: Token) -> None:
    """Under every type of key, in units and in money, fresh and taken before: there is one decision, and both go by it."""
    for key_type in KeyType:
        for counts_money in (False, True):
            for taken in ((), (NEWEST,)):
                decoder = of_type(key_type, taken)
                clear = isinstance(token, MeterTestToken | ExtendedReadToken)
                digits = encode_token(token, None if clear else decoder.key)
                kind = CreditKind(in_money=counts_money)
                record = MeterRecord(decoder.configuration, accepted=frozenset(taken), kind=kind)
                explained = explain_token(digits, record, lambda one: decoder_key(FLEET_SEED, one), NOW_MS)
                found = accept(decoder, digits, TokenDeliveryMethod.REMOTE, purse(in_money=counts_money), NOW_MS)
                assert explained.result is found.result, (key_type, counts_money, taken, explained.text)
