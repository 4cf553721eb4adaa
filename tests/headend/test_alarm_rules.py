"""The alarms of the standard events."""

from __future__ import annotations

import pytest

from ferraris.cosem.events import by_code, by_tag
from ferraris.headend import standard_alarm_rules
from ferraris.headend.alarm_rules import ENDS
from ferraris.store import AlarmSeverity


def test_events_that_end_an_alarm_name_one_that_an_event_opens() -> None:
    rules = [rule for group in standard_alarm_rules().values() for rule in group]
    opened = {rule.kind for rule in rules if rule.opens}
    assert {rule.kind for rule in rules if not rule.opens} <= opened
    assert {"power_down", "terminal_cover_removed", "strong_field_detected"} <= opened
    assert "power_up" not in opened
    assert all(rule.text for rule in rules if rule.opens)


@pytest.mark.parametrize(
    ("tag", "severity"),
    [
        ("POWER_DOWN", AlarmSeverity.WARNING),
        ("METER_COVER_REMOVED", AlarmSeverity.CRITICAL),
        ("POWER_UP", None),
        ("TARIFF_ACTIVATED", None),
    ],
)
def test_severe_events_open_an_alarm_of_their_severity(tag: str, severity: AlarmSeverity | None) -> None:
    rules = [rule for rule in standard_alarm_rules().get(by_tag(tag).code, ()) if rule.opens]
    assert [rule.severity for rule in rules] == ([] if severity is None else [severity])


@pytest.mark.parametrize(
    ("tag", "kinds"),
    [
        ("POWER_UP", {"power_down", "last_gasp"}),
        ("TOKEN_ACCEPTED", {"token_refused", "keypad_locked", "credit_low"}),
        ("CREDIT_RESTORED", {"credit_exhausted", "credit_low", "emergency_credit_in_use"}),
    ],
)
def test_an_event_may_end_several_alarms(tag: str, kinds: set[str]) -> None:
    assert {rule.kind for rule in standard_alarm_rules()[by_tag(tag).code] if not rule.opens} == kinds


def test_every_phase_has_its_pairs() -> None:
    assert {f"VOLTAGE_NORMAL_L{phase}" for phase in (1, 2, 3)} <= set(ENDS)
    assert all(by_code(code) is not None for code in standard_alarm_rules())
