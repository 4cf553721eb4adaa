"""Transaction licences: found in a letter, refused when anything in them was changed."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.kernel.limits import LICENCE_OCTETS_MAX, TRANSACTIONS_MAX
from ferraris.keys.security_module import SecurityModuleError
from ferraris.keys.security_module.licence import TransactionLicence

KEY = bytes(range(32))
LICENCE = TransactionLicence("0011223344556677", "aa" * 16, 10_000)
TEXT = LICENCE.text(KEY)


@given(transactions=st.integers(1, TRANSACTIONS_MAX))
def test_a_licence_is_read_again(transactions: int) -> None:
    licence = TransactionLicence("0011223344556677", "bb" * 16, transactions)
    assert TransactionLicence.parse(licence.text(KEY), KEY) == licence


@pytest.mark.parametrize(
    "letter",
    [TEXT, f"Dear customer,\n\n{TEXT}\nYours", TEXT.replace("\n", "\r\n"), TEXT.replace("\n", "\n  ")],
    ids=["bare", "in a letter", "with the line ends of mail", "indented"],
)
def test_a_licence_is_found(letter: str) -> None:
    assert TransactionLicence.parse(letter, KEY) == LICENCE


CHANGES = {
    "more transactions": ("10000", "99999"),
    "another keystore": ("0011", "1100"),
    "another serial": ("aaaa", "abab"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_licence_is_refused(change: str) -> None:
    with pytest.raises(SecurityModuleError, match="was changed") as refused:
        TransactionLicence.parse(TEXT.replace(*CHANGES[change], 1), KEY)
    assert refused.value.result == "ESm.Licence"


def test_another_keystores_licence_is_refused() -> None:
    with pytest.raises(SecurityModuleError, match="was changed"):
        TransactionLicence.parse(TEXT, bytes(32))


@pytest.mark.parametrize("text", ["", TEXT[:-30], TEXT.replace("seal ", ""), "x" * (LICENCE_OCTETS_MAX + 1) + TEXT])
def test_a_text_without_a_licence_says_so(text: str) -> None:
    with pytest.raises(SecurityModuleError, match="no transaction licence"):
        TransactionLicence.parse(text, KEY)


@pytest.mark.parametrize("transactions", [0, TRANSACTIONS_MAX + 1])
def test_a_number_of_transactions_has_its_range(transactions: int) -> None:
    text = TransactionLicence("0011223344556677", "aa" * 16, transactions).text(KEY)
    with pytest.raises(SecurityModuleError, match="a number of transactions"):
        TransactionLicence.parse(text, KEY)


@given(place=st.integers(0, len(TEXT) - 1), character=st.characters(min_codepoint=0x20, max_codepoint=0x7E))
def test_no_character_changes_what_a_licence_grants(place: int, character: str) -> None:
    with suppress(SecurityModuleError):
        assert TransactionLicence.parse(TEXT[:place] + character + TEXT[place + 1 :], KEY) == LICENCE


@given(text=st.text())
def test_any_letter_raises_only_the_modules_error(text: str) -> None:
    with pytest.raises(SecurityModuleError):
        TransactionLicence.parse(text, KEY)


@given(before=st.text(max_size=50), after=st.text(max_size=50))
def test_a_licence_is_found_among_any_words(before: str, after: str) -> None:
    assert TransactionLicence.parse(f"{before}\n{TEXT}{after}", KEY) == LICENCE
