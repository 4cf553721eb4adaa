"""Channel and event tables: numbers that stores and logs keep for ever."""

from __future__ import annotations

import pytest

from ferraris.cosem import Obis, Severity, channels, events, obis, obis_entry
from ferraris.kernel.errors import TableError
from ferraris.kernel.units import Unit

STORED = [
    # number  tag                       code                unit            scaler  cumulative
    (1,       "ACTIVE_ENERGY_IMPORT",   "1.0.1.8.0.255",    Unit.WATT_HOUR, 0,      True),
    (2,       "ACTIVE_ENERGY_EXPORT",   "1.0.2.8.0.255",    Unit.WATT_HOUR, 0,      True),
    (3,       "REACTIVE_ENERGY_IMPORT", "1.0.3.8.0.255",    Unit.VAR_HOUR,  0,      True),
    (4,       "REACTIVE_ENERGY_EXPORT", "1.0.4.8.0.255",    Unit.VAR_HOUR,  0,      True),
    (5,       "VOLTAGE_L1",             "1.0.32.7.0.255",   Unit.VOLT,      -1,     False),
    (6,       "VOLTAGE_L2",             "1.0.52.7.0.255",   Unit.VOLT,      -1,     False),
    (7,       "VOLTAGE_L3",             "1.0.72.7.0.255",   Unit.VOLT,      -1,     False),
]  # fmt: skip


@pytest.mark.parametrize(("number", "tag", "code", "unit", "scaler", "cumulative"), STORED)
def test_stored_numbers_never_change(
    number: int, tag: str, code: str, unit: Unit, scaler: int, cumulative: bool
) -> None:
    channel = channels.by_number(number)
    assert channel is not None
    assert (channel.tag, channel.unit, channel.scaler, channel.cumulative) == (tag, unit, scaler, cumulative)
    assert channels.by_logical_name(Obis.parse(code)) is channel


def test_channels_fit_the_store_and_agree_with_the_table_of_names() -> None:
    for channel in channels.channels():
        assert 1 <= channel.number <= 0x7FFF
        entry = obis_entry(channel.logical_name)
        assert entry is not None
        assert (entry.tag, entry.unit) == (channel.tag, channel.unit)
        assert channel.cumulative == ("ENERGY" in channel.tag)


def test_what_is_not_stored_has_no_channel() -> None:
    assert channels.by_number(0) is None
    assert channels.by_logical_name(obis.CLOCK) is None
    assert channels.by_logical_name(obis.ACTIVE_ENERGY_IMPORT, 3) is None


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
