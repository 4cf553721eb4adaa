"""Tokens to and from 48 bits of data."""

from __future__ import annotations

import pytest
from hypothesis import given

from ferraris.sts import (
    ClearCreditToken,
    CreditToken,
    CurrencyCreditToken,
    EncryptionAlgorithm,
    ExtendedSetToken,
    KeyChangeFirstSection,
    KeyChangeFourthSection,
    KeyChangeSecondSection,
    KeyChangeSupplyGroupSection,
    KeyChangeThirdSection,
    KeyType,
    MeterTestToken,
    ProprietaryToken,
    Service,
    StsError,
    Token,
    TokenError,
    TokenResult,
)
from ferraris.sts.packing import pack, unpack
from tests.sts.strategies import bits, ea07_tokens, ea11_tokens

EA07, EA11 = EncryptionAlgorithm.EA07, EncryptionAlgorithm.EA11


@given(ea11_tokens)
def test_tokens_come_back_with_ea11(token: Token) -> None:
    assert unpack(*pack(token), EA11) == token


@given(ea07_tokens)
def test_tokens_come_back_with_ea07(token: Token) -> None:
    assert unpack(*pack(token), EA07) == token


@given(bits(2), bits(48))
def test_any_data_is_a_token_or_refused_by_name(token_class: int, data: int) -> None:
    for algorithm in (EA07, EA11, None):
        try:
            token = unpack(token_class, data, algorithm)
        except TokenError as error:
            result = error.result
        else:
            assert pack(token)[0] == token_class
            result = TokenResult.RANGE_ERROR
        assert result in (TokenResult.FUNCTION_ERROR, TokenResult.RANGE_ERROR)


# class  subclass  with EA07                     with EA11
SUBCLASSES = """
0        0         CreditToken                   CreditToken
0        3         CreditToken                   CreditToken
0        4         CurrencyCreditToken           CurrencyCreditToken
0        7         CurrencyCreditToken           CurrencyCreditToken
0        8         function_error                function_error
0        15        function_error                function_error
1        0         MeterTestToken                MeterTestToken
1        1         MeterTestToken                MeterTestToken
1        2         ExtendedReadToken             ExtendedReadToken
1        3         function_error                function_error
1        5         function_error                function_error
1        6         ProprietaryToken              ProprietaryToken
1        15        ProprietaryToken              ProprietaryToken
2        0         PowerLimitToken               PowerLimitToken
2        1         ClearCreditToken              ClearCreditToken
2        2         TariffRateToken               TariffRateToken
2        3         range_error                   range_error
2        4         KeyChangeSecondSection        KeyChangeSecondSection
2        5         ClearTamperToken              ClearTamperToken
2        6         PhaseUnbalanceToken           PhaseUnbalanceToken
2        7         WaterFactorToken              WaterFactorToken
2        8         KeyChangeSupplyGroupSection   KeyChangeThirdSection
2        9         function_error                KeyChangeFourthSection
2        10        ExtendedSetToken              ExtendedSetToken
2        11        ProprietaryToken              ProprietaryToken
2        15        ProprietaryToken              ProprietaryToken
3        0         function_error                function_error
"""


@pytest.mark.parametrize("line", SUBCLASSES.split("\n")[1:-1])
def test_each_subclass_is_its_token(line: str) -> None:
    token_class, subclass, *expected = line.split()
    for algorithm, name in zip((EA07, EA11), expected, strict=True):
        try:
            found = type(unpack(int(token_class), int(subclass) << 44, algorithm)).__name__
        except TokenError as error:
            found = str(error.result)
        assert found == name


OUT_OF_RANGE = [
    (2, 3 << 44, "key revision number"),
    (2, 3 << 44 | 10 << 36, "key revision number"),
    (2, 4 << 44 | 100 << 32, "tariff index"),
    (2, 8 << 44 | 1_000_000 << 20, "supply group code"),
]


@pytest.mark.parametrize(("token_class", "data", "said"), OUT_OF_RANGE)
def test_fields_out_of_their_range_are_refused(token_class: int, data: int, said: str) -> None:
    with pytest.raises(TokenError, match=said) as refused:
        unpack(token_class, data, EA07)
    assert refused.value.result is TokenResult.RANGE_ERROR


TOO_LARGE = [
    CreditToken(Service.WATER, 1 << 24, 0, 1),
    CreditToken(Service.WATER, -1, 0, 1),
    CreditToken(Service.WATER, 0, 16, 1),
    CreditToken(Service.WATER, 0, 0, -1),
    ClearCreditToken(0, 0, 1 << 16),
    ExtendedSetToken(0, 0, 64, 0),
    ExtendedSetToken(0, 0, 0, 1024),
    MeterTestToken(1 << 36),
    MeterTestToken(1 << 28, 0, wide=True),
    MeterTestToken(0, 256),
    KeyChangeSecondSection(16, 0, 0),
    KeyChangeSecondSection(0, 100, 0),
    KeyChangeSecondSection(0, -1, 0),
    KeyChangeFirstSection(0, 0, False, False, KeyType.DUTK, 0),
    KeyChangeFirstSection(0, 10, False, False, KeyType.DUTK, 0),
    KeyChangeFirstSection(16, 1, False, False, KeyType.DUTK, 0),
    KeyChangeFirstSection(0, 1, False, False, KeyType.DUTK, 1 << 32),
    KeyChangeThirdSection(1 << 12, 0),
    KeyChangeFourthSection(0, 1 << 32),
    KeyChangeSupplyGroupSection("1000000"),
    KeyChangeSupplyGroupSection("99999999"),
    KeyChangeSupplyGroupSection("12345"),
    KeyChangeSupplyGroupSection("abcdef"),
    KeyChangeSupplyGroupSection("１２３４５６"),
    CreditToken(4, 0, 0, 1),  # type: ignore[arg-type]
    CurrencyCreditToken(-1, 0, 1),  # type: ignore[arg-type]
    ProprietaryToken(1, 5, 0),
    ProprietaryToken(2, 10, 0),
    ProprietaryToken(0, 12, 0),
    ProprietaryToken(2, 16, 0),
    ProprietaryToken(2, 11, 1 << 44),
]


@pytest.mark.parametrize("token", TOO_LARGE, ids=repr)
def test_what_its_place_cannot_hold_is_refused(token: Token) -> None:
    with pytest.raises(StsError):
        pack(token)
