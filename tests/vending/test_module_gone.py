"""The security module goes away in the middle: between the tokens of one order, between the orders of one commit, for good.

What it gave before it went is never lost and never given twice; what it did not give is charged to nobody.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferraris.keys.security_module import (
    IssuedToken,
    SecurityModuleError,
    SecurityModuleUnavailable,
    TransactionsExhausted,
    VendingKeyNotFound,
)
from ferraris.store import SaleFilter
from ferraris.sts import CreditToken, EncryptionAlgorithm, StsConfiguration, Token
from ferraris.vending import (
    CampaignGoal,
    EngineeringKind,
    EngineeringRequest,
    IssueRefusedError,
    KeyChangeRequest,
    Sale,
    SalePendingError,
    SaleState,
    SaleVoidError,
)
from tests.vending.house import MINUTE_MS, NOON_MS, OPERATOR, SUPERVISOR, House, StreetModule, make_house

ALWAYS = 10**9


class GoingModule(StreetModule):
    """It answers so many calls, and then fails, until it is plugged in again."""

    def __init__(self, calls: int = ALWAYS, error: SecurityModuleError | None = None) -> None:
        super().__init__()
        self.calls = calls
        self.error = error or SecurityModuleUnavailable("unplugged")

    def issue(self, configuration: StsConfiguration, token: Token) -> IssuedToken:
        self._count()
        return super().issue(configuration, token)

    def issue_key_change(self, present: StsConfiguration, new: StsConfiguration) -> tuple[IssuedToken, ...]:
        self._count()
        return super().issue_key_change(present, new)

    def _count(self) -> None:
        if self.calls <= 0:
            raise self.error
        self.calls -= 1


def house_with(module: StreetModule, **changes: object) -> House:
    house = make_house(meters=4, **changes)  # type: ignore[arg-type]
    house.module = module
    house.vending = house.another(module)
    return house


def want_a_key(house: House) -> None:
    present = house.vending.registry.meter(house.meter).present.sts
    house.vending.registry.want(replace(present, key_revision_number=2), SUPERVISOR, NOON_MS)


@pytest.mark.parametrize("algorithm", [EncryptionAlgorithm.EA07, EncryptionAlgorithm.EA11], ids=lambda each: each.name)
@pytest.mark.parametrize("calls", [0, 1])
def test_gone_between_the_key_change_and_the_credit(calls: int, algorithm: EncryptionAlgorithm) -> None:
    module = GoingModule(calls)
    house = house_with(module, encryption_algorithm=algorithm)
    want_a_key(house)
    request = house.request("100")
    with pytest.raises(SalePendingError, match="unplugged") as caught:
        house.vending.sell(request, NOON_MS)
    assert house.vending.sale(caught.value.number).tokens == ()
    assert house.vending.registry.meter(house.meter).present.sts.key_revision_number == 1
    assert house.vending.balances() == {}

    module.calls = ALWAYS
    sale = house.vending.sell(request, NOON_MS + MINUTE_MS)
    assert sale.number == caught.value.number
    assert len(sale.tokens) == (5 if algorithm is EncryptionAlgorithm.EA11 else 3)
    assert set(module.issued) == {sale.tokens[-1].digits}
    assert house.vending.registry.meter(house.meter).present.sts.key_revision_number == 2
    assert house.vending.balances()["till:T1:cash"] == 10_000


@settings(max_examples=30)
@given(st.integers(0, 8), st.lists(st.integers(0, 3), min_size=8, max_size=8))
def test_gone_between_the_orders_of_one_commit(calls: int, meters: list[int]) -> None:
    """Those before it are sold, those after it wait; whoever asks again gets what is his."""
    module = GoingModule(calls)
    house = house_with(module)
    requests = [house.request("10", meter=house.meters[meter]) for meter in meters]
    first = house.vending.sell_together(requests, NOON_MS)
    sold = [result for result in first if isinstance(result, Sale)]
    assert len(sold) == calls
    assert all(isinstance(result, Sale | SalePendingError) for result in first)
    assert house.vending.balances().get("till:T1:cash", 0) == 1_000 * calls
    assert house.vending.verify_ledger().pending == len(requests) - calls

    module.calls = ALWAYS
    second = house.vending.sell_together(requests, NOON_MS + MINUTE_MS)
    assert [
        result for result in second if isinstance(result, Sale) and result.number in {one.number for one in sold}
    ] == sold
    assert all(isinstance(result, Sale) for result in second)
    assert house.vending.balances()["till:T1:cash"] == 8_000
    assert max(module.issued.values()) == 1
    assert house.vending.verify_ledger().pending == 0


def test_gone_and_back_again_and_again_a_sale_is_one_sale() -> None:
    module = GoingModule(0)
    house = house_with(module)
    request = house.request("100")
    for minute in range(20):
        with pytest.raises(SalePendingError):
            house.vending.sell(request, NOON_MS + minute * MINUTE_MS)
    module.calls = 1
    sale = house.vending.sell(request, NOON_MS + 21 * MINUTE_MS)
    assert house.vending.sell(request, NOON_MS + 22 * MINUTE_MS) == sale
    assert len(house.vending.sales(SaleFilter())) == 1
    assert house.vending.verify_ledger().entries == 2
    token = module.verify(sale.configuration, sale.tokens[0].digits)
    assert isinstance(token, CreditToken)
    assert token.token_identifier == 6_572_880, "the minute in which it was asked for first"


def test_sales_that_wait_leave_their_identifiers_to_nobody() -> None:
    """While one waits, the same meter may buy at another till whose module is there."""
    module = GoingModule(0)
    house = house_with(module)
    waiting = house.request("100")
    with pytest.raises(SalePendingError):
        house.vending.sell(waiting, NOON_MS)
    other_till = house.another(StreetModule())
    second = other_till.sell(house.request("50", till="T2"), NOON_MS)
    module.calls = ALWAYS
    first = house.vending.sell(waiting, NOON_MS)
    identifiers = [sale.tokens[0].token_identifier for sale in (first, second)]
    assert identifiers == [6_572_880, 6_572_881]
    assert house.vending.balances() == {"till:T1:cash": 10_000, "till:T2:cash": 5_000, "income:units": -15_000}


def test_an_engineering_token_that_waits_is_finished_by_approving_again() -> None:
    module = GoingModule(0)
    house = house_with(module)
    asked = EngineeringRequest(
        message_id="e", till="T1", operator=OPERATOR, meter=house.meter, kind=EngineeringKind.CLEAR_TAMPER
    )
    house.vending.engineering.request(asked, NOON_MS)
    with pytest.raises(SalePendingError):
        house.vending.engineering.approve("e", SUPERVISOR, NOON_MS)
    module.calls = 1
    sale = house.vending.engineering.approve("e", SUPERVISOR, NOON_MS + MINUTE_MS)
    assert house.vending.engineering.approve("e", SUPERVISOR, NOON_MS + MINUTE_MS) == sale
    assert [token.token_identifier for token in sale.tokens] == [6_572_880]


def test_a_campaign_goes_on_where_the_module_left_it() -> None:
    module = GoingModule(2)
    house = house_with(module)
    house.vending.campaigns.start("c", CampaignGoal(key_revision_number=3), SUPERVISOR, NOON_MS)
    with pytest.raises(SalePendingError):
        house.vending.campaigns.issue("c", "T1", OPERATOR, NOON_MS)
    assert house.vending.campaigns.progress("c").counts() == {"wanted": 2, "issued": 2, "entered": 0}
    module.calls = ALWAYS
    assert len(house.vending.campaigns.issue("c", "T1", OPERATOR, NOON_MS)) == 2
    assert house.vending.campaigns.progress("c").counts() == {"wanted": 0, "issued": 4, "entered": 0}
    assert len(house.vending.sales(SaleFilter(kinds=("key_change",)))) == 4


REFUSALS = [VendingKeyNotFound("no such key"), TransactionsExhausted("no licence")]


@pytest.mark.parametrize("error", REFUSALS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("calls", [0, 1])
def test_a_refusal_in_the_middle_voids_the_whole_order(calls: int, error: SecurityModuleError) -> None:
    """The key change was made already, the credit is refused: nobody gets either, and the key change is still wanted."""
    module = GoingModule(calls, error)
    house = house_with(module)
    want_a_key(house)
    request = house.request("100")
    with pytest.raises(IssueRefusedError):
        house.vending.sell(request, NOON_MS)
    (void,) = house.vending.sales(SaleFilter())
    assert (void.state, void.tokens) == (SaleState.VOID, ())
    assert house.vending.balances() == {}
    module.calls = ALWAYS
    with pytest.raises(SaleVoidError):
        house.vending.sell(request, NOON_MS)
    sale = house.vending.sell(house.request("100"), NOON_MS)
    assert sale.configuration.key_revision_number == 2
    assert sale.tokens[-1].token_identifier != 6_572_880, "the identifier of the void order is used up"


def test_a_key_change_alone_waits_like_any_order() -> None:
    module = GoingModule(0)
    house = house_with(module)
    want_a_key(house)
    request = KeyChangeRequest(message_id="k", till="T1", operator=OPERATOR, meter=house.meter)
    with pytest.raises(SalePendingError):
        house.vending.change_key(request, NOON_MS)
    assert house.vending.recover(NOON_MS).pending == 1
    module.calls = 1
    assert house.vending.recover(NOON_MS).posted == 1
    assert house.vending.change_key(request, NOON_MS).state is SaleState.POSTED
    assert house.vending.registry.meter(house.meter).present.sts.key_revision_number == 2
