"""A shop that sells tokens, for the tests of what it shows and takes: a vending system in a bottle with REST over it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from fastapi.testclient import TestClient

from ferraris.console import create_vending_rest
from ferraris.console.vending_desk import VendingDesk
from ferraris.kernel.clock import ManualClock
from ferraris.vending import Sale, Vending
from tests.vending.house import NOON_MS, OPERATOR, SUPERVISOR, House, make_house

PREFIX = "/api/v1/vending"


@dataclass
class Shop:
    """A vending system, its clock, and REST over both."""

    house: House
    clock: ManualClock
    client: TestClient

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

    def sell(self, **changes: Any) -> Sale:
        return self.vending.sell(self.house.request(**changes), self.clock.now_ms())


@contextmanager
def open_shop(**changes: Any) -> Iterator[Shop]:
    """A shop at noon; `changes` as `make_house` takes them."""
    house = make_house(**{"meters": 3, **changes})
    clock = ManualClock(NOON_MS)
    client = TestClient(create_vending_rest(house.vending, clock), base_url="http://localhost")
    try:
        yield Shop(house, clock, client)
    finally:
        house.store.close()


__all__ = ["NOON_MS", "OPERATOR", "PREFIX", "SUPERVISOR", "Shop", "open_shop"]
