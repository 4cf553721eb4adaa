"""The three steps of an order, and what happens when the second goes wrong or two go through them together."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ferraris.keys.security_module import IssuedToken, SecurityModuleUnavailable
from ferraris.sts import CreditToken, StsConfiguration, Token
from ferraris.vending import IssueRefusedError, Sale, SalePendingError, SaleState, SaleVoidError
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
        self.meddle_once()
        return super().issue(configuration, token)

    def meddle_once(self) -> None:
        if self.meddle == "another till finishes it":
            self.house.vending.recover(NOON_MS)
        if self.meddle == "a supervisor cancels it":
            sale = self.house.vending.sale_by_message("m")
            assert sale
            self.house.vending.cancel(sale.number, SUPERVISOR, NOON_MS)
        self.meddle = ""


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


@pytest.mark.parametrize(
    ("meddle", "first"), [("another till finishes it", Sale), ("a supervisor cancels it", SaleVoidError)]
)
def test_what_happens_to_one_order_of_a_group_happens_to_it_alone(meddle: str, first: type) -> None:
    house = make_house(meters=3)
    number = pending(house)
    meddling = house.another(MeddlingModule(house, meddle))
    others = [house.request("5", message_id=f"o{place}", meter=house.meters[place]) for place in (1, 2)]
    sold = meddling.sell_together([house.request("1", message_id="m"), *others], NOON_MS)
    assert [type(one) for one in sold] == [first, Sale, Sale]
    stored = [house.vending.sale(number), *(house.vending.sale_by_message(one.message_id) for one in others)]
    assert sold[1:] == stored[1:]
    assert sold[0] == stored[0] or isinstance(sold[0], SaleVoidError)
    assert house.vending.balances()["till:T1:cash"] == (1_100 if first is Sale else 1_000)
    house.vending.verify_ledger()
