"""Selective access, asked by our client and served by our meter: ranges, entries and columns, of profiles and the event log."""

from __future__ import annotations

import pytest

from ferraris.client import read_entries, read_profile
from ferraris.cosem import CaptureObject, EntryDescriptor, Obis, obis
from ferraris.kernel.errors import RefusedError
from ferraris.meter.events import EventCode
from ferraris.meter.fleet import Fleet
from tests.meter.clients import management, reading
from tests.meter.steady import MONDAY_MS
from tests.meter.test_server import Street, play

QUARTER_S = 900
MONDAY_S = MONDAY_MS // 1000
SETTINGS = [management(), reading()]
CLIENTS = ["management", "reading"]


def columns_of(street: Street, tag: str) -> tuple[CaptureObject, ...]:
    return street.device.model.profile.object(tag).capture_objects


@pytest.mark.parametrize("settings", SETTINGS, ids=CLIENTS)
def test_a_range_with_the_columns_asked_for(fleet: Fleet, settings) -> None:  # noqa: ANN001 - as in clients
    async def scenario(street: Street) -> None:
        everything = columns_of(street, "LOAD_PROFILE")
        clock, _, energy, *_, voltage = everything
        async with street.associated(settings) as client:
            some = await read_profile(
                client,
                obis.LOAD_PROFILE,
                everything,
                MONDAY_MS + 2 * QUARTER_S * 1000,
                MONDAY_MS + 3 * QUARTER_S * 1000,
                columns=(clock, voltage, energy),
            )
        assert some.capture_objects == (clock, voltage, energy)
        assert some.time_s().tolist() == [MONDAY_S + 2 * QUARTER_S, MONDAY_S + 3 * QUARTER_S]
        assert some.numbers(energy).tolist() == [200, 300]
        assert some.numbers(voltage).tolist() == [2303, 2303]  # each phase of this load has its own

    play(fleet, scenario)


@pytest.mark.parametrize(
    ("entries", "energies"),
    [
        (EntryDescriptor(1, 0, 1, 0), [100, 200, 300, 400]),
        (EntryDescriptor(2, 3, 1, 0), [200, 300]),
        (EntryDescriptor(3, 0, 2, 4), [300, 400]),
        (EntryDescriptor(4, 9, 3, 3), [400]),
        (EntryDescriptor(5, 9, 3, 3), []),
    ],
    ids=str,
)
def test_entries_and_columns_by_number(fleet: Fleet, entries: EntryDescriptor, energies: list[int]) -> None:
    async def scenario(street: Street) -> None:
        everything = columns_of(street, "LOAD_PROFILE")
        async with street.associated() as client:
            some = await read_entries(client, obis.LOAD_PROFILE, everything, entries)
        last = entries.to_selected_value or len(everything)
        assert some.capture_objects == everything[entries.from_selected_value - 1 : last]
        assert some.numbers(everything[2]).tolist() == energies

    play(fleet, scenario)


def test_the_event_log_by_range_by_entry_and_by_column(fleet: Fleet) -> None:
    async def scenario(street: Street) -> None:
        meter = street.device.meter
        for minute, code in enumerate([EventCode.REMOTE_DISCONNECTION, EventCode.AUTHENTICATION_FAILED] * 2):
            meter.log_event(code, MONDAY_MS + 3_600_000 + minute * 60_000)
        everything = columns_of(street, "STANDARD_EVENT_LOG")
        clock, code_column = everything
        from_ms, to_ms = MONDAY_MS + 3_660_000, MONDAY_MS + 3_720_000
        name: Obis = obis.STANDARD_EVENT_LOG
        async with street.associated() as client:
            ranged = await read_profile(client, name, everything, from_ms, to_ms)
            codes = await read_profile(client, name, everything, from_ms, to_ms, columns=(code_column,))
            numbered = await read_entries(client, name, everything, EntryDescriptor(2, 3, 2, 2))
        first, second = int(EventCode.AUTHENTICATION_FAILED), int(EventCode.REMOTE_DISCONNECTION)
        assert ranged.time_s().tolist() == [from_ms // 1000, to_ms // 1000]
        assert ranged.numbers(code_column).tolist() == [first, second]
        assert (codes.capture_objects, codes.numbers(code_column).tolist()) == ((code_column,), [first, second])
        assert (numbered.capture_objects, numbered.numbers(code_column).tolist()) == ((code_column,), [first, second])
        assert clock not in codes.capture_objects

    play(fleet, scenario)


@pytest.mark.parametrize(
    "entries", [EntryDescriptor(0, 1, 1, 0), EntryDescriptor(1, 2, 1, 99), EntryDescriptor(1, 2, 4, 3)]
)
def test_numbers_that_there_are_not_are_refused(fleet: Fleet, entries: EntryDescriptor) -> None:
    async def scenario(street: Street) -> None:
        everything = columns_of(street, "LOAD_PROFILE")
        async with street.associated() as client:
            with pytest.raises(RefusedError) as caught:
                await read_entries(client, obis.LOAD_PROFILE, everything, entries)
            assert caught.value.result in ("scope-of-access-violated", "other-reason", "type-unmatched")

    play(fleet, scenario)
