"""A batch has the outcome of its orders one by one, whatever accounts, meters and message ids come together in it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from ferraris.vending import MessageConflictError, NewMeter, Sale, SaleRequest, Vending, VendingError
from tests.vending.house import NOON_MS, OPERATOR, SUPERVISOR, House, configuration, make_house

# meter, amount in minor units, which of a few message ids
ORDERS = st.lists(st.tuples(st.integers(0, 4), st.integers(500, 90_000), st.integers(0, 14)), min_size=1, max_size=16)


def street() -> House:
    """Four meters, two of one account, with a debt; the fifth is not registered."""
    house = make_house(meters=3, tariff_name="domestic_blocks")
    fourth = NewMeter(configuration(4), "A1", "domestic_blocks", "C1")
    house.vending.registry.register([fourth], SUPERVISOR, NOON_MS)
    house.vending.registry.open_debt("D1", "A1", "fine", 20_000, SUPERVISOR, NOON_MS, percent=Decimal(10))
    house.meters += [fourth.configuration.meter_pan.decoder_reference_number, "01999999995"]
    return house


def one_by_one(vending: Vending, requests: list[SaleRequest]) -> list[Sale | VendingError]:
    results: list[Sale | VendingError] = []
    for request in requests:
        try:
            results.append(vending.sell(request, NOON_MS))
        except VendingError as error:
            results.append(error)
    return results


def outcome(result: Sale | VendingError) -> object:
    """All but the random bits, and the numbers in which waves differ from a queue."""
    if isinstance(result, VendingError):
        return type(result)
    return replace(result, number=0, tokens=()), [token.token_identifier for token in result.tokens]


@settings(max_examples=25)
@given(ORDERS)
def test_a_batch_is_its_orders_one_by_one(drawn: list[tuple[int, int, int]]) -> None:
    first, second = street(), street()
    requests = [
        SaleRequest(
            message_id=f"m{message}",
            till="T1",
            operator=OPERATOR,
            meter=first.meters[meter],
            amount=Decimal(amount) / 100,
        )
        for meter, amount, message in drawn
    ]
    singly = one_by_one(first.vending, requests)
    together = second.vending.sell_together(requests, NOON_MS)
    assert [outcome(result) for result in together] == [outcome(result) for result in singly]
    assert first.vending.balances() == second.vending.balances()
    assert second.vending.verify_ledger().entries == first.vending.verify_ledger().entries


def test_a_message_id_that_comes_twice_with_two_requests_is_refused_the_second_time() -> None:
    house = street()
    request = house.request("100")
    sold, refused = house.vending.sell_together([request, replace(request, amount=Decimal(101))], NOON_MS)
    assert isinstance(sold, Sale)
    assert isinstance(refused, MessageConflictError)


def test_an_empty_batch_is_nothing() -> None:
    house = street()
    assert house.vending.sell_together([], NOON_MS) == []
    assert house.vending.verify_ledger().entries == 1


def test_a_batch_takes_few_statements() -> None:
    seen: list[str] = []
    house = make_house(meters=50, hook=seen.append)
    seen.clear()
    house.vending.sell_together([house.request("1", meter=meter) for meter in house.meters], NOON_MS)
    assert len(seen) == 4 + 4 + 4
    assert [moment for moment in seen if "commit" in moment] == [
        "pending:commit",
        "pending:committed",
        "post:commit",
        "post:committed",
    ]


def test_an_order_that_waits_for_its_account_keeps_its_message_id() -> None:
    """The second order waits for the first of its account; the third has its message id and may not overtake it."""
    house = street()
    orders = [
        house.request("100", message_id="a"),
        house.request("200", message_id="b"),
        house.request("30", message_id="b", meter=house.meters[1]),
        house.request("40", message_id="b", meter=house.meters[4]),
    ]
    results = house.vending.sell_together(orders, NOON_MS)
    assert [type(result) for result in results] == [Sale, Sale, MessageConflictError, MessageConflictError]
