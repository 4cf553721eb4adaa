"""The product against a second implementation that shares nothing with it (`reference.py`)."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferraris.sts import (
    CURRENCY_MAX,
    QUANTITY_MAX,
    CreditToken,
    CurrencyCreditToken,
    DecoderKey,
    EncryptionAlgorithm,
    PowerLimitToken,
    Service,
    StaTables,
    StsConfiguration,
    Token,
    TokenError,
    clear_block,
    decode_token,
    derive_decoder_key,
    encode_currency,
    encode_quantity,
    encode_token,
)
from tests.sts import reference
from tests.sts.published import EA07_KEY, KEY, Row, configuration_of, id_of, key_of, rows_of
from tests.sts.strategies import bits, configurations, ea07_tokens, ea11_tokens, identifiers, randoms, services


@given(ea11_tokens)
def test_blocks_in_clear(token: Token) -> None:
    token_class, text = reference.clear_bits(token)
    assert clear_block(token) == (token_class, int(text, 2))


@given(ea11_tokens, st.binary(min_size=16, max_size=16))
def test_digits_of_ea11(token: Token, octets: bytes) -> None:
    assert encode_token(token, DecoderKey(EncryptionAlgorithm.EA11, octets)) == reference.digits(token, octets)


@given(ea07_tokens, st.binary(min_size=8, max_size=8))
def test_digits_of_ea07(token: Token, octets: bytes) -> None:
    assert encode_token(token, DecoderKey(EncryptionAlgorithm.EA07, octets)) == reference.digits(token, octets)


@given(st.binary(min_size=20, max_size=20), configurations)
def test_decoder_keys(vending_key: bytes, meter: StsConfiguration) -> None:
    assert derive_decoder_key(vending_key, meter).octets == reference.decoder_key(vending_key, meter)


@given(bits(64), bits(64), st.integers(0, 5))
def test_ea07_with_any_tables(key: int, block: int, seed: int) -> None:
    dice = random.Random(seed)
    tables = StaTables(*(tuple(dice.sample(range(size), size)) for size in (16, 16, 64)))
    octets = key.to_bytes(8, "big")
    enciphered = DecoderKey(EncryptionAlgorithm.EA07, octets, tables).encrypt_block(block)
    assert enciphered == int(reference.sta(octets, reference.bits(block, 64), tables), 2)


@given(st.integers(0, QUANTITY_MAX))
def test_quantities(amount: int) -> None:
    assert encode_quantity(amount) == int(reference.amount_bits(amount, 2), 2)


@pytest.mark.parametrize("exponent", range(4))
def test_quantities_around_the_joints(exponent: int) -> None:
    joint = int(reference.start(exponent))
    for amount in range(max(0, joint - 2 * 10**exponent), min(QUANTITY_MAX, joint + 2 * 10**exponent) + 1):
        assert encode_quantity(amount) == int(reference.amount_bits(amount, 2), 2)


@given(st.integers(-CURRENCY_MAX, CURRENCY_MAX) | st.integers(-(10**9), 10**9))
def test_money(amount: int) -> None:
    text = "0" + reference.amount_bits(amount, 5) if amount >= 0 else "1" + reference.debt_bits(-amount)
    assert encode_currency(amount) == int(text, 2)


@pytest.mark.parametrize("exponent", range(32))
def test_money_around_the_joints(exponent: int) -> None:
    joint = int(reference.start(exponent))
    for amount in (joint - 10**exponent, joint - 1, joint, joint + 1, joint + 10**exponent):
        if not 0 <= amount <= CURRENCY_MAX:
            continue
        assert encode_currency(amount) == int("0" + reference.amount_bits(amount, 5), 2)
        if amount:
            assert encode_currency(-amount) == int("1" + reference.debt_bits(amount), 2)


ROUNDED = st.integers(0, QUANTITY_MAX)


@given(services, identifiers, randoms, ROUNDED, st.sampled_from((KEY, EA07_KEY)))
def test_what_does_not_fit_is_rounded_before_it_is_enciphered(
    service: Service, identifier: int, chance: int, amount: int, key: DecoderKey
) -> None:
    for token in (CreditToken(service, identifier, chance, amount), PowerLimitToken(identifier, chance, amount)):
        made = encode_token(token, key)
        assert made == reference.digits(token, key.octets)
        decoded = decode_token(made, key)
        again = encode_token(decoded, key)
        assert again == made
        carried = decoded.amount if isinstance(decoded, CreditToken) else decoded.limit_w  # type: ignore[union-attr]
        assert 0 <= carried - amount < 10**3


@given(services, identifiers, st.integers(-(10**12), 10**12))
def test_money_is_never_rounded_against_the_customer(service: Service, identifier: int, amount: int) -> None:
    token = CurrencyCreditToken(service, identifier, amount)
    decoded = decode_token(encode_token(token, KEY), KEY)
    assert isinstance(decoded, CurrencyCreditToken)
    assert decoded.amount >= amount
    assert replace(decoded, amount=amount) == token


PUBLISHED = [row for row in rows_of("DKGA04+EA11") if isinstance(row["expected"], str)]


@pytest.mark.parametrize("row", PUBLISHED, ids=id_of)
def test_the_reference_itself_gives_the_published_tokens(row: Row) -> None:
    """Else it would prove nothing."""
    key = reference.decoder_key(bytes.fromhex(row["inputs"]["vk"]), configuration_of(row["inputs"]))
    assert reference.digits(decode_token(row["expected"], key_of(row["inputs"])), key) == row["expected"]


@pytest.mark.parametrize("row", rows_of("MISTY1"), ids=id_of)
def test_the_reference_itself_gives_the_examples_of_the_rfc(row: Row) -> None:
    text = reference.bits(int(row["inputs"]["plaintext"], 16), 64)
    assert f"{int(reference.Misty(bytes.fromhex(row['inputs']['key'])).encipher(text), 2):016x}" == row["expected"]


@pytest.mark.parametrize("row", rows_of("EA07 with SAMPLE"), ids=id_of)
def test_the_reference_itself_gives_the_worked_example(row: Row) -> None:
    text = reference.sta(bytes.fromhex(row["inputs"]["key"]), reference.bits(int(row["inputs"]["block"], 16), 64))
    assert f"{int(text[35:37] + text[:35] + '00' + text[37:], 2):X}" == row["expected"]


@pytest.mark.parametrize("row", rows_of("CRC"), ids=id_of)
def test_the_reference_itself_gives_the_published_check_values(row: Row) -> None:
    text = reference.bits(int(row["inputs"]["data56"], 16), 56)
    assert f"{int(reference.check_bits(text), 2):04X}" == row["expected"]


@settings(max_examples=20)
@given(st.data())
def test_every_flipped_bit_of_a_token_is_seen(data: st.DataObject) -> None:
    """66 neighbours at one bit's distance: none is the same token, and hardly any is one at all."""
    token = data.draw(ea11_tokens.filter(lambda token: clear_block(token)[0] != 1))
    whole = int(encode_token(token, KEY))
    accepted = 0
    for place in range(66):
        flipped = f"{whole ^ 1 << place:020d}"
        try:
            found = decode_token(flipped, KEY)
        except TokenError:
            continue
        assert found != token
        accepted += 1
    assert accepted <= 2
