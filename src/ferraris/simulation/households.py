"""A street of households with prepayment meters, played at a till and at keypads that are handed in.

Either may be away for a while: then the same is done again at the next look, under the same message id. What is in the drawer at
the start are the receipts of sales that no meter is known to have taken.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, Decimal
from typing import Final, Protocol

from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import FerrarisError
from ferraris.meter import decoder_reference_number
from ferraris.simulation.household import Buy, Display, Household, Temper, Type

PRICE: Final = Decimal(3)
"""What a household reckons a kWh to cost."""
STEP: Final = Decimal(5)
AMOUNT_MIN: Final = Decimal(30)
AMOUNT_MAX: Final = Decimal(5_000)
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


class Till(Protocol):
    """Where a household buys."""

    def sell(self, message_id: str, meter: str, amount: Decimal) -> Bought | None:
        """Buy; None when the till cannot answer now, and must be asked again. Raises TillRefusedError."""
        ...

    def drawer(self, meter: str) -> tuple[int, Sequence[Bought]] | None:
        """How many orders were made for a meter, and those of which it isn't known whether the meter has them; None: not now."""
        ...


class Keypads(Protocol):
    """The meters, from the front."""

    def displays(self) -> Mapping[int, Display]:
        """What the meters show; one that shows nothing is not in it."""
        ...

    def type(self, number: int, digits: str) -> str:
        """The meter's result; `NOBODY` when nobody answers."""
        ...


@dataclass(slots=True)
class _Home:
    """A household, its meter, and the order that it waits to be answered."""

    number: int
    household: Household
    orders: int = 0
    """How many it has made."""
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
    now_ms: Callable[[], int]
    note: Callable[[int, str, str, str], None]
    """Told what each household (by its meter's number) did, with what, and what came of it."""
    seed: int = 1
    temper: Temper = field(default_factory=Temper)
    amount_min: Decimal = AMOUNT_MIN
    closing: bool = False
    """The day is over: what was bought is typed, nothing more is bought."""
    problems: list[str] = field(default_factory=list)
    _homes: list[_Home] = field(default_factory=list)
    _swapped: bool = False

    def look(self) -> None:
        """One round along the street."""
        if not self.prepaid or (not self._homes and not self._move_in()):
            return
        shown = self.keypads.displays()
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
                    home.order, home.again = (self._message_id(home), self._amount(units_kwh)), again
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
            drawer = self.till.drawer(home.meter)
            if drawer is None:
                return False
            home.orders = drawer[0]
            for bought in drawer[1]:
                home.household.bought(bought.tokens, bought.units_kwh, self.now_ms())
            homes.append(home)
        self._homes = homes
        return True

    def _message_id(self, home: _Home) -> str:
        home.orders += 1
        return f"household {home.number}, order {home.orders}"

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
        self.note(home.number, "bought", message_id, f"{bought.units_kwh} kWh")
        if home.again:
            home.again = False  # the order stands, and goes to the till once more at the next look
            home.household.bought(bought.tokens, bought.units_kwh, self.now_ms())
            return
        if home.household.last_token != bought.tokens[-1]:
            home.household.bought(bought.tokens, bought.units_kwh, self.now_ms())
        home.order = None

    def _type(self, home: _Home, digits: str) -> None:
        result = self.keypads.type(home.number, digits)
        self.note(home.number, "typed", digits, result)
        home.household.typed(digits, result, self.now_ms())

    def _swap(self) -> None:
        """Once, somebody tries the neighbour's token."""
        if self._swapped or self.prepaid < WRONG_METER_HOUSEHOLD + 1:
            return
        mine, neighbours = self._homes[WRONG_METER_HOUSEHOLD - 1 : WRONG_METER_HOUSEHOLD + 1]
        if neighbours.household.last_token:
            self._swapped = True
            mine.household.types_soon(neighbours.household.last_token, self.now_ms())

    def _amount(self, units_kwh: Decimal) -> Decimal:
        """What people put on the counter for about so much: a round sum."""
        steps = (units_kwh * PRICE / STEP).to_integral_value(ROUND_CEILING)
        return min(max(steps * STEP, self.amount_min), AMOUNT_MAX)
