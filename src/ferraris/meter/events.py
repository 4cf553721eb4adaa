"""The standard event log: what is written when something happens to the meter.

Codes are those of the table of event codes in `ferraris.cosem`. The disconnector's, which other meters keep in a log of
their own, go into the same log here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from ferraris.meter.clock import Zone, clock_fields
from ferraris.meter.committed_rows import Indices
from ferraris.meter.mapped_file import Rows
from ferraris.meter.memory import EVENT_ENTRY, FleetMemory


class EventCode(IntEnum):
    """Codes of the events that the virtual meter can have, named as in the table."""

    POWER_DOWN = 1
    POWER_UP = 2
    DAYLIGHT_SAVING_CHANGED = 3
    CLOCK_ADJUSTED_OLD_TIME = 4
    CLOCK_ADJUSTED_NEW_TIME = 5
    CLOCK_INVALID = 6
    FIRMWARE_READY_FOR_ACTIVATION = 17
    FIRMWARE_ACTIVATED = 18
    AUTHENTICATION_FAILED = 46
    MANUAL_DISCONNECTION = 60
    MANUAL_CONNECTION = 61
    REMOTE_DISCONNECTION = 62
    REMOTE_CONNECTION = 63
    LOCAL_DISCONNECTION = 64
    LOCAL_RECONNECTION = 69
    TOKEN_ACCEPTED = 200
    TOKEN_REFUSED = 201
    KEYPAD_LOCKED = 202
    DECODER_KEY_CHANGED = 203
    CREDIT_LOW = 204
    EMERGENCY_CREDIT_IN_USE = 205
    CREDIT_EXHAUSTED = 206
    CREDIT_RESTORED = 207
    TAMPER_DETECTED = 208
    TAMPER_CLEARED = 209
    ACCOUNT_ACTIVATED = 210
    ACCOUNT_CLOSED = 211
    FRIENDLY_CREDIT_IN_USE = 212
    PHASE_UNBALANCE = 213
    EVENT_LOG_CLEARED = 255


@dataclass(frozen=True, slots=True)
class MeterEvent:
    """One entry of the event log. `time_s` is UTC by the meter's own clock, `sequence` counts from manufacture."""

    sequence: int
    time_s: int
    code: int


def append_events(
    memory: FleetMemory, meters: Indices, states: Rows, zone: Zone, times_ms: npt.NDArray[np.int64], codes: Any
) -> None:
    """Write one event for each of `meters` behind its head and move the head on in `states`, which is yet to commit.

    `times_ms` is each meter's own clock; `codes` one code for all or one for each.
    """
    entries = np.zeros((len(meters), 1), EVENT_ENTRY)
    clock_fields(entries, (times_ms // 1000)[:, None], zone, states["clock_invalid"][:, None])
    entries["code"] = np.reshape(codes, (-1, 1))
    memory.event_log.write(meters, states["event_head"], entries, np.ones(len(meters), np.int64))
    states["event_head"] += 1


def read_events(memory: FleetMemory, meter: int, first: int = 0, count: int | None = None) -> list[MeterEvent]:
    """Entries of the log, oldest first, from the `first` shown on."""
    head = memory.state.field("event_head", meter)
    cleared = memory.state.field("event_cleared", meter)
    entries = memory.event_log.read(meter, head, cleared, first, count)
    start = head - memory.event_log.entries_in_use(head, cleared) + max(first, 0)
    return [MeterEvent(start + place, int(entry["time_s"]), int(entry["code"])) for place, entry in enumerate(entries)]
