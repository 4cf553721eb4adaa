"""Group commit: tills that sell at the same time share commits, and each has its own answer."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter

import pytest

from ferraris.console.group_commit import GroupCommit
from ferraris.kernel.errors import StoreError
from ferraris.kernel.limits import VENDING_BATCH_MAX
from ferraris.vending import Sale, SaleState, UnknownMeterError
from tests.console.shop import Shop, open_shop

pytestmark = pytest.mark.anyio


class Moments:
    """A write hook that counts moments, and can hold up the first commit or fail one."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()
        self.hold = threading.Event()
        self.hold.set()
        self.fail = ""

    def __call__(self, moment: str) -> None:
        self.seen[moment] += 1
        self.hold.wait(10)
        if moment == self.fail:
            self.fail = ""
            raise StoreError("the disk is full")


async def sell_at_once(shop: Shop, tills: int, moments: Moments) -> list[object]:
    """Sales of many tills, all but the first of which come while that one is under way."""
    group = GroupCommit(shop.vending, shop.clock)
    requests = [shop.house.request(till=f"T{place}", meter=shop.house.meters[place % 3]) for place in range(tills)]
    moments.hold.clear()
    first = asyncio.create_task(group.sell(requests[0]))
    for _ in range(3):  # it joins a group, the group's task begins, and has the turn
        await asyncio.sleep(0)
    others = [asyncio.create_task(group.sell(request)) for request in requests[1:]]
    await asyncio.sleep(0)
    moments.hold.set()
    return list(await asyncio.gather(first, *others, return_exceptions=True))


async def test_sales_that_come_during_a_commit_share_the_next_one() -> None:
    moments = Moments()
    with open_shop(hook=moments) as shop:
        moments.seen.clear()
        sales = await sell_at_once(shop, 30, moments)
        assert all(isinstance(sale, Sale) and sale.state is SaleState.POSTED for sale in sales)
        assert len({sale.tokens[0].digits for sale in sales if isinstance(sale, Sale)}) == 30
        assert moments.seen["pending:commit"] == moments.seen["post:commit"] == 2  # one alone, 29 together
        assert shop.vending.verify_ledger().entries == 60


async def test_a_till_that_is_alone_waits_for_nobody() -> None:
    with open_shop() as shop:
        group = GroupCommit(shop.vending, shop.clock)
        numbers = [(await group.sell(shop.house.request())).number for _ in range(3)]
        assert numbers == [1, 3, 5]


async def test_a_refusal_meets_only_the_one_who_asked() -> None:
    moments = Moments()
    with open_shop(hook=moments) as shop:
        group = GroupCommit(shop.vending, shop.clock)
        strange = shop.house.request(meter="01999999999")
        wanted = [shop.house.request(), shop.house.request(), strange, shop.house.request()]
        answers = await asyncio.gather(*map(group.sell, wanted), return_exceptions=True)
        assert [type(answer) for answer in answers] == [Sale, Sale, UnknownMeterError, Sale]


async def test_the_same_order_twice_in_a_group_is_one_sale() -> None:
    with open_shop() as shop:
        group = GroupCommit(shop.vending, shop.clock)
        request = shop.house.request()
        first, second = await asyncio.gather(group.sell(request), group.sell(request))
        assert first == second
        assert len(shop.sales()) == 1


@pytest.mark.parametrize("moment", ["pending:commit", "post:commit"])
async def test_when_a_group_fails_each_sale_is_tried_by_itself(moment: str) -> None:
    moments = Moments()
    with open_shop(hook=moments) as shop:
        moments.seen.clear()
        moments.fail = moment
        group = GroupCommit(shop.vending, shop.clock)
        answers = await asyncio.gather(*(group.sell(shop.house.request(meter=meter)) for meter in shop.house.meters))
        assert [answer.state for answer in answers] == [SaleState.POSTED] * 3
        assert moments.seen["post:committed"] == 3
        assert len(shop.sales()) == 3
        shop.vending.verify_ledger()


async def test_who_stops_waiting_does_not_stop_the_sale() -> None:
    with open_shop() as shop:
        group = GroupCommit(shop.vending, shop.clock)
        leaving = asyncio.create_task(group.sell(shop.house.request(message_id="leaving")))
        staying = asyncio.create_task(group.sell(shop.house.request(message_id="staying")))
        await asyncio.sleep(0)
        leaving.cancel()
        assert (await staying).state is SaleState.POSTED
        left = shop.vending.sale_by_message("leaving")
        assert left is not None
        assert left.state is SaleState.POSTED


async def test_a_group_has_no_more_sales_than_vending_takes_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    assert VENDING_BATCH_MAX >= 100
    monkeypatch.setattr("ferraris.console.group_commit.VENDING_BATCH_MAX", 4)
    moments = Moments()
    with open_shop(hook=moments) as shop:
        moments.seen.clear()
        sales = await sell_at_once(shop, 11, moments)
        assert all(isinstance(sale, Sale) for sale in sales)
        assert moments.seen["post:commit"] == 1 + 3  # one alone, then 4, 4 and 2
