"""The event table: what the codes in a meter's logs mean."""

from __future__ import annotations

import pytest

from ferraris.cosem import Severity, events
from ferraris.kernel.errors import TableError

EVENTS = [
    # code  tag                         severity
    (1,     "POWER_DOWN",               Severity.WARNING),
    (2,     "POWER_UP",                 Severity.INFO),
    (3,     "DAYLIGHT_SAVING_CHANGED",  Severity.INFO),
    (4,     "CLOCK_ADJUSTED_OLD_TIME",  Severity.INFO),
    (5,     "CLOCK_ADJUSTED_NEW_TIME",  Severity.INFO),
    (40,    "TERMINAL_COVER_REMOVED",   Severity.CRITICAL),
    (46,    "AUTHENTICATION_FAILED",    Severity.WARNING),
    (62,    "REMOTE_DISCONNECTION",     Severity.INFO),
    (63,    "REMOTE_CONNECTION",        Severity.INFO),
    (94,    "VOLTAGE_DIP_L2",           Severity.INFO),
    (206,   "CREDIT_EXHAUSTED",         Severity.CRITICAL),
    (255,   "EVENT_LOG_CLEARED",        Severity.WARNING),
]  # fmt: skip


@pytest.mark.parametrize(("code", "tag", "severity"), EVENTS)
def test_known_events(code: int, tag: str, severity: Severity) -> None:
    event = events.by_code(code)
    assert event is not None
    assert (event.tag, event.severity) == (tag, severity)
    assert events.by_tag(tag) is event


def test_an_unknown_code_has_no_meaning_and_an_unknown_tag_is_a_defect() -> None:
    assert events.by_code(199) is None
    with pytest.raises(TableError, match="got NO_SUCH_EVENT"):
        events.by_tag("NO_SUCH_EVENT")


def test_codes_fit_an_octet_and_stand_in_order() -> None:
    codes = [event.code for event in events.event_codes()]
    assert codes == sorted(codes)
    assert all(1 <= code <= 255 for code in codes)
    assert all(event.description for event in events.event_codes())


FAMILIES = [
    # what happened                what ends it                    for each of
    ("UNDER_VOLTAGE_{}",           "VOLTAGE_NORMAL_{}",            "L1 L2 L3"),
    ("OVER_VOLTAGE_{}",            "VOLTAGE_NORMAL_{}",            "L1 L2 L3"),
    ("PHASE_OUTAGE_{}",            "PHASE_RETURNED_{}",            "L1 L2 L3"),
    ("HARMONICS_OVER_LIMIT_{}",    "HARMONICS_NORMAL_{}",          "L1 L2 L3"),
    ("{}_DISCONNECTION",           "{}_CONNECTION",                "MANUAL REMOTE"),
    ("{}_COVER_REMOVED",           "{}_COVER_CLOSED",              "TERMINAL METER"),
    ("{}_FIELD_DETECTED",          "{}_FIELD_GONE",                "STRONG"),
]  # fmt: skip


@pytest.mark.parametrize(("begins", "ends", "members"), FAMILIES)
def test_what_begins_has_an_end_that_is_no_alarm(begins: str, ends: str, members: str) -> None:
    for member in members.split():
        events.by_tag(begins.format(member))
        assert events.by_tag(ends.format(member)).severity is Severity.INFO


@pytest.mark.parametrize(
    "tag", ["PHASE_OUTAGE_{}", "PHASE_RETURNED_{}", "UNDER_VOLTAGE_{}", "VOLTAGE_DIP_{}", "VOLTAGE_SWELL_{}"]
)
def test_phases_stand_side_by_side(tag: str) -> None:
    codes = [events.by_tag(tag.format(phase)).code for phase in ("L1", "L2", "L3")]
    assert codes == list(range(codes[0], codes[0] + 3))


def test_the_table_says_dip_where_dlms_says_sag() -> None:
    words = " ".join(f"{event.tag} {event.description}" for event in events.event_codes()).lower()
    assert " sag" not in words
    assert "dip" in words


def test_codes_and_tags_stand_once_and_lead_to_each_other() -> None:
    table = events.event_codes()
    assert len({event.code for event in table}) == len({event.tag for event in table}) == len(table)
    for event in table:
        assert events.by_code(event.code) is events.by_tag(event.tag) is event
