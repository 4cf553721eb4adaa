"""From rows to sales: many at once are as one by one, and a pending sale shows no token."""

from __future__ import annotations

import pytest

from ferraris.keys.security_module import SecurityModuleUnavailable
from ferraris.store import SaleFilter
from ferraris.vending import EngineeringKind, SalePendingError, TokenKind
from ferraris.vending.sale_view import sale_views, token_kind
from tests.vending.house import MINUTE_MS, NOON_MS, make_house


def test_many_sales_are_as_one_by_one() -> None:
    house = make_house(meters=3, tariff_name="domestic_blocks")
    sold = [house.vending.sell(house.request("100", meter=meter), NOON_MS) for meter in house.meters * 2]
    with house.store.reading() as reader:
        views = sale_views(reader, reader.sales(SaleFilter()), 2)
        assert sale_views(reader, [], 2) == []
    assert views == sold[::-1]


def test_a_pending_sale_shows_no_token() -> None:
    house = make_house()
    house.module.failure = SecurityModuleUnavailable("away")
    with pytest.raises(SalePendingError) as caught:
        house.vending.sell(house.request("1"), NOON_MS)
    sale = house.vending.sale(caught.value.number)
    assert (sale.tokens, sale.credit_token, sale.finished_ms) == ((), None, None)


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        ("credit_electricity", TokenKind.CREDIT),
        ("credit_time", TokenKind.CREDIT),
        ("key_change", TokenKind.KEY_CHANGE),
        *((kind.value, TokenKind.ENGINEERING) for kind in EngineeringKind),
    ],
)
def test_what_a_planned_token_is_for(kind: str, shown: TokenKind) -> None:
    assert token_kind(kind) is shown


# which sales                                                   how many of the six
FILTERS: list[tuple[dict[str, object], int]] = [
    ({}, 6),
    ({"meter": "01000000016"}, 2),
    ({"account": "A2"}, 2),
    ({"till": "T1"}, 6),
    ({"till": "T2"}, 0),
    ({"operator": "olga"}, 6),
    ({"states": ("posted",)}, 6),
    ({"states": ("void", "reversed")}, 0),
    ({"kinds": ("credit",)}, 6),
    ({"deliveries": ("sent",)}, 0),
    ({"from_ms": NOON_MS + MINUTE_MS}, 5),
    ({"until_ms": NOON_MS + MINUTE_MS}, 1),
    ({"below": 5}, 2),
    ({"above": 5}, 3),
    ({"limit": 4}, 4),
]


@pytest.mark.parametrize(("wanted", "count"), FILTERS, ids=str)
def test_sales_are_found_by_what_is_asked(wanted: dict[str, object], count: int) -> None:
    house = make_house(meters=3)
    for step in range(6):
        house.vending.sell(house.request("1", meter=house.meters[step % 3]), NOON_MS + step * MINUTE_MS)
    found = house.vending.sales(SaleFilter(**wanted))  # type: ignore[arg-type]
    assert len(found) == count
    assert [sale.number for sale in found] == sorted((sale.number for sale in found), reverse=True)
