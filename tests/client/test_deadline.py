"""The deadline of waits: it ends the wait it is for, no other, and hides no one else's cancellation."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

import pytest

from ferraris.client.deadline import Deadline
from ferraris.simulation import run_virtual

T = TypeVar("T")


async def within(deadline: Deadline, awaitable: Awaitable[T], deadline_s: float) -> T:
    with deadline.at(deadline_s):
        return await awaitable


def test_what_comes_in_time_is_given_and_what_does_not_is_a_timeout() -> None:
    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        deadline = Deadline()
        for _ in range(3):
            assert await within(deadline, asyncio.sleep(4, "come"), loop.time() + 5) == "come"
        start = loop.time()
        with pytest.raises(TimeoutError):
            await within(deadline, asyncio.sleep(60), loop.time() + 5)
        assert loop.time() - start == pytest.approx(5)
        assert await within(deadline, asyncio.sleep(1, "again"), loop.time() + 2) == "again"
        deadline.close()
        start = loop.time()
        await asyncio.sleep(100)

    run_virtual(scenario())


def test_an_earlier_deadline_than_the_last_one_holds() -> None:
    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        deadline = Deadline()
        await within(deadline, asyncio.sleep(1), loop.time() + 50)
        start = loop.time()
        with pytest.raises(TimeoutError):
            await within(deadline, asyncio.sleep(60), loop.time() + 5)
        assert loop.time() - start == pytest.approx(5)

    run_virtual(scenario())


def test_a_cancellation_by_someone_else_stays_one() -> None:
    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        deadline = Deadline()
        task = asyncio.create_task(within(deadline, asyncio.sleep(60), loop.time() + 5))
        await asyncio.sleep(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run_virtual(scenario())
