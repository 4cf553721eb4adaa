"""Alarms: what an operator should see. At most one of a kind is open for a meter, or for the system as a whole.

Opening an open alarm and closing a closed one change nothing and cost nothing, so the rules may do either as often as
they find reason to: a meter that fails a thousand times has one alarm.
"""

from __future__ import annotations

from enum import StrEnum

from ferraris.headend.effects import CloseAlarm, OpenAlarm
from ferraris.headend.state import Alarm
from ferraris.headend.turn import Turn
from ferraris.store import AlarmSeverity

SYSTEM = 0
"""Stands for "no meter" in the key of an open alarm."""


class AlarmKind(StrEnum):
    """The alarms that the head-end raises by itself; meters' events and rejected pushes bring more kinds."""

    UNREACHABLE = "meter_unreachable"
    BUSY = "meter_busy"
    WRONG_KEY = "wrong_key"
    COUNTER = "invocation_counter_implausible"
    QUARANTINED = "meter_quarantined"
    CLOCK = "clock_offset"
    DATA_LOST = "data_unrecoverable"
    PROFILE = "profile_not_collected"
    COLUMNS = "columns_not_stored"
    KEYS = "keys_unusable"
    REVERSED_TOKEN = "reversed_token_taken"  # noqa: S105 - the payment kind
    STORE = "store_failing"
    RECORDS = "record_store_failing"


SEVERITIES = {
    AlarmKind.UNREACHABLE: AlarmSeverity.WARNING,
    AlarmKind.BUSY: AlarmSeverity.WARNING,
    AlarmKind.WRONG_KEY: AlarmSeverity.CRITICAL,
    AlarmKind.COUNTER: AlarmSeverity.CRITICAL,
    AlarmKind.QUARANTINED: AlarmSeverity.WARNING,
    AlarmKind.CLOCK: AlarmSeverity.WARNING,
    AlarmKind.DATA_LOST: AlarmSeverity.WARNING,
    AlarmKind.PROFILE: AlarmSeverity.WARNING,
    AlarmKind.COLUMNS: AlarmSeverity.INFORMATION,
    AlarmKind.KEYS: AlarmSeverity.CRITICAL,
    AlarmKind.REVERSED_TOKEN: AlarmSeverity.WARNING,
    AlarmKind.STORE: AlarmSeverity.CRITICAL,
    AlarmKind.RECORDS: AlarmSeverity.CRITICAL,
}

CONTACT_ALARMS = (
    AlarmKind.UNREACHABLE,
    AlarmKind.BUSY,
    AlarmKind.WRONG_KEY,
    AlarmKind.COUNTER,
    AlarmKind.QUARANTINED,
    AlarmKind.KEYS,
)
"""What one good association proves wrong."""


def open_alarm(turn: Turn, meter: int | None, kind: str, severity: AlarmSeverity, text: str) -> None:
    key = (meter or SYSTEM, kind)
    if key in turn.state.alarms:
        return
    turn.state.alarms[key] = Alarm(meter, kind, severity, turn.now_ms, text)
    turn.emit(OpenAlarm(meter, kind, severity, turn.now_ms, text))


def raise_alarm(turn: Turn, meter: int | None, kind: AlarmKind, text: str) -> None:
    """Open one of the head-end's own alarms."""
    open_alarm(turn, meter, kind.value, SEVERITIES[kind], text)


def close_alarm(turn: Turn, meter: int | None, kind: str) -> None:
    if turn.state.alarms.pop((meter or SYSTEM, str(kind)), None) is not None:
        turn.emit(CloseAlarm(meter, str(kind), turn.now_ms))
