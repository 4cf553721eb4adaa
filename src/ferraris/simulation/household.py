"""A household with a prepayment meter: consumes, looks at the display, buys, types, and now and then makes a mistake.

It sees no more than people do: the credit on the display, whether the lamps burn, and the receipts in the drawer. What it
draws comes from its seed and from its own looks, so a street of households plays the same way when it is looked at the same.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import Final

from ferraris.kernel.entropy import Entropy

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 60 * MINUTE_MS
WH_PER_KWH: Final = 1_000
USUAL_WH_PER_H: Final = 500
UNITS_MIN: Final = Decimal(1)
UNITS_MAX: Final = Decimal(5_000)
LOW_HOURS: Final = 2
"""Credit counts as low when it lasts no longer than this."""
PASSING: Final = frozenset({"lockout", "not_ready", "overflow_error"})
"""Results of a keypad that pass by themselves."""
DIGITS: Final = "0123456789"


@dataclass(frozen=True, slots=True)
class Temper:
    """What kind of people they are: chances out of one."""

    careful: float = 0.5
    """To buy when credit runs low; otherwise they wait until the lamps go out."""
    types: float = 0.3
    """To type a token at once, however it travels otherwise."""
    slips: float = 0.2
    """To get one digit wrong at first."""
    types_twice: float = 0.15
    retries: float = 0.2
    """To send the order once more, as a till does whose answer was lost."""
    patience_ms: int = 3 * HOUR_MS
    """So long they wait for a token to arrive by itself; without supply an eighth of that."""


@dataclass(frozen=True, slots=True)
class Display:
    """What the meter shows."""

    credit_wh: int
    supplied: bool


@dataclass(frozen=True, slots=True)
class Buy:
    """Go to the till. `again`: the order is sent twice, under one message id."""

    units_kwh: Decimal
    again: bool


@dataclass(frozen=True, slots=True)
class Type:
    """Type a token at the keypad."""

    digits: str


Act = Buy | Type


@dataclass(slots=True)
class _Receipt:
    """A purchase whose tokens are not known to be in the meter."""

    tokens: tuple[str, ...]
    units_wh: int
    bought_ms: int
    type_at_ms: int


class Household:
    """One household. `look` says what it does now; what comes of that is told by `bought`."""

    def __init__(self, entropy: Entropy, temper: Temper | None = None) -> None:
        self._entropy = entropy
        self._temper = temper or Temper()
        self._shown: Display | None = None
        self._shown_ms = 0
        self._used_wh = 0
        self._used_ms = 0
        self._buy_at_ms: int | None = None
        """When it goes to the till, once it has decided to."""
        self._waits_for_dark = False
        self._receipts: list[_Receipt] = []
        self._to_type: deque[tuple[int, str]] = deque()
        self._closed = False
        self.last_token = ""
        """The newest it has bought."""

    def look(self, now_ms: int, display: Display) -> Act | None:
        """What it does on seeing this."""
        self._learn(now_ms, display)
        for receipt in [receipt for receipt in self._receipts if self._is_due(receipt, now_ms, display)]:
            self._receipts.remove(receipt)
            self._sit_down(receipt, now_ms)
        if self._to_type and self._to_type[0][0] <= now_ms:
            return Type(self._to_type.popleft()[1])
        if self._closed or self.busy or not self._wants(now_ms, display):
            return None
        self._buy_at_ms, self._waits_for_dark = None, False
        return Buy(self._units(), self._chance(self._temper.retries))

    def bought(self, tokens: tuple[str, ...], units_kwh: Decimal, now_ms: int) -> None:
        """The till has given it tokens."""
        wait_ms = self._between(2 * MINUTE_MS, 20 * MINUTE_MS)
        if not self._chance(self._temper.types):
            wait_ms = self._temper.patience_ms
        self._receipts.append(_Receipt(tokens, int(units_kwh * WH_PER_KWH), now_ms, now_ms + wait_ms))
        self.last_token = tokens[-1]

    def typed(self, digits: str, result: str, now_ms: int) -> None:
        """What the keypad answered: a token that it could not take now is typed later."""
        if result in PASSING:
            self._to_type.appendleft((now_ms + self._between(10 * MINUTE_MS, 30 * MINUTE_MS), digits))

    def types_soon(self, digits: str, now_ms: int) -> None:
        """Somebody has given it a token: a neighbour's, say."""
        self._to_type.append((now_ms, digits))

    def close_up(self, now_ms: int) -> None:
        """It buys nothing more, and types what is in the drawer."""
        self._closed = True
        for receipt in self._receipts:
            self._sit_down(receipt, now_ms)
        self._receipts.clear()

    @property
    def busy(self) -> bool:
        """Whether it has receipts in the drawer or something to type."""
        return bool(self._receipts or self._to_type)

    # What it sees

    def _learn(self, now_ms: int, display: Display) -> None:
        """How fast credit goes, and whether a purchase has arrived: then the credit has jumped."""
        if self._shown is not None and self._shown.supplied:
            change_wh = display.credit_wh - self._shown.credit_wh
            if change_wh <= 0:
                self._used_wh -= change_wh
                self._used_ms += now_ms - self._shown_ms
        if self._shown is not None and self._receipts:
            rise_wh = display.credit_wh - self._shown.credit_wh
            arrived = next((receipt for receipt in self._receipts if 2 * rise_wh >= receipt.units_wh), None)
            if arrived is not None:
                self._receipts.remove(arrived)
        self._shown, self._shown_ms = display, now_ms

    def _rate_wh_per_h(self) -> int:
        if self._used_ms < HOUR_MS:
            return USUAL_WH_PER_H
        return max(1, self._used_wh * HOUR_MS // self._used_ms)

    def _is_due(self, receipt: _Receipt, now_ms: int, display: Display) -> bool:
        """Whether they sit down to type it."""
        waited_ms = now_ms - receipt.bought_ms
        in_the_dark = not display.supplied and waited_ms >= self._temper.patience_ms // 8
        return in_the_dark or now_ms >= receipt.type_at_ms

    # What it does

    def _wants(self, now_ms: int, display: Display) -> bool:
        low = display.credit_wh <= self._rate_wh_per_h() * LOW_HOURS
        if self._buy_at_ms is None and not self._waits_for_dark and low:
            if self._chance(self._temper.careful):
                self._buy_at_ms = now_ms + self._between(0, HOUR_MS)
            else:
                self._waits_for_dark = True
        if self._waits_for_dark and not display.supplied:
            self._buy_at_ms, self._waits_for_dark = now_ms + self._between(5 * MINUTE_MS, HOUR_MS), False
        return self._buy_at_ms is not None and now_ms >= self._buy_at_ms

    def _units(self) -> Decimal:
        """What lasts for some hours, in tenths of a kWh."""
        hours = self._between(4, 12)
        units = Decimal(self._rate_wh_per_h() * hours) / WH_PER_KWH
        return min(max(units.quantize(Decimal("0.1"), ROUND_CEILING), UNITS_MIN), UNITS_MAX)

    def _sit_down(self, receipt: _Receipt, now_ms: int) -> None:
        """Type what is on the receipt, as people do."""
        at_ms = now_ms
        for token in receipt.tokens:
            if self._chance(self._temper.slips):
                self._to_type.append((at_ms, self._slipped(token)))
                at_ms += MINUTE_MS
            self._to_type.append((at_ms, token))
            at_ms += MINUTE_MS
        if self._chance(self._temper.types_twice):
            self._to_type.append((at_ms, receipt.tokens[-1]))

    def _slipped(self, token: str) -> str:
        place = self._between(0, len(token))
        wrong = DIGITS[(int(token[place]) + self._between(1, 10)) % 10]
        return token[:place] + wrong + token[place + 1 :]

    def _chance(self, likely: float) -> bool:
        return self._entropy.uniform() < likely

    def _between(self, least: int, most: int) -> int:
        return least + int(self._entropy.uniform() * (most - least))
