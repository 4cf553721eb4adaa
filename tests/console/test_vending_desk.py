"""The desk: what is asked of vending is done beside the event loop, in the system's time."""

from __future__ import annotations

import threading

import pytest

from ferraris.vending import AmountError, Vending
from tests.console.shop import NOON_MS, open_shop


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
