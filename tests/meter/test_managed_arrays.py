"""An array manager of the virtual meter, asked by our client: entries counted, read, inserted, replaced and removed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ferraris.client import ClientAssociation
from ferraris.codec import Data, Tag, decode_whole
from ferraris.cosem import CaptureObject, Obis, obis, profile_from_text
from ferraris.cosem.classes.array_manager import ArrayManager, Entry, EntryOfArray, EntryRange, RangeOfArray
from ferraris.cosem.classes.compact_data import CompactDataV0
from ferraris.kernel.clock import ManualClock
from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import LinkError, RefusedError
from ferraris.kernel.limits import METER_SETTINGS_OCTETS_MAX
from ferraris.link import loopback_pair
from ferraris.meter.device import LogicalDevice
from ferraris.meter.fleet import Fleet
from ferraris.meter.model import MeterModel
from ferraris.meter.server import MeterServer
from ferraris.simulation import run_virtual
from tests.meter.clients import associated, management
from tests.meter.steady import MONDAY_MS

MANAGER = Obis.parse("0.0.128.0.1.255")
COMPACT = Obis.parse("0.0.66.0.1.255")
COLUMNS, REGISTER, NO_ARRAY, NOT_LISTED, NO_RIGHT = 1, 2, 3, 9, 4
PROFILE = """
name = "managed"
title = "Managed"
inherit = "compressed_meter"

[source]
document = "d"
edition = "e"
licence = "l"

[objects.ARRAY_MANAGER]
class_id = 123
code = "0.0.128.0.1.255"
execute = ["retrieve_number_of_entries", "retrieve_entries", "insert_entry", "update_entry", "remove_entries"]
values.array_object_list = [
    [1, [62, "0.0.66.0.1.255", 3]],
    [2, [3, "1.0.1.8.0.255", 2]],
    [3, [3, "1.0.99.99.0.255", 2]],
    [4, [7, "1.0.99.1.0.255", 3]],
]
"""


def at_home(fleet: Fleet, act: Callable[[ClientAssociation], Awaitable[None]]) -> None:
    device = LogicalDevice(fleet.meters[0], MeterModel(profile_from_text(PROFILE, "managed")), 1, "")

    async def main() -> None:
        server = MeterServer(device, ManualClock(MONDAY_MS + 3_600_000), SeededEntropy(4))
        here, there = loopback_pair()

        async def serve() -> None:
            with suppress(LinkError):
                await server.serve(there)

        task = asyncio.create_task(serve())
        async with associated(here, management()) as client:
            await act(client)
        await task

    run_virtual(main())


async def columns(client: ClientAssociation) -> list[Obis]:
    return [column.logical_name for column in await client.get(CompactDataV0.capture_objects, COMPACT)]


def column(name: Obis) -> Data:
    """A capture object as an entry of an array."""
    octets = CompactDataV0.capture_objects.datatype.encode((CaptureObject(3, name, 2, 0),))
    (entry,) = decode_whole(octets).value  # type: ignore[misc]
    assert isinstance(entry, Data)
    return entry


def part(array: int, first: int, last: int) -> RangeOfArray:
    return RangeOfArray(array, EntryRange(first, last))


def one(array: int, index: int, entry: Data) -> EntryOfArray:
    return EntryOfArray(array, Entry(index, entry))


def test_entries_are_counted_and_read(fleet: Fleet) -> None:
    async def act(client: ClientAssociation) -> None:
        count = await client.invoke(ArrayManager.retrieve_number_of_entries, MANAGER, COLUMNS)
        assert count == Data(int(Tag.UNSIGNED), 4)
        entries = await client.invoke(ArrayManager.retrieve_entries, MANAGER, part(COLUMNS, 2, 3))
        assert entries == (column(obis.ACTIVE_ENERGY_IMPORT), column(obis.ACTIVE_ENERGY_EXPORT))

    at_home(fleet, act)


def test_entries_are_inserted_replaced_and_removed(fleet: Fleet) -> None:
    async def act(client: ClientAssociation) -> None:
        clock, energy, export, power = await columns(client)
        voltage = obis.VOLTAGE_L1
        await client.invoke(ArrayManager.insert_entry, MANAGER, one(COLUMNS, 0, column(voltage)))
        assert await columns(client) == [voltage, clock, energy, export, power]
        await client.invoke(ArrayManager.insert_entry, MANAGER, one(COLUMNS, 5, column(voltage)))
        assert await columns(client) == [voltage, clock, energy, export, power, voltage]
        await client.invoke(ArrayManager.update_entry, MANAGER, one(COLUMNS, 1, column(power)))
        assert await columns(client) == [power, clock, energy, export, power, voltage]
        await client.invoke(ArrayManager.remove_entries, MANAGER, part(COLUMNS, 2, 5))
        assert await columns(client) == [power, voltage]
        await client.invoke(ArrayManager.remove_entries, MANAGER, part(COLUMNS, 1, 2))
        assert await columns(client) == []
        count = await client.invoke(ArrayManager.retrieve_number_of_entries, MANAGER, COLUMNS)
        assert count == Data(int(Tag.UNSIGNED), 0)

    at_home(fleet, act)


ENTRY = column(obis.VOLTAGE_L1)
REFUSED = [
    (ArrayManager.retrieve_number_of_entries, NOT_LISTED, "object-undefined"),
    (ArrayManager.retrieve_number_of_entries, NO_ARRAY, "object-undefined"),
    (ArrayManager.retrieve_number_of_entries, REGISTER, "type-unmatched"),
    (ArrayManager.retrieve_entries, part(COLUMNS, 0, 2), "scope-of-access-violated"),
    (ArrayManager.retrieve_entries, part(COLUMNS, 3, 2), "scope-of-access-violated"),
    (ArrayManager.retrieve_entries, part(COLUMNS, 4, 5), "scope-of-access-violated"),
    (ArrayManager.remove_entries, part(COLUMNS, 1, 5), "scope-of-access-violated"),
    (ArrayManager.insert_entry, one(COLUMNS, 5, ENTRY), "scope-of-access-violated"),
    (ArrayManager.update_entry, one(COLUMNS, 0, ENTRY), "scope-of-access-violated"),
    (ArrayManager.update_entry, one(COLUMNS, 5, ENTRY), "scope-of-access-violated"),
    (ArrayManager.insert_entry, one(COLUMNS, 0, Data(int(Tag.UNSIGNED), 1)), "type-unmatched"),
    (ArrayManager.insert_entry, one(NO_RIGHT, 0, ENTRY), "read-write-denied"),
    (ArrayManager.remove_entries, part(NO_RIGHT, 1, 1), "read-write-denied"),
]


def test_what_cannot_be_done_is_refused_and_changes_nothing(fleet: Fleet) -> None:
    """Among it what the client may not do to the array itself: the columns of the load profile are the meter's."""

    async def act(client: ClientAssociation) -> None:
        before = await columns(client)
        for method, argument, result in REFUSED:
            with pytest.raises(RefusedError) as refused:
                await client.invoke(method, MANAGER, argument)  # type: ignore[arg-type]
            assert refused.value.result == result, (method.name, argument)
        assert await columns(client) == before

    at_home(fleet, act)


