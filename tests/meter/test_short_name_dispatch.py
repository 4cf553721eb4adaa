"""A meter by short names, read, written and switched by our client, which names its objects as in any other meter."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from ferraris.client import ClientAssociation, ClientSettings, read_entries, read_profile
from ferraris.client.association import descriptor_of
from ferraris.cosem import (
    AssociationSnV0,
    AssociationSnV2,
    AttributeOfObject,
    Clock,
    ControlMode,
    ControlState,
    CosemDateTime,
    Data,
    DisconnectControl,
    EntryDescriptor,
    ObjectListElementSn,
    ProfileGeneric,
    Referencing,
    Register,
    SecuritySetup,
    obis,
    profile_from_text,
)
from ferraris.cosem.classes.association_sn import BASE_NAME, BASE_NAME_LIST, CLASS_LIST, OBJECT
from ferraris.cosem.classes.object_references import ObjectId
from ferraris.cosem.declaration import Method, Selector
from ferraris.cosem.short_names import FIRST_BASE_NAME, ShortNames
from ferraris.cosem.types import Structure
from ferraris.dlms.apdu import (
    BlockNumberAccess,
    DataAccessResult,
    ParameterisedAccess,
    ReadRequest,
    ReadResponse,
    SelectiveAccess,
    UnconfirmedWriteRequest,
    VariableName,
    WriteDataBlockAccess,
    WriteRequest,
    WriteResponse,
)
from ferraris.kernel.clock import ManualClock
from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import LinkError, RefusedError
from ferraris.link import loopback_pair
from ferraris.meter.device import LogicalDevice
from ferraris.meter.fleet import Fleet
from ferraris.meter.live_values import Partner
from ferraris.meter.model import MeterModel, meter_model
from ferraris.meter.server import MeterServer
from ferraris.meter.short_name_dispatch import answer_by_short_names
from ferraris.simulation import run_virtual
from tests.meter.clients import associated, management, public, reading
from tests.meter.steady import MONDAY_MS

NOW_MS = MONDAY_MS + 3_600_000
SETTINGS = {"management": management, "reading": reading, "public": public}
ASSOCIATION = obis.ASSOCIATION
VIEW = meter_model("short_name_meter").short_names("management")


def device_of(fleet: Fleet) -> LogicalDevice:
    return LogicalDevice(fleet.meters[0], meter_model("short_name_meter"), seed=1)


def by_short_names(name: str, **changes: object) -> ClientSettings:
    settings = SETTINGS[name]()  # type: ignore[operator]
    association = replace(settings.association, referencing=Referencing.SHORT_NAME, **changes)
    return replace(settings, association=association)


def with_meter(
    fleet: Fleet,
    settings: ClientSettings,
    act: Callable[[ClientAssociation], Awaitable[None]],
    device: LogicalDevice | None = None,
) -> LogicalDevice:
    """Let `act` use an association with the meter."""
    device = device or device_of(fleet)

    async def scenario() -> None:
        server = MeterServer(device, ManualClock(NOW_MS), SeededEntropy(4))
        here, there = loopback_pair()

        async def serve() -> None:
            try:
                await server.serve(there)
            except LinkError:
                pass
            finally:
                await there.aclose()

        task = asyncio.create_task(serve())
        async with associated(here, settings) as client:
            await act(client)
        await task

    run_virtual(scenario())
    return device


@pytest.mark.parametrize("name", SETTINGS)
def test_every_association_reads_the_clock(fleet: Fleet, name: str) -> None:
    async def act(client: ClientAssociation) -> None:
        assert (await client.get(Clock.time, obis.CLOCK)).to_epoch_ms() is not None

    with_meter(fleet, by_short_names(name), act)


def test_registers_lists_writes_and_methods(fleet: Fleet) -> None:
    async def act(client: ClientAssociation) -> None:
        energy = await client.get(Register.value, obis.ACTIVE_ENERGY_IMPORT)
        wanted = [
            descriptor_of(Register.value, obis.ACTIVE_ENERGY_IMPORT),
            descriptor_of(Data.value, obis.SERIAL_NUMBER),
        ]
        octets, _serial = await client.get_list([*wanted])
        assert octets == Register.value.datatype.encode(energy)
        before = client.round_trips
        many = await client.read_many(wanted * 20)
        assert (len(many), client.round_trips - before) == (40, 1)
        await client.set(DisconnectControl.control_mode, obis.DISCONNECT_CONTROL, ControlMode.MODE_2)
        assert await client.get(DisconnectControl.control_mode, obis.DISCONNECT_CONTROL) is ControlMode.MODE_2
        await client.invoke(DisconnectControl.remote_disconnect, obis.DISCONNECT_CONTROL, 0)
        assert await client.get(DisconnectControl.control_state, obis.DISCONNECT_CONTROL) is ControlState.DISCONNECTED
        await client.set(Clock.time, obis.CLOCK, CosemDateTime.from_epoch_ms(NOW_MS + 60_000))

    with_meter(fleet, by_short_names("management"), act)


@pytest.mark.parametrize("pdu_size", [200, 65535])
def test_a_profile_by_range_columns_and_entries(fleet: Fleet, pdu_size: int) -> None:
    async def act(client: ClientAssociation) -> None:
        columns = await client.get(ProfileGeneric.capture_objects, obis.LOAD_PROFILE)
        whole = await read_profile(client, obis.LOAD_PROFILE, columns)
        assert len(whole) > 3
        times = whole.time_s()
        part = await read_profile(
            client,
            obis.LOAD_PROFILE,
            columns,
            int(times[1]) * 1000,
            int(times[2]) * 1000,
            columns=(columns[0], columns[2]),
        )
        assert part.time_s().tolist() == times[1:3].tolist()
        assert part.numbers(columns[2]).tolist() == whole.numbers(columns[2])[1:3].tolist()
        entries = await read_entries(client, obis.LOAD_PROFILE, columns, EntryDescriptor(2, 3))
        assert entries.time_s().tolist() == times[1:3].tolist()

    with_meter(fleet, by_short_names("management", max_receive_pdu_size=pdu_size), act)


def test_what_is_not_allowed_is_refused(fleet: Fleet) -> None:
    async def act(client: ClientAssociation) -> None:
        with pytest.raises(RefusedError) as refused:
            await client.invoke(DisconnectControl.remote_disconnect, obis.DISCONNECT_CONTROL, 0)
        assert refused.value.code == DataAccessResult.READ_WRITE_DENIED
        with pytest.raises(RefusedError) as refused:
            await client.get(SecuritySetup.security_policy, obis.SECURITY_SETUP)
        assert refused.value.code == DataAccessResult.OBJECT_UNDEFINED

    with_meter(fleet, by_short_names("reading"), act)


def test_association_sn_tells_its_objects_and_rights(fleet: Fleet) -> None:
    async def act(client: ClientAssociation) -> None:
        elements = await client.get(AssociationSnV2.object_list, ASSOCIATION)
        rights = await client.get(AssociationSnV2.access_rights_list, ASSOCIATION)
        assert [element.base_name for element in rights] == [element.base_name for element in elements]
        assert ShortNames(elements).of_attribute(12, ASSOCIATION, 1) == BASE_NAME
        clock = next(element for element in elements if element.class_id == 8)
        assert clock == ObjectListElementSn(0x2BC0, 8, 0, obis.CLOCK)

    with_meter(fleet, by_short_names("management"), act)


def test_parts_of_the_lists_by_their_selectors(fleet: Fleet) -> None:
    """Some classes, one object, some base names; of the rights the latter only."""

    async def act(client: ClientAssociation) -> None:
        elements = await client.get(AssociationSnV2.object_list, ASSOCIATION)
        rights = await client.get(AssociationSnV2.access_rights_list, ASSOCIATION)
        clock = ObjectListElementSn(0x2BC0, 8, 0, obis.CLOCK)

        async def part(selector: Selector[Any], wanted: Any) -> tuple[ObjectListElementSn, ...]:
            selection = SelectiveAccess(selector.number, selector.datatype.encode(wanted))
            return await client.get(AssociationSnV2.object_list, ASSOCIATION, selection)

        assert await part(CLASS_LIST, (8,)) == (clock,)
        assert await part(CLASS_LIST, (3, 8)) == tuple(one for one in elements if one.class_id in (3, 8))
        descriptor = descriptor_of(AssociationSnV2.object_list, ASSOCIATION)
        of_clock, of_none = (
            SelectiveAccess(OBJECT.number, OBJECT.datatype.encode(ObjectId(class_id, obis.CLOCK)))
            for class_id in (8, 9)
        )
        one = await client.get_octets(descriptor, of_clock)
        assert Structure(ObjectListElementSn).decode(one) == clock, "its element, and no list of one: jDLMS wants it so"
        with pytest.raises(RefusedError, match="object-undefined"):
            await client.get_octets(descriptor, of_none)
        assert await part(BASE_NAME_LIST, (0x2BC0, 1)) == (clock,)
        selection = SelectiveAccess(BASE_NAME_LIST.number, BASE_NAME_LIST.datatype.encode((0x2BC0,)))
        own = await client.get(AssociationSnV2.access_rights_list, ASSOCIATION, selection)
        assert own == tuple(right for right in rights if right.base_name == 0x2BC0)

    with_meter(fleet, by_short_names("management"), act)


PROTECTED = """
name = "protected"
title = "P"
inherit = "short_name_meter"

