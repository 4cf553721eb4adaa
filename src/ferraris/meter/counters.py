"""Where a meter keeps its invocation counters: its own for sending, and the last accepted of each client.

The rules are those of `ferraris.keys`; this is the memory under them. A reservation is flushed to the disk before its
first value is used, since a value used twice would break the key. A client's mark is one 8-octet store.
"""

from __future__ import annotations

from ferraris.kernel.errors import SecurityError
from ferraris.kernel.limits import CLIENTS_PER_METER_MAX
from ferraris.keys import CounterGuard, ReservedCounter
from ferraris.meter.memory import FleetMemory

SYSTEM_TITLE_OCTETS = 8


def sending_counter(memory: FleetMemory, meter: int) -> ReservedCounter:
    """The meter's own counter under its global unicast encryption key.

    The first one since the memory was opened uses the block that was reserved then. A further one goes on behind it, and
    the first gets no further block: SecurityError.
    """
    marks = memory.counters["reserved"]
    before, end = int(memory.sending_from[meter]), int(marks[meter])
    memory.sending_from[meter] = end

    def reserve(up_to: int) -> None:
        nonlocal end
        if up_to <= end:
            return
        if int(memory.sending_from[meter]) != end:
            raise SecurityError("the meter has a newer sending counter", expected="one at a time")
        marks[meter] = memory.sending_from[meter] = end = up_to
        memory.flush_counters(meter)

    return ReservedCounter(before, reserve)


def counter_guard(memory: FleetMemory, meter: int) -> CounterGuard:
    """The guard against replayed messages of clients. SecurityError for one client more than the meter can remember."""
    clients = memory.counters["clients"][meter]
    titles, accepted = clients["system_title"], clients["accepted"]
    places = {int(title): place for place, title in enumerate(titles) if title}

    def persist(system_title: bytes, value: int) -> None:
        title = _title_word(system_title)
        place = places.get(title)
        if place is not None:
            accepted[place] = value
            return
        place = len(places)
        if place == CLIENTS_PER_METER_MAX:
            raise SecurityError("no place for the invocation counter of another client", expected=CLIENTS_PER_METER_MAX)
        # The title makes the place count, so it comes last.
        accepted[place] = value
        titles[place] = title
        places[title] = place

    marks = {title.to_bytes(SYSTEM_TITLE_OCTETS, "little"): int(accepted[place]) for title, place in places.items()}
    return CounterGuard(marks, persist)


def forget_clients(memory: FleetMemory, meter: int) -> None:
    """Begin anew, once the key that the marks belong to is no longer used. The titles go first: they make the places count."""
    clients = memory.counters["clients"][meter]
    clients["system_title"] = 0
    clients["accepted"] = 0


def _title_word(system_title: bytes) -> int:
    if len(system_title) != SYSTEM_TITLE_OCTETS or not any(system_title):
        raise SecurityError("system title of a client", expected="8 octets, not all zero", got=system_title.hex())
    return int.from_bytes(system_title, "little")
