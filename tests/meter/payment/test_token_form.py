"""The two forms of a token on a line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.cosem import TokenForm
from ferraris.meter.payment.token_form import token_digits
from ferraris.sts import TokenError, from_digits

DIGITS = "01234567890123456789"
OCTETS = int(DIGITS).to_bytes(9, "big")


@pytest.mark.parametrize(
    ("form", "digits", "octets"),
    [(TokenForm.DIGITS, True, False), (TokenForm.OCTETS, False, True), (TokenForm.EITHER, True, True)],
)
def test_forms(form: TokenForm, digits: bool, octets: bool) -> None:
    assert (token_digits(DIGITS.encode(), form) == DIGITS) is digits
    assert (token_digits(OCTETS, form) == DIGITS) is octets


@given(st.binary(max_size=40), st.sampled_from(TokenForm))
def test_other_octets_are_no_token(octets: bytes, form: TokenForm) -> None:
    digits = token_digits(octets, form)
    if octets not in (digits.encode(), int(digits or 0).to_bytes(12, "big")[-9:] if digits.isdecimal() else b""):
        with pytest.raises(TokenError, match="format_error"):
            from_digits(digits)
