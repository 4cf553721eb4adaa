"""The households of the demo's prepaid meters: this process plays them, at the keypads and at the till.

The till is the head-end's REST, the keypads are the meters' own. Either may be away for a while, since either process may be
killed: then the same is done again at the next look, under the same message id. What is in the drawer after a start are the
receipts of sales that no meter is known to have taken.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, Decimal
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import httpx

from ferraris.cli.keypad import Keypads
from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import ConfigError, FerrarisError
from ferraris.meter.payment import decoder_reference_number
from ferraris.simulation.household import Buy, Display, Household, Temper, Type

TILL_TIMEOUT_S: Final = 30.0
SALES_MAX: Final = 10_000
PRICE: Final = Decimal(3)
"""What a household reckons a kWh to cost."""
STEP: Final = Decimal(5)
AMOUNT_MIN: Final = Decimal(30)
AMOUNT_MAX: Final = Decimal(5_000)
OPEN_DELIVERIES: Final = ("none", "sent")
NOBODY: Final = "not_ready"
"""What counts as a keypad's answer when there is none."""
WRONG_METER_HOUSEHOLD: Final = 1
"""It types the first token that its neighbour has bought."""


@dataclass(frozen=True, slots=True)
class Bought:
    """What the till has given."""

    tokens: tuple[str, ...]
    units_kwh: Decimal


class TillRefusedError(FerrarisError):
    """The till will not sell this, however often it is asked."""


class Till:
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
            return _bought(answer.json()["sale"])
        if answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR or "retry" in answer.text:
            return None
        raise TillRefusedError("the till refuses a sale", got=answer.text[:200])

    def sales(self, meter: str) -> list[dict[str, Any]] | None:
        """The meter's sales, the newest first; None when the till cannot answer now."""
        try:
            answer = self._client.get("sales", params={"meter": meter, "limit": SALES_MAX})
            answer.raise_for_status()
        except httpx.HTTPError:
            return None
        return [view["sale"] for view in answer.json()]

    def close(self) -> None:
        self._client.close()


def _bought(sale: dict[str, Any]) -> Bought:
    return Bought(tuple(token["digits"] for token in sale["tokens"]), Decimal(sale["units_tenths"]) / 10)


@dataclass(slots=True)
class _Home:
    """A household, its meter, and the order that it waits to be answered."""

    number: int
    household: Household
    sales: int = 0
    """How many orders it has made."""
    order: tuple[str, Decimal] | None = None
    again: bool = False
    """The order is sent once more although it was answered."""

    @property
    def meter(self) -> str:
        return decoder_reference_number(self.number)


@dataclass
class Households:
    """All households of a street. `look` lets each do what it does now."""

    prepaid: int
    till: Till
    keypads: Keypads
    log: Path
    """Takes a line for each thing that a household does."""
    now_ms: Callable[[], int]
    seed: int = 1
    temper: Temper = field(default_factory=Temper)
    closing: bool = False
    """The day is over: what was bought is typed, nothing more is bought."""
    problems: list[str] = field(default_factory=list)
    _homes: list[_Home] = field(default_factory=list)
    _swapped: bool = False

    def look(self) -> None:
        """One round along the street."""
        if not self.prepaid or (not self._homes and not self._move_in()):
            return
        shown = self._displays()
        for home in self._homes:
            display = shown.get(home.number)
            if display is None:
                continue
            if self.closing:
                home.household.close_up(self.now_ms())
            if home.order is not None:
                self._order(home)
                continue
            match home.household.look(self.now_ms(), display):
                case Buy(units_kwh, again):
                    home.order, home.again = (self._message_id(home), _amount(units_kwh)), again
                    self._order(home)
                case Type(digits):
                    self._type(home, digits)
        self._swap()

    @property
    def quiet(self) -> bool:
        """Whether nobody has anything more to type or to ask the till."""
        return all(home.order is None and not home.household.busy for home in self._homes)

    def _move_in(self) -> bool:
        """Find out what was bought before; False while the till does not answer."""
        homes = []
        for number in range(1, self.prepaid + 1):
            home = _Home(number, Household(SeededEntropy(f"{self.seed}/household {number}"), self.temper))
            sales = self.till.sales(home.meter)
            if sales is None:
                return False
            home.sales = len(sales)
            for sale in sales:
                if sale["delivery"] in OPEN_DELIVERIES:
                    bought = _bought(sale)
                    home.household.bought(bought.tokens, bought.units_kwh, self.now_ms())
            homes.append(home)
        self._homes = homes
        return True

    def _message_id(self, home: _Home) -> str:
        home.sales += 1
        return f"household {home.number}, order {home.sales}"

    def _order(self, home: _Home) -> None:
        assert home.order is not None
        message_id, amount = home.order
        try:
            bought = self.till.sell(message_id, home.meter, amount)
        except TillRefusedError as error:
            self.problems.append(f"{message_id}: {error}")
            home.order = None
            return
        if bought is None:
            return
        self._note(home, "bought", message_id, f"{bought.units_kwh} kWh")
        if home.again:
            home.again = False  # the order stands, and goes to the till once more at the next look
            home.household.bought(bought.tokens, bought.units_kwh, self.now_ms())
            return
        if home.household.last_token != bought.tokens[-1]:
            home.household.bought(bought.tokens, bought.units_kwh, self.now_ms())
        home.order = None

    def _displays(self) -> dict[int, Display]:
        """What the meters show; those without power show nothing, and none does while their process is away."""
        try:
            shown = self.keypads.displays()
        except ConfigError:
            return {}
        return {
            one["number"]: Display(one["credit_wh"], one["supplied"]) for one in shown if one["credit_wh"] is not None
        }

    def _type(self, home: _Home, digits: str) -> None:
        try:
            result = str(self.keypads.type(home.number, digits)["result"])
        except ConfigError:
            result = NOBODY
        self._note(home, "typed", digits, result)
        home.household.typed(digits, result, self.now_ms())

    def _swap(self) -> None:
        """Once, somebody tries the neighbour's token."""
        if self._swapped or self.prepaid < WRONG_METER_HOUSEHOLD + 1:
            return
        mine, neighbours = self._homes[WRONG_METER_HOUSEHOLD - 1 : WRONG_METER_HOUSEHOLD + 1]
        if neighbours.household.last_token:
            self._swapped = True
            mine.household.types_soon(neighbours.household.last_token, self.now_ms())

    def _note(self, home: _Home, did: str, what: str, result: str) -> None:
        line = {"at_ms": self.now_ms(), "household": home.number, "did": did, "what": what, "result": result}
        with self.log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def _amount(units_kwh: Decimal) -> Decimal:
    """What people put on the counter for about so much: a round sum."""
    steps = (units_kwh * PRICE / STEP).to_integral_value(ROUND_CEILING)
    return min(max(steps * STEP, AMOUNT_MIN), AMOUNT_MAX)
