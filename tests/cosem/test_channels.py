"""The channel table: numbers that the interval store keeps for ever."""

from __future__ import annotations

import pytest

from ferraris.cosem import Obis, Register, ScalerUnit, channels, load_profile, obis, obis_entry
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
    assert channels.by_logical_name(Obis.parse(code), 2, "LOAD_PROFILE") is channel


def test_channels_fit_the_store_and_agree_with_the_table_of_names() -> None:
    for channel in channels.channels():
        assert 1 <= channel.number <= 0x7FFF
        entry = obis_entry(channel.logical_name)
        assert entry is not None
        assert (f"DAILY_{entry.tag}" if channel.profile else entry.tag, entry.unit) == (channel.tag, channel.unit)
        assert channel.cumulative == ("ENERGY" in channel.tag)


def test_a_daily_value_is_no_value_of_the_load_profile() -> None:
    """Both may be captured in one second, with another status."""
    daily = channels.by_logical_name(obis.ACTIVE_ENERGY_IMPORT, 2, "DAILY_PROFILE")
    assert daily is channels.by_number(17)
    assert channels.by_logical_name(obis.ACTIVE_ENERGY_EXPORT, 2, "DAILY_PROFILE") is channels.by_number(18)


def test_each_column_has_one_channel() -> None:
    columns = [(channel.logical_name, channel.attribute, channel.profile) for channel in channels.channels()]
    assert len(set(columns)) == len(columns)


def test_what_is_not_stored_has_no_channel() -> None:
    assert channels.by_number(0) is None
    assert channels.by_logical_name(obis.CLOCK) is None
    assert channels.by_logical_name(obis.ACTIVE_ENERGY_IMPORT, 3) is None


def test_numbers_run_without_a_hole_and_stand_once() -> None:
    table = channels.channels()
    assert [channel.number for channel in table] == list(range(1, len(table) + 1))
    columns = {(channel.logical_name, channel.attribute, channel.profile) for channel in table}
    assert len({channel.tag for channel in table}) == len(columns) == len(table)
    for channel in table:
        assert channels.by_number(channel.number) is channel
        assert channels.by_logical_name(channel.logical_name, channel.attribute, channel.profile) is channel


@pytest.mark.parametrize("name", ["smr5_single_phase", "smr5_three_phase"])
def test_a_channel_that_a_meter_has_is_a_register_in_the_channels_own_scale(name: str) -> None:
    profile = load_profile(name)
    present = [channel for channel in channels.channels() if profile.find(3, channel.logical_name)]
    assert len(present) >= 12
    for channel in present:
        entry = profile.object(channel.tag.removeprefix("DAILY_"))
        assert not channel.profile or profile.object(channel.profile).capture_objects
        assert entry.interface is Register
        assert channel.attribute == Register.value.number
        assert entry.scaler_unit == ScalerUnit(channel.scaler, channel.unit)


def test_what_counts_up_is_energy_and_what_does_not_is_a_value_of_its_moment() -> None:
    for channel in channels.channels():
        group_d = channel.logical_name.d
        assert (channel.cumulative, group_d) in {(True, 8), (False, 7)}, channel.tag
