"""Twenty digits of 66 bits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.sts import TokenError, TokenResult, bare_digits, from_digits, in_groups, to_digits
from ferraris.sts.carrier import extract_class, insert_class
from tests.sts.strategies import bits


@given(bits(2), bits(64))
def test_class_and_block_come_back(token_class: int, block: int) -> None:
    whole = insert_class(token_class, block)
    assert whole < 1 << 66
    assert whole >> 27 & 3 == token_class
    assert extract_class(whole) == (token_class, block)
    assert from_digits(to_digits(token_class, block)) == (token_class, block)
    assert len(to_digits(token_class, block)) == 20


@given(bits(66))
def test_every_number_of_66_bits_is_a_class_and_a_block(whole: int) -> None:
    assert insert_class(*extract_class(whole)) == whole


# digits                     what the error says of them
MALFORMED = """
|                          | 0 digits
|1234                      | 4 digits
|123456789012345678901     | 21 digits
|1234567890123456789x      | 20 characters, 1 of them no digits
|1234 5678 9012 3456 7890  | 24 characters, 4 of them no digits
|１２３４５６７８９０１２３４５６７８９０      | 20 characters, 20 of them no digits
|-2345678901234567890      | 20 characters, 1 of them no digits
|+2345678901234567890      | 20 characters, 1 of them no digits
|73786976294838206464      | a number below 2^66
|99999999999999999999      | a number below 2^66
"""


@pytest.mark.parametrize("line", MALFORMED.split("\n")[1:-1])
def test_malformed_tokens_are_named_and_not_repeated(line: str) -> None:
    _, digits, said = line.split("|")
    with pytest.raises(TokenError) as refused:
        from_digits(digits.strip())
    assert refused.value.result is TokenResult.FORMAT_ERROR
    assert said.strip() in str(refused.value)
    assert not digits.strip() or digits.strip() not in str(refused.value)


def test_the_largest_token_is_one() -> None:
    assert from_digits("73786976294838206463") == (3, (1 << 64) - 1)


def test_people_write_digits_in_groups() -> None:
    assert in_groups("12345678901234567890") == "1234 5678 9012 3456 7890"
    for text in ("1234 5678 9012 3456 7890", " 1234-5678-9012-3456-7890\n", "12345\t678901234567890"):
        assert bare_digits(text) == "12345678901234567890"


@given(st.text())
def test_any_text_is_a_token_or_a_format_error(text: str) -> None:
    try:
        token_class, block = from_digits(text)
    except TokenError as error:
        result = error.result
    else:
        assert to_digits(token_class, block) == text
        result = TokenResult.FORMAT_ERROR
    assert result is TokenResult.FORMAT_ERROR
