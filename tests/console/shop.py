"""A shop that sells tokens, for the tests of what it shows and takes: a vending system in a bottle with REST over it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from ferraris.console import create_vending_rest
from ferraris.console.vending_desk import VendingDesk
from ferraris.kernel.clock import ManualClock
from ferraris.store import SaleFilter
from ferraris.vending import (
    CampaignGoal,
    Delivery,
    EngineeringKind,
    EngineeringRequest,
    NewMeter,
    Sale,
    SaleRequest,
    Vending,
)
from tests.vending.house import NOON_MS, OPERATOR, SUPERVISOR, House, configuration, make_house, reference_number

PREFIX = "/api/v1/vending"


@dataclass
class Shop:
    """A vending system, its clock, and REST over both."""

    house: House
    clock: ManualClock

    @cached_property
    def client(self) -> TestClient:
        """REST over the shop, made when it is asked for the first time."""
        return TestClient(create_vending_rest(self.vending, self.clock), base_url="http://localhost")

    @property
    def vending(self) -> Vending:
        return self.house.vending

    @property
    def meter(self) -> str:
        return self.house.meter

    @property
    def desk(self) -> VendingDesk:
        return VendingDesk(self.vending, self.clock)

    def get(self, path: str, **query: Any) -> Any:
        answer = self.client.get(f"{PREFIX}/{path}", params=query)
        assert answer.is_success, answer.text
        return answer.json()

    def post(self, path: str, **body: Any) -> Any:
        answer = self.client.post(f"{PREFIX}/{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def refused(self, status: int, path: str, **body: Any) -> Any:
        answer = self.client.post(f"{PREFIX}/{path}", json=body)
        assert answer.status_code == status, answer.text
        return answer.json()

    def order(self, message_id: str = "m1", **changes: Any) -> dict[str, Any]:
        """The body of a sale."""
        return {
            "message_id": message_id,
            "till": "T1",
            "operator": OPERATOR,
            "meter": self.meter,
            "amount": "100",
            **changes,
        }

    def sales(self) -> list[Sale]:
        """Every order, the newest first, from the store itself."""
        return self.vending.sales(SaleFilter())

    def sell(self, **changes: Any) -> Sale:
        return self.vending.sell(self.house.request(**changes), self.clock.now_ms())


NAMES = (
    "Thandi Dlamini", "Johan van Wyk", "Nomvula Khumalo", "Priya Naidoo", "Sipho Mokoena", "Lerato Molefe", "Anele Zulu",
    "Fatima Patel", "Themba Nkosi", "Grace Mahlangu", "Pieter Botha", "Zanele Sithole",
)  # fmt: skip


def open_street(now_ms: int, directory: Path) -> House:
    """A vending system that has seen some days: customers, debts, sales at two tills, a shift, a campaign, a request."""
    house = make_house(directory / "vending.sqlite", meters=0)
    vending, hour_ms = house.vending, 3_600_000
    house.meters = [reference_number(serial) for serial in range(1, len(NAMES) + 1)]
    new = [
        NewMeter(
            configuration(serial),
            f"ACC-{1000 + serial}",
            "domestic_blocks",
            f"C{serial}",
            name,
            f"+27 82 555 01{serial:02d}",
        )
        for serial, name in enumerate(NAMES, 1)
    ]
    vending.registry.register(new, SUPERVISOR, now_ms - 200 * hour_ms)
    vending.registry.open_debt(
        "D-2", "ACC-1002", "connection fee", 125_000, SUPERVISOR, now_ms - 190 * hour_ms, percent=Decimal(10)
    )
    vending.registry.block(house.meters[11], "meter reported stolen", SUPERVISOR, now_ms - 50 * hour_ms)
    vending.shifts.open("till-1", "ann", now_ms - 6 * hour_ms, 20_000)
    for place in range(14):
        request = SaleRequest(
            message_id=f"street-{place}", till="till-1" if place % 3 else "till-2", operator="ann" if place % 3 else "ben",
            meter=house.meters[place % 9], amount=Decimal(40 + 35 * (place % 5)),
        )  # fmt: skip
        at_ms = now_ms - (14 - place) * 20 * 60_000
        sale = vending.sell(request, at_ms)
        if place % 4:
            vending.mark_delivered(sale.number, Delivery.ACCEPTED, at_ms + 40_000, "accept")
    goal = CampaignGoal(key_revision_number=2)
    vending.campaigns.start("new vending key", goal, SUPERVISOR, now_ms - 5 * hour_ms, house.meters[3:10])
    ask = EngineeringRequest(
        message_id="ask-1", till="till-1", operator="ann", meter=house.meters[4], kind=EngineeringKind.CLEAR_TAMPER,
        reason="cover was opened by the electrician",
    )  # fmt: skip
    vending.engineering.request(ask, now_ms - hour_ms)
    return house


@contextmanager
def open_shop(**changes: Any) -> Iterator[Shop]:
    """A shop at noon; `changes` as `make_house` takes them."""
    house = make_house(**{"meters": 3, **changes})
    try:
        yield Shop(house, ManualClock(NOON_MS))
    finally:
        house.store.close()


__all__ = ["NOON_MS", "OPERATOR", "PREFIX", "SUPERVISOR", "Shop", "open_shop"]
