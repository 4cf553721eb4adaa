"""Faults that a demonstration gives its meters: a lost link, a lost supply, a hand in the meter, at a time and for a time.

Written `KIND:METER:FROM:FOR`, FROM and FOR in seconds of the meters' time: `link:7:3600:21600` takes meter 7 from the
network an hour after the clock's origin, for six hours. `tamper` is for prepayment meters: nobody is supplied until a token clears it,
and none does as long as it lasts.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Self

from ferraris.kernel.clock import MS_PER_S
from ferraris.kernel.errors import ConfigError

FORM = "KIND:METER:FROM:FOR, KIND link, power or tamper"


class FaultKind(Enum):
    LINK = "link"
    POWER = "power"
    TAMPER = "tamper"


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to meter `number` from `from_ms` to `until_ms`, true time."""

    kind: FaultKind
    number: int
    from_ms: int
    until_ms: int

    @classmethod
    def parse(cls, text: str, origin_ms: int) -> Self:
        """ConfigError for a text of another form."""
        kind, *rest = text.split(":")
        try:
            number, from_s, for_s = (int(part) for part in rest)
            if number < 1 or from_s < 0 or for_s <= 0:
                raise ValueError
            from_ms = origin_ms + from_s * MS_PER_S
            return cls(FaultKind(kind), number, from_ms, from_ms + for_s * MS_PER_S)
        except ValueError:
            raise ConfigError("not a fault", expected=FORM, got=text) from None