[source]
document = "d"
edition = "e"
licence = "l"

[objects]
SERIAL_NUMBER = { protect.value = ["encrypted_response"] }
"""


@pytest.mark.parametrize(("sent", "beyond"), [(0x00, 0x08), (0x08, 0x00), (0x04, 0x08)])
def test_an_answer_is_protected_as_its_right_asks(fleet: Fleet, sent: int, beyond: int) -> None:
    device = LogicalDevice(fleet.meters[0], MeterModel(profile_from_text(PROTECTED, "p")), seed=1)
    asking = Partner("management", 1, 1, True, 5, None, sent)  # type: ignore[arg-type]
    serial = ReadRequest((VariableName(VIEW.names.of_attribute(1, obis.SERIAL_NUMBER, 2) or 0),))
    response, lacking = answer_by_short_names(device, asking, serial, NOW_MS)
    assert isinstance(response, ReadResponse)
    assert isinstance(response.results[0], bytes)
    assert lacking == beyond
    name = ReadRequest((VariableName(VIEW.names.of_attribute(1, obis.LOGICAL_DEVICE_NAME, 2) or 0),))
    assert answer_by_short_names(device, asking, name, NOW_MS)[1] == 0
    refused, _ = answer_by_short_names(device, replace(asking, ciphered=False), serial, NOW_MS)
    if beyond:
        assert refused == ReadResponse((DataAccessResult.READ_WRITE_DENIED,))


def test_reading_by_logical_name_needs_no_object_list(fleet: Fleet) -> None:
    async def act(client: ClientAssociation) -> None:
        wanted = (AttributeOfObject(1, obis.LOGICAL_DEVICE_NAME, 2), AttributeOfObject(99, obis.CLOCK, 2))
        row = await client.invoke(AssociationSnV2.read_by_logicalname, ASSOCIATION, wanted)
        assert row is not None
        assert (len(row), row[1].value) == (2, None)
        assert row[0].value == (await client.get(Data.value, obis.LOGICAL_DEVICE_NAME)).value

    with_meter(fleet, by_short_names("management"), act)


# Version 0 of Association SN gives parts of its list by methods

VERSION_0 = """
name = "version_0"
title = "By short names of old"
inherit = "short_name_meter"
absent = ["ASSOCIATION"]

