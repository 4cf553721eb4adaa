"""A street of households at a till and keypads in the same process: nothing is bought twice, nothing is left untyped."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

from ferraris.meter import decoder_reference_number
from ferraris.simulation.household import Display, Temper
from ferraris.simulation.households import NOBODY, Bought, Households, TillRefusedError

MINUTE_MS = 60_000
EAGER = Temper(careful=1, types=1, slips=0, types_twice=0, retries=1)


class Street:
    """A till that sells, and meters that are dark until something is typed."""

    def __init__(self) -> None:
        self.sold: dict[str, tuple[str, Bought]] = {}
        self.taken: list[tuple[int, str]] = []
        self.lit: Counter[int] = Counter()
        self.away = False
        self.refuses = False

    def sell(self, message_id: str, meter: str, amount: Decimal) -> Bought | None:
        if self.away:
            return None
        if self.refuses:
            raise TillRefusedError("no such meter")
        assert 30 <= amount <= 5_000
        assert amount % 5 == 0
        bought = Bought((f"{len(self.sold) + 1:020}",), Decimal(10))
        return self.sold.setdefault(message_id, (meter, bought))[1]

    def drawer(self, meter: str) -> tuple[int, list[Bought]] | None:
        if self.away:
            return None
        mine = [bought for other, bought in self.sold.values() if other == meter]
        return len(mine), [bought for bought in mine if bought.tokens[0] not in {token for _, token in self.taken}]

    def displays(self) -> dict[int, Display]:
        return {number: Display(self.lit[number] * 10_000, bool(self.lit[number])) for number in (1, 2)}

    def type(self, number: int, digits: str) -> str:
        if self.away:
            return NOBODY
        meters = {bought.tokens[0]: meter for meter, bought in self.sold.values()}
        if meters[digits] != decoder_reference_number(number):
            return "crc_error"
        self.taken.append((number, digits))
        self.lit[number] += 1
        return "accept"


def live(street: Street, minutes: int, *, closing: bool = False) -> tuple[Households, list[tuple[int, str, str]]]:
    now = [0]
    noted: list[tuple[int, str, str]] = []

    def note(household: int, did: str, what: str, result: str) -> None:
        noted.append((household, did, result))

    households = Households(2, street, street, lambda: now[0], note, temper=EAGER)
    households.closing = closing
    for _ in range(minutes):
        now[0] += MINUTE_MS
        households.look()
    return households, noted


def test_each_household_in_the_dark_buys_types_and_has_light() -> None:
    street = Street()
    _, noted = live(street, 120)
    assert set(street.sold) == {"household 1, order 1", "household 2, order 1"}
    assert street.lit == {1: 1, 2: 1}
    assert (1, "typed", "crc_error") in noted, "the neighbour's token"
    assert noted.count((1, "bought", "10 kWh")) == 2, "the order was sent again"


def test_while_the_till_is_away_nothing_happens_and_then_it_does() -> None:
    street = Street()
    street.away = True
    _, noted = live(street, 60)
    assert noted == []
    street.away = False
    live(street, 120)
    assert street.lit == {1: 1, 2: 1}


def test_a_new_process_finds_its_receipts_and_does_not_reuse_message_ids() -> None:
    street = Street()
    street.sell("household 1, order 1", decoder_reference_number(1), Decimal(30))
    households, _ = live(street, 10, closing=True)
    assert households.quiet
    assert street.lit == {1: 1}
    street.lit.clear()
    live(street, 120)
    assert "household 1, order 2" in street.sold


def test_what_is_refused_for_good_is_told() -> None:
    street = Street()
    street.refuses = True
    households, _ = live(street, 120)
    assert any("household 2" in problem for problem in households.problems)
