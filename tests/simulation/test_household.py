"""A household: when it buys, what it types, and that its mistakes are as its temper says."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ferraris.kernel.entropy import SeededEntropy
from ferraris.simulation.household import HOUR_MS, MINUTE_MS, Act, Buy, Display, Household, Temper, Type

TOKEN = "63810027315942068237"
SECTIONS = ("11111111111111111111", "22222222222222222222")
CALM = Temper(careful=1, types=0, slips=0, types_twice=0, retries=0)


def household(temper: Temper = CALM, seed: int = 1) -> Household:
    return Household(SeededEntropy(seed), temper)


def look_on(home: Household, display: Display, from_ms: int, for_ms: int) -> list[tuple[int, Act]]:
    """What it does while it sees the same, minute by minute."""
    acts = []
    for at_ms in range(from_ms, from_ms + for_ms, MINUTE_MS):
        act = home.look(at_ms, display)
        if act is not None:
            acts.append((at_ms, act))
    return acts


def first_purchase(home: Household, display: Display) -> tuple[int, Buy]:
    for at_ms, act in look_on(home, display, 0, 3 * HOUR_MS):
        assert isinstance(act, Buy)
        return at_ms, act
    raise AssertionError("it does not buy")


def test_it_does_nothing_while_there_is_enough() -> None:
    assert look_on(household(), Display(50_000, supplied=True), 0, 24 * HOUR_MS) == []


def test_the_careful_buy_when_credit_is_low_and_the_others_when_the_lamps_go_out() -> None:
    low, dark = Display(500, supplied=True), Display(0, supplied=False)
    assert first_purchase(household(), low)[0] <= HOUR_MS
    careless = household(Temper(careful=0))
    assert look_on(careless, low, 0, 12 * HOUR_MS) == []
    at_ms, _ = look_on(careless, dark, 12 * HOUR_MS, 2 * HOUR_MS)[0]
    assert 12 * HOUR_MS + 5 * MINUTE_MS <= at_ms <= 13 * HOUR_MS


def test_it_buys_what_lasts_for_hours_at_the_rate_it_has_seen() -> None:
    home = household()
    for minute in range(870):
        assert home.look(minute * MINUTE_MS, Display(50_000 - minute * 50, supplied=True)) is None
    _, act = next(iter(look_on(home, Display(5_000, supplied=True), 870 * MINUTE_MS, 3 * HOUR_MS)))
    assert isinstance(act, Buy)
    assert Decimal(8) <= act.units_kwh <= Decimal(37)
    assert act.units_kwh == act.units_kwh.quantize(Decimal("0.1"))


def test_one_who_types_does_so_soon_and_only_once() -> None:
    home = household(Temper(careful=1, types=1, slips=0, types_twice=0, retries=0))
    at_ms, _ = first_purchase(home, Display(500, supplied=True))
    home.bought((*SECTIONS, TOKEN), Decimal(5), at_ms)
    acts = [
        (at, act) for at, act in look_on(home, Display(500, supplied=True), at_ms, HOUR_MS) if isinstance(act, Type)
    ]
    assert [act for _, act in acts] == [Type(SECTIONS[0]), Type(SECTIONS[1]), Type(TOKEN)]
    assert acts[0][0] - at_ms <= 20 * MINUTE_MS


def test_one_who_waits_types_when_nothing_has_arrived() -> None:
    home = household()
    at_ms, _ = first_purchase(home, Display(500, supplied=True))
    home.bought((TOKEN,), Decimal(5), at_ms)
    acts = look_on(home, Display(400, supplied=True), at_ms + MINUTE_MS, 4 * HOUR_MS)
    assert [act for _, act in acts] == [Type(TOKEN)]
    assert acts[0][0] == at_ms + CALM.patience_ms


def test_in_the_dark_patience_is_short() -> None:
    home = household()
    at_ms, _ = first_purchase(home, Display(0, supplied=False))
    home.bought((TOKEN,), Decimal(5), at_ms)
    (typed_ms, act), *_ = look_on(home, Display(0, supplied=False), at_ms + MINUTE_MS, HOUR_MS)
    assert act == Type(TOKEN)
    assert typed_ms < at_ms + HOUR_MS


def test_a_token_that_has_arrived_is_not_typed() -> None:
    home = household()
    at_ms, _ = first_purchase(home, Display(500, supplied=True))
    home.bought((TOKEN,), Decimal(20), at_ms)
    assert look_on(home, Display(20_450, supplied=True), at_ms + MINUTE_MS, 10 * HOUR_MS) == []


def test_slips_change_one_digit_and_are_followed_by_the_right_token() -> None:
    home = household(Temper(careful=1, types=1, slips=1, types_twice=1, retries=1))
    at_ms, act = first_purchase(home, Display(500, supplied=True))
    assert act.again
    home.bought((TOKEN,), Decimal(5), at_ms)
    typed = [
        act.digits for _, act in look_on(home, Display(500, supplied=True), at_ms, HOUR_MS) if isinstance(act, Type)
    ]
    assert typed[1:] == [TOKEN, TOKEN]
    assert sum(one != other for one, other in zip(typed[0], TOKEN, strict=True)) == 1


@pytest.mark.parametrize(("result", "tries"), [("lockout", 2), ("not_ready", 2), ("used_error", 1), ("accept", 1)])
def test_what_a_keypad_cannot_take_now_is_typed_later(result: str, tries: int) -> None:
    home = household(Temper(careful=1, types=1, slips=0, types_twice=0, retries=0))
    at_ms, _ = first_purchase(home, Display(500, supplied=True))
    home.bought((TOKEN,), Decimal(5), at_ms)
    (typed_ms, _), *_ = look_on(home, Display(500, supplied=True), at_ms, HOUR_MS)
    home.typed(TOKEN, result, typed_ms)
    again = look_on(home, Display(500, supplied=True), typed_ms + MINUTE_MS, HOUR_MS)
    assert [act for _, act in again if isinstance(act, Type)] == [Type(TOKEN)] * (tries - 1)


def test_a_neighbours_token_is_typed_like_any_other() -> None:
    home = household()
    home.types_soon(TOKEN, 0)
    assert look_on(home, Display(50_000, supplied=True), 0, HOUR_MS) == [(0, Type(TOKEN))]


def test_at_the_end_it_types_what_it_has_and_buys_no_more() -> None:
    home = household()
    at_ms, _ = first_purchase(home, Display(500, supplied=True))
    home.bought((TOKEN,), Decimal(5), at_ms)
    assert home.busy
    home.close_up(at_ms)
    assert [act for _, act in look_on(home, Display(0, supplied=False), at_ms, 10 * HOUR_MS)] == [Type(TOKEN)]
    assert not home.busy


def test_a_street_plays_the_same_way_from_the_same_seed() -> None:
    def play(seed: int) -> list[tuple[int, Act]]:
        home = household(Temper(), seed)
        return look_on(home, Display(100, supplied=True), 0, 12 * HOUR_MS)

    assert play(5) == play(5)
    assert len({str(play(seed)) for seed in range(10)}) > 1
