"""The till's words: amounts without ambiguity, and every error in a sentence that a cashier understands."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ferraris import vending
from ferraris.console import vending_words
from ferraris.console.vending_words import Refusal, refusal
from ferraris.kernel.errors import FerrarisError
from ferraris.sts import TokenError, TokenResult
from ferraris.vending import Delivery, LineKind, PaymentKind, SaleKind, SaleState
from tests.console.sales import FREE, LINES, MONEY_SALE, QUOTE, SALE, WATER_SALE


@pytest.mark.parametrize(
    ("minor", "digits", "shown"),
    [
        (0, 2, "0.00"),
        (5, 2, "0.05"),
        (123_456_789, 2, "1\u202f234\u202f567.89"),
        (-2_050, 2, "−20.50"),
        (1_500, 0, "1\u202f500"),
        (1_234, 3, "1.234"),
    ],
)
def test_money(minor: int, digits: int, shown: str) -> None:
    assert vending_words.money(minor, digits) == shown
    assert vending_words.money(minor, digits, "ZAR") == f"{shown} ZAR"


@pytest.mark.parametrize(
    ("tenths", "shown"), [(0, "0.0 kWh"), (427, "42.7 kWh"), (18_201_624, "1\u202f820\u202f162.4 kWh")]
)
def test_units(tenths: int, shown: str) -> None:
    assert vending_words.units(tenths) == shown


def test_lines_of_a_breakdown() -> None:
    assert [vending_words.line_name(line) for line in LINES] == [
        "50.0 kWh at 1.90",
        "10.0 kWh at 2.10",
        "Network",
        "VAT",
        "Connection fee",
    ]


def test_what_a_sale_brings() -> None:
    assert [vending_words.credited(sold) for sold in (SALE, QUOTE, FREE, WATER_SALE, MONEY_SALE)] == [
        "60.0 kWh",
        "60.0 kWh",
        "50.0 kWh",
        "60.0 m³",
        "149.04 ZAR",
    ]
    debt = replace(LINES[-1], name="D1", description="connection fee")
    assert vending_words.line_name(debt) == "connection fee (D1)"


def test_titles_of_sales() -> None:
    assert (vending_words.sale_title(SALE), vending_words.sale_title(FREE)) == ("Sale", "Free units")


def test_everything_has_a_word() -> None:
    assert set(vending_words.SALE_STATES) == set(SaleState)
    assert set(vending_words.SALE_KINDS) == set(SaleKind)
    assert set(vending_words.DELIVERIES) == set(Delivery)
    assert set(vending_words.LINE_KINDS) == set(LineKind)
    assert set(TokenResult) - set(vending_words.TOKEN_RESULTS) == {
        result for result in TokenResult if result.endswith("_key_change_token")
    }


def test_every_error_of_vending_has_a_title_of_its_own() -> None:
    kinds = [
        value for value in vars(vending).values() if isinstance(value, type) and issubclass(value, vending.VendingError)
    ]
    titled = [error_type for error_type, _, _ in vending_words.TITLES]
    assert set(kinds) == set(titled)
    assert titled[-1] is vending.VendingError
    assert len({title for _, title, _ in vending_words.TITLES}) == len(titled)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            vending.AmountError("below the minimum purchase", expected="5", got="1.00"),
            Refusal("Not with this amount", "Below the minimum purchase, expected 5, got 1.00.", "range_error"),
        ),
        (
            vending.KeyExpiryError("the meter needs a key change"),
            Refusal("The meter's key has expired", "The meter needs a key change.", "key_expired_error"),
        ),
        (
            vending.SalePendingError("the security module does not answer", number=3),
            Refusal("Not finished yet", "The security module does not answer.", retry=True),
        ),
        (
            TokenError(TokenResult.USED_ERROR, "token identifier 5"),
            Refusal("The token is not accepted", "The meter has taken this token before.", "used_error"),
        ),
        (FerrarisError("it rains"), Refusal("Not done", "It rains.")),
    ],
)
def test_errors_in_the_cashiers_words(error: FerrarisError, told: Refusal) -> None:
    assert refusal(error) == told


def test_results_of_the_meter() -> None:
    assert vending_words.token_result("old_error") == "The token is older than all that the meter remembers."
    assert vending_words.token_result("first_key_change_token") == "first_key_change_token"
    assert vending_words.token_result("no link to the meter") == "no link to the meter"


def test_a_cashier_is_told_no_clause_of_a_standard() -> None:
    error = vending.TokenIdentifierError("no token identifier", expected="2035-01-01 or later", clause="6.3.5")
    assert vending_words.refusal(error).text == "No token identifier, expected 2035-01-01 or later."


@pytest.mark.parametrize(
    ("name", "text"), [*((kind, vending_words.PAYMENTS[kind]) for kind in PaymentKind), ("gold_bar", "Gold bar")]
)
def test_every_way_to_pay_has_a_word(name: str, text: str) -> None:
    assert vending_words.payment(name) == text
    assert "_" not in text
