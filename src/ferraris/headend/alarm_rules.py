"""Which of the standard events are alarms, and which event ends which.

An event of warning or critical severity opens an alarm named after it. Some events have one that says that the trouble
is over; the others' alarms stay open until an operator acknowledges them.
"""

from __future__ import annotations

from ferraris.cosem.events import EventCode, Severity, by_tag, event_codes
from ferraris.headend.plan import AlarmRule
from ferraris.store import AlarmSeverity

SEVERITIES = {Severity.WARNING: AlarmSeverity.WARNING, Severity.CRITICAL: AlarmSeverity.CRITICAL}

ENDS: dict[str, tuple[str, ...]] = {
    "POWER_UP": ("POWER_DOWN", "LAST_GASP"),
    "CLOCK_ADJUSTED_NEW_TIME": ("CLOCK_INVALID",),
    "COMMUNICATION_MODULE_INSERTED": ("COMMUNICATION_MODULE_REMOVED",),
    "TERMINAL_COVER_CLOSED": ("TERMINAL_COVER_REMOVED",),
    "STRONG_FIELD_GONE": ("STRONG_FIELD_DETECTED",),
    "METER_COVER_CLOSED": ("METER_COVER_REMOVED",),
    "MODULE_COVER_CLOSED": ("MODULE_COVER_OPENED",),
    "LIMITER_THRESHOLD_OK": ("LIMITER_THRESHOLD_EXCEEDED",),
    "LOCAL_RECONNECTION": ("LOCAL_DISCONNECTION",),
    "REMOTE_CONNECTION": ("LOCAL_DISCONNECTION", "DISCONNECTOR_FAILED"),
    "REMOTE_DISCONNECTION": ("DISCONNECTOR_FAILED",),
    "TOKEN_ACCEPTED": ("TOKEN_REFUSED", "KEYPAD_LOCKED", "CREDIT_LOW"),
    "CREDIT_RESTORED": ("CREDIT_EXHAUSTED", "CREDIT_LOW", "EMERGENCY_CREDIT_IN_USE"),
    "TAMPER_CLEARED": ("TAMPER_DETECTED",),
} | {
    end: begins
    for phase in ("L1", "L2", "L3")
    for end, begins in (
        (f"VOLTAGE_NORMAL_{phase}", (f"UNDER_VOLTAGE_{phase}", f"OVER_VOLTAGE_{phase}")),
        (f"PHASE_RETURNED_{phase}", (f"PHASE_OUTAGE_{phase}",)),
        (f"HARMONICS_NORMAL_{phase}", (f"HARMONICS_OVER_LIMIT_{phase}", f"HARMONICS_LONG_OVER_LIMIT_{phase}")),
    )
}
"""By tag of an event, the tags of those whose alarms it ends."""


def standard_alarm_rules() -> dict[int, tuple[AlarmRule, ...]]:
    """The rules for the codes of the standard event log."""
    opening = {event.code: (_opens(event),) for event in event_codes() if event.severity in SEVERITIES}
    ending = {by_tag(end).code: tuple(_ends(by_tag(begin)) for begin in begins) for end, begins in ENDS.items()}
    return {code: opening.get(code, ()) + ending.get(code, ()) for code in sorted(opening.keys() | ending.keys())}


def _opens(event: EventCode) -> AlarmRule:
    return AlarmRule(event.tag.lower(), SEVERITIES[event.severity], True, event.description)


def _ends(event: EventCode) -> AlarmRule:
    return AlarmRule(event.tag.lower(), SEVERITIES[event.severity], False)
