"""The three steps of an order, and what happens when the second goes wrong or two go through them together."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ferraris.keys.security_module import IssuedToken, SecurityModuleUnavailable
from ferraris.sts import CreditToken, StsConfiguration, Token
from ferraris.vending import IssueRefusedError, SalePendingError, SaleState, SaleVoidError
from tests.vending.house import MINUTE_MS, NOON_MS, SUPERVISOR, House, StreetModule, make_house


class WilfulModule(StreetModule):
    """Dates tokens by a clock of its own."""

    def issue(self, configuration: StsConfiguration, token: Token) -> IssuedToken:
        assert isinstance(token, CreditToken)
        return super().issue(configuration, replace(token, token_identifier=token.token_identifier + 1))


class ForgetfulModule(StreetModule):
    """Leaves a token of a key change out."""

    def issue_key_change(self, present: StsConfiguration, new: StsConfiguration) -> tuple[IssuedToken, ...]:
        return super().issue_key_change(present, new)[1:]


def test_a_module_that_chooses_another_identifier_is_not_believed() -> None:
    """Its token would have an identifier that the ledger knows nothing of."""
    house = make_house()
    wilful = house.another(WilfulModule())
    with pytest.raises(IssueRefusedError, match="another token identifier"):
        wilful.sell(house.request("1"), NOON_MS)
    assert house.vending.balances() == {}


def test_a_key_change_that_lacks_a_token_is_void() -> None:
    house = make_house()
    present = house.vending.registry.meter(house.meter).present.sts
    house.vending.registry.want(replace(present, key_revision_number=2), SUPERVISOR, NOON_MS)
    with pytest.raises(IssueRefusedError, match="count of tokens"):
        house.another(ForgetfulModule()).sell(house.request("1"), NOON_MS)
    assert house.vending.registry.meter(house.meter).wanted


def pending(house: House) -> int:
    house.module.failure = SecurityModuleUnavailable("away")
    with pytest.raises(SalePendingError) as caught:
        house.vending.sell(house.request("1", message_id="m"), NOON_MS)
    house.module.failure = None
    return caught.value.number


class MeddlingModule(StreetModule):
    """While it issues, something else happens to the order."""

    def __init__(self, house: House, meddle: str) -> None:
        super().__init__()
        self.house, self.meddle = house, meddle

    def issue(self, configuration: StsConfiguration, token: Token) -> IssuedToken:
        if self.meddle == "another till finishes it":
            self.house.vending.recover(NOON_MS)
        if self.meddle == "a supervisor cancels it":
            (sale,) = self.house.vending.undelivered() or [self.house.vending.sale_by_message("m")]
            assert sale
            self.house.vending.cancel(sale.number, SUPERVISOR, NOON_MS)
        return super().issue(configuration, token)


def test_two_that_finish_one_order_post_it_once() -> None:
    house = make_house()
    pending(house)
    meddling = house.another(MeddlingModule(house, "another till finishes it"))
    sale = meddling.sell(house.request("1", message_id="m"), NOON_MS + MINUTE_MS)
    assert sale.state is SaleState.POSTED
    assert house.vending.sale(sale.number) == sale
    assert house.vending.balances()["till:T1:cash"] == 100
    assert house.vending.verify_ledger().entries == 2


def test_an_order_that_was_cancelled_while_it_was_issued_stays_void() -> None:
    """The token that the module made is not handed out: nobody has paid for it."""
    house = make_house()
    number = pending(house)
    meddling = house.another(MeddlingModule(house, "a supervisor cancels it"))
    with pytest.raises(SaleVoidError):
        meddling.sell(house.request("1", message_id="m"), NOON_MS)
    sale = house.vending.sale(number)
    assert (sale.state, sale.tokens) == (SaleState.VOID, ())
    assert house.vending.balances() == {}
