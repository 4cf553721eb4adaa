"""Tokens to and from 20 digits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.sts import (
    CreditToken,
    CurrencyCreditToken,
    DecoderKey,
    EncryptionAlgorithm,
    KeyChangeFourthSection,
    KeyChangeSupplyGroupSection,
    MeterTestToken,
    Service,
    StsError,
    Token,
    TokenError,
    TokenResult,
    carried_currency,
    carried_quantity,
    clear_block,
    currency_units,
    decode_token,
    encode_token,
    tenths,
    to_digits,
    token_of_block,
)
from ferraris.sts.checksum import checksum
from ferraris.sts.des import des_encrypt
from tests.sts.published import EA07_KEY, KEY, Row, id_of, key_of, rows, rows_of
from tests.sts.strategies import bits, clear_tokens, ea07_tokens, ea11_tokens

EA11_ROWS = [row for row in rows_of("DKGA04+EA11") if isinstance(row["expected"], str)]


@pytest.mark.parametrize("row", EA11_ROWS, ids=id_of)
def test_published_tokens_of_ea11(row: Row) -> None:
    inputs = row["inputs"]
    key = key_of(inputs)
    token = decode_token(row["expected"], key)
    assert encode_token(token, key) == row["expected"]
    for name, field in (("tid", "token_identifier"), ("rnd", "random")):
        if name in inputs:
            assert getattr(token, field) == inputs[name]
    if "block" in inputs:
        assert clear_block(token) == (inputs["token_class"], int(inputs["block"], 16))


@pytest.mark.parametrize("row", [row for row in EA11_ROWS if row["inputs"]["token_class"] == 0], ids=id_of)
def test_published_amounts_make_the_published_tokens(row: Row) -> None:
    """Forward, from the amount on paper: nothing is taken from the token."""
    inputs = row["inputs"]
    service = Service(inputs["subclass"] % 4)
    if inputs["subclass"] < 4:
        amount = tenths(inputs["amount_text"])
        made: Token = CreditToken(service, inputs["tid"], inputs["rnd"], amount)
        carried = carried_quantity(amount)
    else:
        amount = currency_units(inputs["amount_text"])
        made = CurrencyCreditToken(service, inputs["tid"], amount)
        carried = carried_currency(amount)
    assert encode_token(made, key_of(inputs)) == row["expected"]
    decoded = decode_token(row["expected"], key_of(inputs))
    assert isinstance(decoded, CreditToken | CurrencyCreditToken)
    assert decoded.amount == carried


@pytest.mark.parametrize("row", rows_of("class 1"), ids=id_of)
def test_published_tokens_in_clear(row: Row) -> None:
    inputs = row["inputs"]
    token = decode_token(row["expected"], None)
    assert encode_token(token, None) == row["expected"]
    if "control" in inputs:
        assert token.control == int(inputs["control"], 16)  # type: ignore[union-attr]
        assert token.manufacturer_code == inputs["mfr_code"]  # type: ignore[union-attr]


NEED_TABLES = [row for row in rows() if "licensed tables" in row["note"]]


@pytest.mark.parametrize("row", NEED_TABLES, ids=id_of)
def test_tokens_of_real_ea07_meters_are_no_tokens_under_the_sample_tables(row: Row) -> None:
    with pytest.raises(TokenError) as refused:
        decode_token(row["expected"], key_of(row["inputs"]))
    assert refused.value.result is TokenResult.CRC_ERROR


@given(ea11_tokens)
def test_tokens_come_back_with_ea11(token: Token) -> None:
    digits = encode_token(token, KEY)
    assert len(digits) == 20
    assert decode_token(digits, KEY) == token


@given(ea07_tokens)
def test_tokens_come_back_with_ea07(token: Token) -> None:
    assert decode_token(encode_token(token, EA07_KEY), EA07_KEY) == token


@given(clear_tokens)
def test_class_1_needs_no_key(token: Token) -> None:
    assert encode_token(token, None) == encode_token(token, KEY)
    assert decode_token(encode_token(token, None), None) == token


CREDIT = CreditToken(Service.ELECTRICITY, 5_871_660, 5, 1)


def test_classes_0_and_2_need_a_key() -> None:
    with pytest.raises(StsError, match="expected a decoder key"):
        encode_token(CREDIT, None)
    with pytest.raises(StsError, match="expected a decoder key"):
        decode_token(encode_token(CREDIT, KEY), None)


@given(st.text() | bits(66).map(lambda number: f"{number:020d}"))
def test_any_text_raises_nothing_but_token_errors(text: str) -> None:
    for key in (KEY, EA07_KEY):
        try:
            token = decode_token(text, key)
        except TokenError as error:
            assert error.result in TokenResult  # noqa: PT017 - which one, the other tests say
        else:
            assert encode_token(token, key)


# 20 digits                what is wrong
REFUSED = """
1234                       format_error
99999999999999999999       format_error
00000000000402653184       function_error
"""


@pytest.mark.parametrize("line", REFUSED.split("\n")[1:-1])
def test_tokens_are_refused_by_name(line: str) -> None:
    digits, result = line.split()
    with pytest.raises(TokenError) as refused:
        decode_token(digits, KEY)
    assert str(refused.value.result) == result


@given(st.integers(0, 19), st.integers(1, 9))
def test_one_wrong_digit_is_no_credit(place: int, more: int) -> None:
    digits = encode_token(CREDIT, KEY)
    wrong = digits[:place] + str((int(digits[place]) + more) % 10) + digits[place + 1 :]
    with pytest.raises(TokenError):
        decode_token(wrong, KEY)


def test_money_with_the_check_value_of_a_quantity_is_refused() -> None:
    _, block = clear_block(CurrencyCreditToken(Service.ELECTRICITY, 1, 100))
    forged = block >> 16 << 16 | checksum(0, block >> 16)
    with pytest.raises(TokenError) as refused:
        decode_token(to_digits(0, KEY.encrypt_block(forged)), KEY)
    assert refused.value.result is TokenResult.CRC_ERROR


def test_a_reserved_subclass_with_a_right_check_value_is_named() -> None:
    data = 8 << 44
    block = data << 16 | checksum(0, data)
    with pytest.raises(TokenError, match="class 0, subclass 8 is reserved") as refused:
        decode_token(to_digits(0, KEY.encrypt_block(block)), KEY)
    assert refused.value.result is TokenResult.FUNCTION_ERROR


def test_sections_go_with_their_algorithm() -> None:
    with pytest.raises(StsError, match="EA07"):
        encode_token(KeyChangeFourthSection(0, 0), EA07_KEY)
    with pytest.raises(StsError, match="EA11"):
        encode_token(KeyChangeSupplyGroupSection("123456"), KEY)


def test_ea09_tokens_can_be_read() -> None:
    octets = bytes.fromhex("133457799bbcdff1")
    key = DecoderKey(EncryptionAlgorithm.EA09, octets)
    token_class, block = clear_block(CREDIT)
    enciphered = int.from_bytes(des_encrypt(octets, block.to_bytes(8, "big")), "big")
    assert decode_token(to_digits(token_class, enciphered), key) == CREDIT
    with pytest.raises(StsError, match="decoded only"):
        encode_token(CREDIT, key)


def test_a_block_in_clear_is_a_token() -> None:
    token_class, block = clear_block(MeterTestToken(1))
    assert token_of_block(token_class, block, None) == MeterTestToken(1)
    with pytest.raises(TokenError, match="check value"):
        token_of_block(token_class, block ^ 1, None)
