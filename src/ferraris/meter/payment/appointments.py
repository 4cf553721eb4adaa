"""What the payment objects do at times that clients have set: an account opens or closes, a passive unit charge comes into force.

A time with an open field appoints nothing, nor does one that has passed when it is set: so a calendar's activation time has it
too. What an outage missed is done when power is back, however late.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

from ferraris.cosem import Attribute, CosemDateTime, Obis, obis
from ferraris.cosem.classes.account import Account
from ferraris.cosem.classes.charge import Charge
from ferraris.meter.clock import Zone
from ferraris.meter.memory import NEVER_S
from ferraris.meter.open_dates import instant_s
from ferraris.meter.payment.terms import Value


class Deed(Enum):
    """What is done at the time."""

    ACTIVATE_ACCOUNT = "activate account"
    CLOSE_ACCOUNT = "close account"
    ACTIVATE_UNIT_CHARGE = "activate passive unit charge"


@dataclass(frozen=True, slots=True)
class Appointment:
    """A deed of the object of that name, by the meter's clock."""

    time_s: int
    deed: Deed
    name: Obis


@dataclass(frozen=True, slots=True)
class Appointments:
    """All of a meter's, in order of time."""

    all: tuple[Appointment, ...] = ()

    @classmethod
    def of(cls, value: Value, zone: Zone) -> Appointments:
        """As the payment objects are set."""
        return cls(tuple(sorted(_appointments(value, zone), key=lambda one: one.time_s)))

    def due(self, after_s: int, until_s: int) -> tuple[Appointment, ...]:
        """Those behind the one time, up to the other."""
        return tuple(one for one in self.all if after_s < one.time_s <= until_s)

    def next_s(self, after_s: int) -> int:
        """When the next is."""
        return next((one.time_s for one in self.all if one.time_s > after_s), NEVER_S)


_TIMES: tuple[tuple[Attribute[CosemDateTime], Deed, Obis], ...] = (
    (Account.account_activation_time, Deed.ACTIVATE_ACCOUNT, obis.ACCOUNT),
    (Account.account_closure_time, Deed.CLOSE_ACCOUNT, obis.ACCOUNT),
    (Charge.unit_charge_activation_time, Deed.ACTIVATE_UNIT_CHARGE, obis.CHARGE_CONSUMPTION),
    (Charge.unit_charge_activation_time, Deed.ACTIVATE_UNIT_CHARGE, obis.CHARGE_DAILY),
    (Charge.unit_charge_activation_time, Deed.ACTIVATE_UNIT_CHARGE, obis.CHARGE_DEBT),
)


def _appointments(value: Value, zone: Zone) -> Iterator[Appointment]:
    for attribute, deed, name in _TIMES:
        when: Any = value(attribute, name)
        time_s = instant_s(when, zone)
        if time_s is not None:
            yield Appointment(time_s, deed, name)
