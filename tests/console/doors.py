"""The doors through which tills reach the desk: REST, letters of XMLVend, the till page. One desk stands behind all of them."""

from __future__ import annotations

import asyncio
import re
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import httpx
from fastapi import FastAPI
from nicegui import Client, ui

from ferraris.console.pages.frame import Region, Workplace
from ferraris.console.pages.till import TillView, _Till
from ferraris.console.pages.till_frame import Who
from ferraris.console.vending_desk import VendingDesk
from ferraris.console.vending_problems import add_vending_problem_handlers
from ferraris.console.vending_rest import sale_routes
from ferraris.console.xmlvend import XMLVEND_PATH, xmlvend_routes
from ferraris.vending import Sale, SaleRequest
from tests.console.shop import OPERATOR, PREFIX, Shop
from tests.console.xmlvend.letters import letter, meter_method, money

WAIT_S = 10.0


class Moments:
    """A write hook that counts moments, and can hold up whoever writes."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()
        self.writing = threading.Event()
        self.free = threading.Event()
        self.free.set()

    def hold(self) -> None:
        """Count anew, and hold up the next one who writes."""
        self.seen.clear()
        self.writing.clear()
        self.free.clear()

    def __call__(self, moment: str) -> None:
        self.seen[moment] += 1
        self.writing.set()
        self.free.wait(WAIT_S)


class WatchedDesk(VendingDesk):
    """A desk of which one can wait until a till has asked it for a sale."""

    asked: asyncio.Semaphore
    """One for each till that has asked."""

    def __init__(self, shop: Shop) -> None:
        super().__init__(shop.vending, shop.clock)
        object.__setattr__(self, "asked", asyncio.Semaphore(0))

    async def sell(self, request: SaleRequest) -> Sale:
        self.asked.release()
        return await super().sell(request)


@dataclass
class Answer:
    """What a till is told: the digits of its token, or why it has none."""

    digits: str = ""
    refusal: str = ""


Door = Callable[[VendingDesk, str, str, str], Awaitable[Answer]]
"""One till: the desk, the till's name, the meter, the amount."""


async def by_rest(desk: VendingDesk, till: str, meter: str, amount: str) -> Answer:
    body = {"message_id": till, "till": till, "operator": OPERATOR, "meter": meter, "amount": amount}
    async with _client(desk) as client:
        answer = await client.post(f"{PREFIX}/sales", json=body)
    if answer.is_success:
        return Answer(answer.json()["sale"]["tokens"][0]["digits"])
    return Answer(refusal=answer.text)


async def by_letter(desk: VendingDesk, till: str, meter: str, amount: str) -> Answer:
    octets = letter("r:creditVendReq", meter_method(meter) + money(amount), terminal=till)
    async with _client(desk) as client:
        answer = await client.post(XMLVEND_PATH, content=octets)
    if not answer.is_success:
        return Answer(refusal=answer.text)
    found = re.search(r"\b\d{20}\b", answer.text)
    assert found is not None, answer.text
    return Answer(found.group())


class _TillWithoutBrowser(_Till):
    """The till's page; what it would show next is kept."""

    def __init__(self, desk: VendingDesk, till: str, meter: str) -> None:
        # a till that sells looks at nothing but the desk
        super().__init__(Workplace(None, None, None, desk), desk, TillView(meter))  # type: ignore[arg-type]
        self.who = Who(till, OPERATOR)
        self._refused, self._breakdown = Region(), Region()
        self.number = 0

    async def sell(self, fields: Mapping[str, str]) -> str:
        """Submit the form; what the page says of a refusal."""
        await self.forms["purchase"](fields)
        return self._refused._shown

    def _go(self, view: TillView) -> None:
        self.number = view.sale


async def by_page(desk: VendingDesk, till: str, meter: str, amount: str) -> Answer:
    with Client(ui.page("/till"), request=None):
        page = _TillWithoutBrowser(desk, till, meter)
    refusal = await page.sell({"amount": amount})
    if not page.number:
        return Answer(refusal=refusal)
    return Answer((await desk.run(lambda vending, _: vending.sale(page.number))).tokens[-1].digits)


DOORS: Mapping[str, Door] = {"REST": by_rest, "XMLVend": by_letter, "till page": by_page}


def _client(desk: VendingDesk) -> httpx.AsyncClient:
    app = FastAPI()
    app.include_router(sale_routes(desk), prefix=PREFIX)
    app.include_router(xmlvend_routes(desk))
    add_vending_problem_handlers(app)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost")
