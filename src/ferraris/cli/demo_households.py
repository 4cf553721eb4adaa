"""The households of the demo's prepaid meters: this process plays them, at the keypads and at the till.

The till is the head-end's REST, the keypads are the meters' own. Either process may be killed; see `simulation.households`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import httpx

from ferraris.cli.keypad import Keypads
from ferraris.kernel.errors import ConfigError
from ferraris.kernel.json_text import read_json
from ferraris.simulation import NOBODY, Bought, Display, TillRefusedError

TILL_TIMEOUT_S: Final = 30.0
SALES_MAX: Final = 10_000
OPEN_DELIVERIES: Final = ("none", "sent")


class RestTill:
    """The head-end's REST of vending, as far as a customer needs it."""

    def __init__(self, address: str, name: str) -> None:
        self._client = httpx.Client(base_url=f"{address}/api/v1/vending/", timeout=TILL_TIMEOUT_S)
        self._name = name

    def sell(self, message_id: str, meter: str, amount: Decimal) -> Bought | None:
        """Buy; None when the till cannot answer now, and must be asked again. Raises TillRefusedError."""
        order = {"till": self._name, "operator": self._name, "meter": meter, "message_id": message_id}
        try:
            answer = self._client.post("sales", json=order | {"amount": str(amount)})
        except httpx.HTTPError:
            return None
        if answer.is_success:
            return _bought(_content_of(answer)["sale"])
        if answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR or "retry" in answer.text:
            return None
        raise TillRefusedError("the till refuses a sale", got=answer.text[:200])

    def drawer(self, meter: str) -> tuple[int, list[Bought]] | None:
        """How many orders were made for a meter, and those whose delivery is open; None when the till cannot answer now.

        Raises TillRefusedError for an answer that cannot be read.
        """
        try:
            answer = self._client.get("sales", params={"meter": meter, "limit": SALES_MAX})
            answer.raise_for_status()
        except httpx.HTTPError:
            return None
        sales = [view["sale"] for view in _content_of(answer)]
        return len(sales), [_bought(sale) for sale in sales if sale["delivery"] in OPEN_DELIVERIES]

    def close(self) -> None:
        self._client.close()


class FleetKeypads:
    """The keypads of the fleet's process."""

    def __init__(self, keypads: Keypads) -> None:
        self._keypads = keypads

    def displays(self) -> dict[int, Display]:
        """Those without power show nothing, and none does while their process is away."""
        try:
            shown = self._keypads.displays()
        except ConfigError:
            return {}
        return {
            one["number"]: Display(one["credit_wh"], one["supplied"]) for one in shown if one["credit_wh"] is not None
        }

    def type(self, number: int, digits: str) -> str:
        """The meter's result."""
        try:
            return str(self._keypads.type(number, digits)["result"])
        except ConfigError:
            return NOBODY


def household_log(path: Path, now_ms: Callable[[], int]) -> Callable[[int, str, str, str], None]:
    """Writes a line for each thing that a household does."""

    def note(household: int, did: str, what: str, result: str) -> None:
        line = {"at_ms": now_ms(), "household": household, "did": did, "what": what, "result": result}
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    return note


def _content_of(answer: httpx.Response) -> Any:
    return read_json(answer.content, "the till's answer", error=TillRefusedError)


def _bought(sale: dict[str, Any]) -> Bought:
    return Bought(tuple(token["digits"] for token in sale["tokens"]), Decimal(sale["units_tenths"]) / 10)
