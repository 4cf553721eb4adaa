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
    (255,   "EVENT_LOG_CLEARED",        Severity.WARNING),
]  # fmt: skip


@pytest.mark.parametrize(("code", "tag", "severity"), EVENTS)
def test_known_events(code: int, tag: str, severity: Severity) -> None:
    event = events.by_code(code)
    assert event is not None
    assert (event.tag, event.severity) == (tag, severity)
    assert events.by_tag(tag) is event


def test_an_unknown_code_has_no_meaning_and_an_unknown_tag_is_a_defect() -> None:
    assert events.by_code(200) is None
    with pytest.raises(TableError, match="got NO_SUCH_EVENT"):
        events.by_tag("NO_SUCH_EVENT")


def test_codes_fit_an_octet_and_stand_in_order() -> None:
    codes = [event.code for event in events.event_codes()]
    assert codes == sorted(codes)
    assert all(1 <= code <= 255 for code in codes)
    assert all(event.description for event in events.event_codes())
