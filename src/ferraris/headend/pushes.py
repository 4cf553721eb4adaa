"""What meters say unasked: events become alarms, and a word from a silent meter is a reason to try it at once.

A push proves little about the way to the meter: it may have come another way, and it answers no question of ours. So a
meter counts as reached only after an association; a push only brings that attempt forward.
"""

from __future__ import annotations

from ferraris.headend.alarms import close_alarm, open_alarm
from ferraris.headend.collection import event_rows
from ferraris.headend.effects import StoreEvents
from ferraris.headend.events import PushFault, PushReceived, PushRejected
from ferraris.headend.schedule import hurry
from ferraris.headend.state import Meter
from ferraris.headend.turn import Turn
from ferraris.store import AlarmSeverity

STANDARD_EVENT_LOG = "0.0.99.98.0.255"


def on_received(turn: Turn, event: PushReceived) -> None:
    """A meter reports: keep its events, raise their alarms."""
    meter = turn.state.meters.get(event.meter)
    if meter is None:
        return
    turn.state.counts.pushes += 1
    meter.last_seen_ms = turn.now_ms
    for fault in PushFault:
        close_alarm(turn, meter.id, fault.value)
    if event.events:
        turn.emit(StoreEvents(meter.id, event_rows(meter.id, STANDARD_EVENT_LOG, event.events), None))
        on_events(turn, meter, event.events)
    if meter.communication.circuit_open or event.events:
        hurry(turn, meter, turn.now_ms + turn.jittered(turn.limits.start_spread_ms // 2))


def on_rejected(turn: Turn, event: PushRejected) -> None:
    """Count it, and let one alarm stand for all of its kind."""
    turn.state.counts.pushes_rejected += 1
    open_alarm(turn, event.meter, event.fault.value, AlarmSeverity.WARNING, event.detail)


def on_events(turn: Turn, meter: Meter, events: tuple[tuple[int, int], ...]) -> None:
    """Open and close the alarms that these events stand for; entries known from before say nothing new."""
    for time_s, code in events:
        if meter.events_until_s is not None and time_s <= meter.events_until_s:
            continue
        for rule in turn.config.alarm_rules.get(code, ()):
            if rule.opens:
                open_alarm(turn, meter.id, rule.kind, rule.severity, rule.text)
            else:
                close_alarm(turn, meter.id, rule.kind)
