"""All that a meter's objects say about its account: the terms of each hour, and when they are others."""

from __future__ import annotations

from ferraris.meter.payment.appointments import Appointments
from ferraris.meter.payment.friendly import FriendlyHours, Period
from ferraris.meter.payment.objects import Owner
from ferraris.meter.payment.terms import Terms


class Rules:
    """As the objects are set at one moment."""

    def __init__(self, owner: Owner) -> None:
        zone = owner.meter.zone
        self.terms = Terms.of(owner.value)
        self.appointments = Appointments.of(owner.value, zone)
        self._hours = FriendlyHours.of(owner, zone)
        self._period = Period(0, 0, False)

    def terms_at(self, clock_s: int) -> Terms:
        """The terms of that hour, friendly or not."""
        return self.terms.at(self._period_at(clock_s).friendly)

    def next_s(self, clock_s: int) -> int:
        """When friendly hours begin or end, or something is appointed."""
        return min(self._period_at(clock_s).until_s, self.appointments.next_s(clock_s))

    def _period_at(self, clock_s: int) -> Period:
        if not self._period.holds(clock_s):
            self._period = self._hours.at(clock_s)
        return self._period
