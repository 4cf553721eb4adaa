"""Invocation counters of one meter: its own for sending, and the last accepted of each client.

The own counter is reserved in blocks. A reservation is in the memory, and on the disk, before its first number is used;
after a restart counting goes on behind the reservation, so that a number is skipped rather than used twice.
"""

from __future__ import annotations

from typing import Final

from ferraris.kernel.errors import InvocationCounterError, SecurityError
from ferraris.kernel.limits import CLIENTS_PER_METER_MAX, INVOCATION_COUNTER_MAX
from ferraris.meter.memory import FleetMemory

RESERVATION: Final = 256
SYSTEM_TITLE_OCTETS: Final = 8


class SendingCounter:
    """The meter's own invocation counter under its global unicast encryption key."""

    def __init__(self, memory: FleetMemory, meter: int) -> None:
        self._memory = memory
        self._meter = meter
        self._reserved = memory.counters["reserved"]
        self._next = self._end = int(self._reserved[meter])

    def take(self) -> int:
        """The next counter, never given before. InvocationCounterError when 2^32 are used: the key must change."""
        if self._next == self._end:
            self._reserve()
        taken = self._next
        self._next += 1
        return taken

    def _reserve(self) -> None:
        if self._end > INVOCATION_COUNTER_MAX:
            raise InvocationCounterError("the meter's invocation counter is used up", clause="Green Book 9.2.3.3.7.3")
        end = min(self._end + RESERVATION, INVOCATION_COUNTER_MAX + 1)
        self._reserved[self._meter] = end
        self._memory.flush_counters(self._meter)
        self._end = end


class AcceptedCounters:
    """The guard against replayed messages of clients.

    What is stored is the last accepted counter plus one, so that a counter of 0 can be accepted once.
    """

    def __init__(self, memory: FleetMemory, meter: int) -> None:
        clients = memory.counters["clients"][meter]
        self._titles = clients["system_title"]
        self._accepted = clients["accepted"]
        self._places = {int(title): place for place, title in enumerate(self._titles) if title}

    def accept(self, system_title: bytes, received: int) -> None:
        """Take note of `received`, in the memory before this returns. InvocationCounterError unless it is above the
        last one accepted from this client; SecurityError for one client too many."""
        if len(system_title) != SYSTEM_TITLE_OCTETS or not any(system_title):
            raise SecurityError("system title of a client", expected="8 octets, not all zero", got=system_title.hex())
        title = int.from_bytes(system_title, "little")
        place = self._places.get(title)
        if place is None:
            self._remember(title, received)
            return
        last = int(self._accepted[place])
        if received < last:
            raise InvocationCounterError(
                "invocation counter of a client is replayed or rolled back", expected=f"at least {last}", got=received
            )
        self._accepted[place] = received + 1

    def last_accepted(self, system_title: bytes) -> int | None:
        """The last counter accepted from this client, if any was."""
        place = self._places.get(int.from_bytes(system_title, "little"))
        return None if place is None else int(self._accepted[place]) - 1

    def _remember(self, title: int, received: int) -> None:
        """Counter first, then the title that makes the place count."""
        place = len(self._places)
        if place == CLIENTS_PER_METER_MAX:
            raise SecurityError("no place for the invocation counter of another client", expected=CLIENTS_PER_METER_MAX)
        self._accepted[place] = received + 1
        self._titles[place] = title
        self._places[title] = place