def test_an_array_does_not_grow_without_bound(fleet: Fleet) -> None:
    async def act(client: ClientAssociation) -> None:
        octets = len(CompactDataV0.capture_objects.datatype.encode((CaptureObject(3, obis.VOLTAGE_L1, 2, 0),)))
        fitting = METER_SETTINGS_OCTETS_MAX // octets
        await client.set(CompactDataV0.capture_objects, COMPACT, (CaptureObject(3, obis.VOLTAGE_L1, 2, 0),) * fitting)
        with pytest.raises(RefusedError, match="other-reason"):  # noqa: PT012
            for _ in range(fitting):
                await client.invoke(ArrayManager.insert_entry, MANAGER, one(COLUMNS, 0, ENTRY))
        assert fitting <= len(await columns(client)) < 2 * fitting

    at_home(fleet, act)


NAMES = [obis.VOLTAGE_L1, obis.ACTIVE_ENERGY_IMPORT, obis.ACTIVE_ENERGY_EXPORT, obis.ACTIVE_POWER_IMPORT]


def managed(entries: list[Obis], step: tuple[str, int, int, Obis]) -> list[Obis] | None:
    """The entries after a step, reckoned by hand and counted from 1; None for what is out of bounds."""
    what, first, last, name = step
    count = len(entries)
    if what == "insert":
        return [*entries[:first], name, *entries[first:]] if first <= count else None
    if what == "update":
        return [name if place == first else old for place, old in enumerate(entries, 1)] if 0 < first <= count else None
    if not 0 < first <= last <= count:
        return None
    return [old for place, old in enumerate(entries, 1) if not first <= place <= last]


STEPS = st.tuples(
    st.sampled_from(["insert", "insert", "update", "remove"]),
    st.integers(0, 6),
    st.integers(0, 6),
    st.sampled_from(NAMES),
)


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(STEPS, min_size=4, max_size=12))
def test_any_row_of_steps_leaves_what_a_list_would_hold(fleet: Fleet, steps: list[tuple[str, int, int, Obis]]) -> None:
    async def act(client: ClientAssociation) -> None:
        expected = await columns(client)
        for step in steps:
            what, first, last, name = step
            entry = one(COLUMNS, first, column(name))
            method, argument = {
                "insert": (ArrayManager.insert_entry, entry),
                "update": (ArrayManager.update_entry, entry),
                "remove": (ArrayManager.remove_entries, part(COLUMNS, first, last)),
            }[what]
            after = managed(expected, step)
            if after is None:
                with pytest.raises(RefusedError, match="scope-of-access-violated"):
                    await client.invoke(method, MANAGER, argument)  # type: ignore[arg-type]
            else:
                await client.invoke(method, MANAGER, argument)  # type: ignore[arg-type]
                expected = after
            assert await columns(client) == expected
        count = await client.invoke(ArrayManager.retrieve_number_of_entries, MANAGER, COLUMNS)
        assert count == Data(int(Tag.UNSIGNED), len(expected))
        if expected:
            whole = await client.invoke(ArrayManager.retrieve_entries, MANAGER, part(COLUMNS, 1, len(expected)))
            assert whole is not None
            assert [entry.value[1].value for entry in whole] == [bytes(name) for name in expected]  # type: ignore[index]

    at_home(fleet, act)