[source]
document = "d"
edition = "e"
licence = "l"

[associations]
public = { client_sap = 16, authentication = "lowest", rights = "read", referencing = "short_name", only = ["CLOCK"] }

[objects.ASSOCIATION_OF_OLD]
class_id = 12
version = 0
code = "0.0.40.0.0.255"
execute = ["getlist_by_classid", "getobj_by_logicalname", "read_by_logicalname"]
"""


def of_version_0(fleet: Fleet) -> LogicalDevice:
    return LogicalDevice(fleet.meters[0], MeterModel(profile_from_text(VERSION_0, "version_0")), seed=1)


def test_version_0_gives_parts_of_its_list_by_methods(fleet: Fleet) -> None:
    async def act(client: ClientAssociation) -> None:
        everything = await client.get(AssociationSnV0.object_list, ASSOCIATION)
        registers = await client.invoke(AssociationSnV0.getlist_by_classid, ASSOCIATION, (3, 8))
        assert registers == tuple(element for element in everything if element.class_id in (3, 8))
        clock = await client.invoke(AssociationSnV0.getobj_by_logicalname, ASSOCIATION, ObjectId(8, obis.CLOCK))
        assert clock is not None
        assert (clock.class_id, clock.logical_name, clock.short_name) == (8, obis.CLOCK, 0x2BC0)
        assert await client.invoke(AssociationSnV0.getlist_by_classid, ASSOCIATION, (99,)) == ()
        with pytest.raises(RefusedError, match="object-undefined"):
            await client.invoke(AssociationSnV0.getobj_by_logicalname, ASSOCIATION, ObjectId(99, obis.CLOCK))

    with_meter(fleet, by_short_names("management"), act, of_version_0(fleet))


@pytest.mark.parametrize("method", [AssociationSnV0.getlist_by_classid, AssociationSnV0.getobj_by_logicalname])
def test_an_argument_of_another_type_is_refused(fleet: Fleet, method: Method[Any, Any]) -> None:
    device = of_version_0(fleet)
    name = device.model.short_names("management").names.of_method(12, ASSOCIATION, method.number)
    request = ReadRequest((ParameterisedAccess(name or 0, 0, b"\x11\x01"),))
    partner = Partner("management", 1, 1, True, 5, None)  # type: ignore[arg-type]
    assert answer_by_short_names(device, partner, request, NOW_MS)[0] == ReadResponse(
        (DataAccessResult.TYPE_UNMATCHED,)
    )


def test_later_versions_have_no_such_methods(fleet: Fleet) -> None:
    async def act(client: ClientAssociation) -> None:
        with pytest.raises(RefusedError):
            await client.invoke(AssociationSnV0.getlist_by_classid, ASSOCIATION, (3,))

    with_meter(fleet, by_short_names("management"), act)


# Requests that no client of ours would send


def ask(fleet: Fleet, request: object) -> object:
    device = device_of(fleet)
    partner = Partner("management", 1, 1, True, 5, None)  # type: ignore[arg-type]
    return answer_by_short_names(device, partner, request, NOW_MS)[0]  # type: ignore[arg-type]


DISCONNECTOR = VIEW.names.of_method(70, obis.DISCONNECT_CONTROL, 1) or 0
LOAD_PROFILE = VIEW.names.of_attribute(7, obis.LOAD_PROFILE, 2) or 0


@pytest.mark.parametrize(
    ("specification", "result"),
    [
        (VariableName(FIRST_BASE_NAME - 8), DataAccessResult.OBJECT_UNDEFINED),
        (VariableName(FIRST_BASE_NAME + 1), DataAccessResult.OBJECT_UNDEFINED),
        (VariableName(DISCONNECTOR), DataAccessResult.SCOPE_OF_ACCESS_VIOLATED),
        (ParameterisedAccess(DISCONNECTOR, 0, b"\x0f\x00"), b"\x00"),
        (ParameterisedAccess(DISCONNECTOR, 0, b"\x09\x00"), DataAccessResult.TYPE_UNMATCHED),
        (ParameterisedAccess(LOAD_PROFILE, 9, b"\x00"), DataAccessResult.SCOPE_OF_ACCESS_VIOLATED),
        (ParameterisedAccess(BASE_NAME + 8, 1, b"\x01\x00"), b"\x01\x00"),
        (ParameterisedAccess(BASE_NAME + 8, 1, b"\x09\x00"), DataAccessResult.TYPE_UNMATCHED),
        (ParameterisedAccess(BASE_NAME + 8, 4, b"\x01\x00"), DataAccessResult.SCOPE_OF_ACCESS_VIOLATED),
        (ParameterisedAccess(BASE_NAME + 16, 1, b"\x01\x00"), DataAccessResult.SCOPE_OF_ACCESS_VIOLATED),
        (ParameterisedAccess(BASE_NAME + 0x58, 0, b"\x09\x00"), DataAccessResult.READ_WRITE_DENIED),
        (ParameterisedAccess(BASE_NAME + 0x30, 0, b"\x09\x00"), DataAccessResult.TYPE_UNMATCHED),
        (ParameterisedAccess(0xFFF8, 0, b"\x00"), DataAccessResult.OBJECT_UNDEFINED),
        (BlockNumberAccess(1), DataAccessResult.OTHER_REASON),
    ],
)
def test_odd_reads(fleet: Fleet, specification: VariableName, result: object) -> None:
    assert ask(fleet, ReadRequest((specification,))) == ReadResponse((result,))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("specification", "value", "result"),
    [
        (VariableName(0xFFF8), b"\x00", DataAccessResult.OBJECT_UNDEFINED),
        (VariableName(DISCONNECTOR), b"\x0f\x00", DataAccessResult.SUCCESS),
        (VariableName(LOAD_PROFILE), b"\x01\x00", DataAccessResult.READ_WRITE_DENIED),
        (VariableName(BASE_NAME + 0x58), b"\x09\x00", DataAccessResult.OTHER_REASON),
        (WriteDataBlockAccess(True, 1), b"\x09\x00", DataAccessResult.OTHER_REASON),
    ],
)
def test_odd_writes(fleet: Fleet, specification: VariableName, value: bytes, result: DataAccessResult) -> None:
    assert ask(fleet, WriteRequest((specification,), (value,))) == WriteResponse((result,))


def test_a_write_without_values_writes_nothing(fleet: Fleet) -> None:
    mode = VIEW.names.of_attribute(70, obis.DISCONNECT_CONTROL, 4) or 0
    assert ask(fleet, WriteRequest((VariableName(mode),), ())) == WriteResponse((DataAccessResult.TYPE_UNMATCHED,))


def test_an_unconfirmed_write_is_carried_out_and_not_answered(fleet: Fleet) -> None:
    mode = VIEW.names.of_attribute(70, obis.DISCONNECT_CONTROL, 4) or 0
    assert ask(fleet, UnconfirmedWriteRequest((VariableName(mode),), (b"\x16\x01",))) is None
    assert ask(fleet, ReadRequest((VariableName(mode),))) == ReadResponse((b"\x16\x01",))
