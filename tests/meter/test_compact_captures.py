"""Compact data of the virtual meter, read by our client: captured by hand or with every read, in both versions of the class."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest

from ferraris.client import ClientAssociation, CompactRow, explore, read_compact_data, read_compact_template
from ferraris.codec import Data, Tag
from ferraris.cosem import CaptureObject, Obis, Register, obis, profile_from_text
from ferraris.cosem.classes.compact_data import CompactData, CompactDataV0
from ferraris.cosem.classes.restricted_attribute import RestrictedAttribute, Restriction, RestrictionType
from ferraris.kernel.clock import ManualClock
from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import LinkError, RefusedError
from ferraris.link import loopback_pair
from ferraris.meter.device import LogicalDevice
from ferraris.meter.fleet import Fleet
from ferraris.meter.model import MeterModel, meter_model
from ferraris.meter.push import told_octets
from ferraris.meter.server import MeterServer
from ferraris.simulation import run_virtual
from tests.meter.clients import associated, management
from tests.meter.steady import MONDAY_MS

NAME = Obis.parse("0.0.66.0.1.255")
PROFILE = """
name = "compact"
title = "Compact"
inherit = "smr5_single_phase"

[source]
document = "d"
edition = "e"
licence = "l"

[objects.COMPACT_DATA]
class_id = 62
version = {version}
code = "0.0.66.0.1.255"
write = ["capture_objects", "template_id", "capture_method"]
execute = ["reset", "capture"]
values.template_id = 7
values.capture_method = "{method}"
values.capture_objects = [{captured}]
"""
COLUMNS = {
    0: '[8, "0.0.1.0.0.255", 2, 0], [3, "1.0.1.8.0.255", 2, 0], [3, "1.0.1.8.0.255", 3, 2]',
    1: "",
}
NO_RESTRICTION = Restriction(RestrictionType.NONE, Data(Tag.NULL_DATA, None))
CLASSES = {0: CompactDataV0, 1: CompactData}


class Home:
    """A meter with compact data, its clock, and a client."""

    def __init__(self, device: LogicalDevice, clock: ManualClock, client: ClientAssociation, version: int) -> None:
        self.device, self.clock, self.client, self.interface = device, clock, client, CLASSES[version]

    async def rows(self) -> list[CompactRow]:
        return await read_compact_data(self.client, NAME, self.interface)

    def wanted(self, class_id: int, name: Obis, attribute: int, index: int = 0) -> Any:
        if self.interface is CompactDataV0:
            return CaptureObject(class_id, name, attribute, index)
        return RestrictedAttribute(class_id, name, attribute, index, NO_RESTRICTION)

    async def capture_these(self, *wanted: Any) -> None:
        await self.client.set(self.interface.capture_objects, NAME, wanted)


def at_home(
    fleet: Fleet,
    act: Callable[[Home], Awaitable[None]],
    method: str = "on_invocation",
    version: int = 0,
    device: LogicalDevice | None = None,
) -> LogicalDevice:
    if device is None:
        text = PROFILE.format(version=version, method=method, captured=COLUMNS[version])
        device = LogicalDevice(fleet.meters[0], MeterModel(profile_from_text(text, "compact")), 1, "")

    async def main() -> None:
        clock = ManualClock(MONDAY_MS + 3_600_000)
        server = MeterServer(device, clock, SeededEntropy(4))
        here, there = loopback_pair()

        async def serve() -> None:
            with suppress(LinkError):
                await server.serve(there)

        task = asyncio.create_task(serve())
        async with associated(here, management()) as client:
            await act(Home(device, clock, client, version))
        await task

    run_virtual(main())
    return device


def values(row: CompactRow) -> list[object]:
    return [value.value for _, value in row]


def test_captured_by_hand_it_stays_until_the_next_capture(fleet: Fleet) -> None:
    async def act(home: Home) -> None:
        assert await home.rows() == []
        await home.client.invoke(CompactData.capture, NAME, 0)
        (first,) = await home.rows()
        home.clock.advance(3_600_000)
        assert await home.rows() == [first]
        await home.client.invoke(CompactData.capture, NAME, 0)
        (second,) = await home.rows()
        assert [captured for captured, _ in first] == [captured for captured, _ in second]
        assert [value.tag for _, value in first] == [Tag.OCTET_STRING, Tag.DOUBLE_LONG_UNSIGNED, Tag.ENUM]
        energy = (await home.client.get(Register.value, obis.ACTIVE_ENERGY_IMPORT)).value
        assert (values(first)[1], values(second)[1], values(second)[2]) == (400, energy, 30)
        assert energy == 800
        await home.client.invoke(CompactData.reset, NAME, 0)
        assert await home.rows() == []

    at_home(fleet, act)


def test_captured_implicitly_it_is_as_new_as_its_read(fleet: Fleet) -> None:
    async def act(home: Home) -> None:
        (row,) = await home.rows()
        assert values(row)[1] == 400
        home.clock.advance(3_600_000)
        (row,) = await home.rows()
        assert values(row)[1] == 800
        with pytest.raises(RefusedError):
            await home.client.invoke(CompactData.capture, NAME, 0)

    at_home(fleet, act, "implicit")


@pytest.mark.parametrize("version", [0, 1])
def test_a_client_chooses_what_is_captured(fleet: Fleet, version: int) -> None:
    async def act(home: Home) -> None:
        await home.client.invoke(CompactData.capture, NAME, 0)
        await home.capture_these(
            home.wanted(1, obis.LOGICAL_DEVICE_NAME, 2),
            home.wanted(3, obis.ACTIVE_ENERGY_IMPORT, 3),
            home.wanted(3, obis.ACTIVE_ENERGY_IMPORT, 3, 1),
        )
        assert await home.rows() == [], "what was captured before is none of these"
        await home.client.invoke(CompactData.capture, NAME, 0)
        ((name, scaler_unit, scaler),) = await home.rows()
        assert name[1].value == b"FER0000000000001"
        assert [member.value for member in scaler_unit[1].value] == [0, 30]  # type: ignore[union-attr]
        assert scaler[1] == Data(Tag.INTEGER, 0)

    at_home(fleet, act, version=version)


def test_what_is_not_there_is_null_data(fleet: Fleet) -> None:
    async def act(home: Home) -> None:
        await home.capture_these(
            home.wanted(3, Obis.parse("1.0.77.8.0.255"), 2),
            home.wanted(3, obis.ACTIVE_ENERGY_IMPORT, 99),
            home.wanted(3, obis.ACTIVE_ENERGY_IMPORT, 3, 3),
            home.wanted(3, obis.ACTIVE_ENERGY_IMPORT, 2, 1),
            home.wanted(62, NAME, 2),
            home.wanted(3, obis.ACTIVE_ENERGY_IMPORT, 2),
        )
        (row,) = await home.rows()
        assert values(row) == [None] * 5 + [400]

    at_home(fleet, act, "implicit")


def test_a_restriction_takes_some_rows_of_a_profile(fleet: Fleet) -> None:
    first_two = Restriction(
        RestrictionType.ENTRY,
        Data(Tag.STRUCTURE, (Data(Tag.DOUBLE_LONG_UNSIGNED, 1), Data(Tag.DOUBLE_LONG_UNSIGNED, 2))),
    )

    async def act(home: Home) -> None:
        await home.capture_these(RestrictedAttribute(7, obis.LOAD_PROFILE, 2, 0, first_two))
        (((_, rows),),) = await home.rows()
        assert len(rows.value) == 2  # type: ignore[arg-type]

    at_home(fleet, act, "implicit", version=1)


def test_a_template_read_once_opens_a_buffer_that_comes_alone(fleet: Fleet) -> None:
    """As one that is pushed."""
    templates: list[Any] = []

    async def act(home: Home) -> None:
        templates.append(await read_compact_template(home.client, NAME, CompactDataV0))

    device = at_home(fleet, act, "implicit")
    moment = device.moment(MONDAY_MS + 7_200_000)
    octets = told_octets(device, moment, CaptureObject(62, NAME, 2, 0), None)  # type: ignore[arg-type]
    (template,) = templates
    assert template.template_id == 7
    (row,) = template.open(CompactData.compact_buffer.datatype.decode(octets))
    assert values(row)[1] == 800


def test_the_shipped_profile_with_compact_data_is_explored_and_read(fleet: Fleet) -> None:
    device = LogicalDevice(fleet.meters[0], meter_model("compressed_meter"), 1, "")

    async def act(home: Home) -> None:
        (row,) = await home.rows()
        tags = [Tag.OCTET_STRING, Tag.DOUBLE_LONG_UNSIGNED, Tag.DOUBLE_LONG_UNSIGNED, Tag.LONG_UNSIGNED]
        assert [value.tag for _, value in row] == tags
        assert values(row)[1] == 400
        (compact,) = [each for each in (await explore(home.client)).objects if each.element.logical_name == NAME]
        assert [attribute.deviation for attribute in compact.attributes] == [None] * len(compact.attributes)
        assert {attribute.number for attribute in compact.attributes} == set(range(1, 7))

    at_home(fleet, act, device=device)
