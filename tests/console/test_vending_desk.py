"""The desk: what is asked of vending is done beside the event loop, in the system's time."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

import pytest

from ferraris.vending import AmountError, Vending
from tests.console.doors import DOORS, WAIT_S, Answer, Door, Moments, WatchedDesk
from tests.console.shop import NOON_MS, Shop, open_shop


@pytest.mark.anyio
async def test_calls_run_beside_the_event_loop_in_the_systems_time() -> None:
    def call(vending: Vending, now_ms: int) -> tuple[int, int]:
        return threading.get_ident(), now_ms

    with open_shop(meters=0) as shop:
        thread, now_ms = await shop.desk.run(call)
        assert (thread != threading.get_ident(), now_ms) == (True, NOON_MS)
        shop.clock.advance(5)
        assert (await shop.desk.run(call))[1] == shop.desk.now_ms() == NOON_MS + 5
        assert shop.desk.settings is shop.vending.settings


@pytest.mark.anyio
async def test_errors_come_out() -> None:
    def fail(vending: Vending, now_ms: int) -> None:
        raise AmountError("zero")

    with open_shop(meters=0) as shop, pytest.raises(AmountError):
        await shop.desk.run(fail)


async def at_once(shop: Shop, moments: Moments, orders: Sequence[tuple[Door, str, str]]) -> list[Answer]:
    """Tills that sell at the same time, through the doors given: all but the first come while that one is under way."""
    desk, tills = WatchedDesk(shop), []
    moments.hold()
    try:
        for place, (door, meter, amount) in enumerate(orders):
            tills.append(asyncio.create_task(door(desk, f"T{place}", meter, amount)))
            await asyncio.wait_for(desk.asked.acquire(), WAIT_S)
            assert await asyncio.to_thread(moments.writing.wait, WAIT_S)
    finally:
        moments.free.set()
    return list(await asyncio.gather(*tills))


@pytest.mark.anyio
@pytest.mark.parametrize("door", DOORS)
async def test_tills_that_sell_at_once_share_commits_through_every_door(door: str) -> None:
    moments = Moments()
    with open_shop(hook=moments, meters=5) as shop:
        answers = await at_once(shop, moments, [(DOORS[door], meter, "100") for meter in shop.house.meters])
        assert moments.seen["pending:commit"] == moments.seen["post:commit"] == 2, "one alone, four together"
        assert {answer.digits for answer in answers} == {sale.tokens[0].digits for sale in shop.sales()}
        assert len({answer.digits for answer in answers}) == 5


@pytest.mark.anyio
async def test_the_doors_lead_to_one_desk() -> None:
    moments = Moments()
    with open_shop(hook=moments, meters=6) as shop:
        doors = [*DOORS.values(), *DOORS.values()]
        answers = await at_once(shop, moments, [(*one, "100") for one in zip(doors, shop.house.meters, strict=True)])
        assert moments.seen["post:commit"] == 2
        assert len({answer.digits for answer in answers if len(answer.digits) == 20}) == 6


@pytest.mark.anyio
@pytest.mark.parametrize("door", DOORS)
async def test_a_refusal_in_a_group_touches_nobody_else(door: str) -> None:
    """The sales beside it are what they are one by one: the same tokens, amounts and entries."""
    moments = Moments()
    with open_shop(hook=moments, meters=4) as shop, open_shop(meters=4) as alone:
        first, second, blocked, fourth = shop.house.meters
        for one in (shop, alone):
            one.vending.registry.block(blocked, "meter reported stolen", "sarah", NOON_MS)
        orders = [(DOORS[door], meter, "100") for meter in (first, second, blocked, fourth)]
        answers = await at_once(shop, moments, orders)
        assert [bool(answer.digits) for answer in answers] == [True, True, False, True]
        assert "meter reported stolen" in answers[2].refusal
        assert moments.seen["post:commit"] == 2
        one_by_one = [
            (await DOORS[door](WatchedDesk(alone), f"T{place}", *order[1:])).digits
            for place, order in enumerate(orders)
        ]
        assert [answer.digits for answer in answers] == one_by_one
        assert [sale.breakdown for sale in sorted(shop.sales(), key=lambda sale: sale.till)] == [
            sale.breakdown for sale in sorted(alone.sales(), key=lambda sale: sale.till)
        ]
        assert shop.vending.balances() == alone.vending.balances()
        shop.vending.verify_ledger()
