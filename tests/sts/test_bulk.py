"""Many tokens at once are the same tokens."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.sts import (
    QUANTITY_MAX,
    DecoderKey,
    KeyChangeSection,
    StsError,
    Token,
    TokenError,
    TokenResult,
    decode_quantity,
    decode_token,
    encode_quantity,
    encode_token,
)
from ferraris.sts.bulk import (
    RESULTS,
    decode_quantities,
    decode_tokens,
    encode_quantities,
    encode_tokens,
    identified_data,
)
from ferraris.sts.bulk_cipher import BulkCipher
from ferraris.sts.packing import is_reserved, pack, unpack
from tests.sts.published import EA07_KEY, KEY, rows_of
from tests.sts.strategies import bits, credit_tokens, currency_tokens, ea07_tokens, ea11_tokens, management_tokens

KEYS = st.sampled_from((KEY, EA07_KEY))


@given(KEYS, st.lists(credit_tokens | currency_tokens, max_size=20), st.lists(management_tokens, max_size=20))
def test_tokens_are_encoded_as_one_by_one(key: DecoderKey, credits_: list[Token], managing: list[Token]) -> None:
    cipher = BulkCipher([key])
    for token_class, tokens in ((0, credits_), (2, managing)):
        data = np.array([pack(token)[1] for token in tokens], np.uint64)
        made = encode_tokens(token_class, data, cipher)
        assert [digits.decode() for digits in made] == [encode_token(token, key) for token in tokens]
        columns = decode_tokens(made, cipher)
        assert (columns.data == data).all()
        assert not columns.results.any()


def result_of(digits: str, key: DecoderKey) -> TokenResult:
    try:
        decode_token(digits, key)
    except TokenError as error:
        return error.result
    return TokenResult.ACCEPT


@given(st.data())
def test_any_octets_have_the_result_that_they_have_one_by_one(data: st.DataObject) -> None:
    key = data.draw(KEYS)
    tokens = ea07_tokens if key is EA07_KEY else ea11_tokens
    texts = data.draw(
        st.lists(
            tokens.map(lambda token: encode_token(token, key))
            | bits(66).map(lambda number: f"{number:020d}")
            | st.text(alphabet="0123456789x ", min_size=20, max_size=20)
            | st.integers(0, 10**20 - 1).map(lambda number: f"{number:020d}"),
            min_size=1,
            max_size=20,
        )
    )
    columns = decode_tokens(np.array([text.encode() for text in texts], "S20"), BulkCipher([key]))
    for at, text in enumerate(texts):
        expected, found = result_of(text, key), RESULTS[columns.results[at]]
        assert found is (TokenResult.ACCEPT if expected is TokenResult.RANGE_ERROR else expected)
        if expected is TokenResult.ACCEPT:
            token = unpack(int(columns.token_class[at]), int(columns.data[at]), key.algorithm)
            assert token == decode_token(text, key)


@given(credit_tokens)
def test_columns_are_the_fields_of_a_token(token: Token) -> None:
    made = np.array([encode_token(token, KEY).encode()], "S20")
    columns = decode_tokens(made, BulkCipher([KEY]))
    assert columns.subclass[0] == token.service  # type: ignore[union-attr]
    assert columns.random[0] == token.random  # type: ignore[union-attr]
    assert columns.token_identifier[0] == token.token_identifier  # type: ignore[union-attr]
    assert decode_quantities(columns.field)[0] == token.amount  # type: ignore[union-attr]


def test_published_tokens_with_a_key_each() -> None:
    from tests.sts.published import key_of

    found = [row for row in rows_of("DKGA04+EA11") if isinstance(row["expected"], str)]
    cipher = BulkCipher([key_of(row["inputs"]) for row in found])
    columns = decode_tokens(np.array([row["expected"].encode() for row in found], "S20"), cipher)
    assert not columns.results.any()
    assert columns.token_class.tolist() == [row["inputs"]["token_class"] for row in found]
    assert columns.subclass.tolist() == [row["inputs"]["subclass"] for row in found]


def test_published_tokens_in_clear_need_no_cipher() -> None:
    digits = [row["expected"].encode() for row in rows_of("class 1")]
    columns = decode_tokens(np.array(digits, "S20"), None)
    assert not columns.results.any()
    assert encode_tokens(1, columns.data, None).tolist() == digits
    with pytest.raises(StsError, match="expected a cipher"):
        encode_tokens(0, columns.data, None)


@given(st.lists(st.integers(0, QUANTITY_MAX), max_size=50), st.lists(bits(16), max_size=50))
def test_quantities(amounts: list[int], fields: list[int]) -> None:
    assert encode_quantities(np.array(amounts, np.int64)).tolist() == [encode_quantity(each) for each in amounts]
    assert decode_quantities(np.array(fields, np.uint16)).tolist() == [decode_quantity(each) for each in fields]


def test_quantities_at_the_edges() -> None:
    edges = [0, 16383, 16384, 180213, 180214, 180215, 180223, 180224, 1818623, 1818624, QUANTITY_MAX - 1, QUANTITY_MAX]
    assert encode_quantities(np.array(edges)).tolist() == [encode_quantity(each) for each in edges]
    for wrong in (-1, QUANTITY_MAX + 1):
        with pytest.raises(StsError, match="cannot carry"):
            encode_quantities(np.array([1, wrong]))


def test_columns_and_numbers_go_together() -> None:
    data = identified_data(0, 5, np.array([7, 8]), 1)
    assert data.tolist() == [5 << 40 | 7 << 16 | 1, 5 << 40 | 8 << 16 | 1]
    assert identified_data(2, 5, 7, 1).tolist() == [2 << 44 | 5 << 40 | 7 << 16 | 1]
    for wrong in ((16, 0, 0, 0), (0, 16, 0, 0), (0, 0, 1 << 24, 0), (0, 0, -1, 0), (0, 0, 0, 1 << 16)):
        with pytest.raises(StsError, match="of a token"):
            identified_data(*wrong)


def test_an_array_of_tokens_has_twenty_octets_each() -> None:
    with pytest.raises(StsError, match="expected 20 octets each"):
        decode_tokens(np.array([b"1234"]), None)
    assert len(decode_tokens(np.array([], "S20"), None).data) == 0


@pytest.mark.parametrize("key", [KEY, EA07_KEY], ids=repr)
def test_reserved_subclasses_are_those_that_do_not_unpack(key: DecoderKey) -> None:
    for token_class in range(3):
        for subclass in range(16):
            try:
                token: object = unpack(token_class, subclass << 44 | 1 << 36, key.algorithm)
            except TokenError as error:
                assert (error.result is TokenResult.FUNCTION_ERROR) == is_reserved(token_class, subclass, key.algorithm)  # noqa: PT017
            else:
                assert not is_reserved(token_class, subclass, key.algorithm)
                assert subclass not in (3, 4, 8, 9) or token_class != 2 or isinstance(token, KeyChangeSection)
