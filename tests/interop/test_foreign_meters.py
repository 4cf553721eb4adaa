"""Our client reads the meters of Gurux and jDLMS: every authentication, every ciphered form, the load profile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from ferraris.client import ClientAssociation, ClientSettings, ProfileColumns, descriptor_of, read_entries, read_profile
from ferraris.cosem import (
    AssociationLn,
    Clock,
    ControlState,
    CosemDateTime,
    Data,
    DisconnectControl,
    EntryDescriptor,
    Obis,
    ProfileGeneric,
    Register,
    Unit,
)
from ferraris.dlms import Ciphering, SecurityControl
from ferraris.dlms.apdu import DataAccessResult
from ferraris.kernel.errors import AuthenticationError, LinkError, RefusedError
from tests.interop.load_profile import (
    ACTIVE_ENERGY_IMPORT,
    CLOCK,
    COLUMNS,
    DISCONNECTOR,
    LOAD_PROFILE,
    NO_SUCH_REGISTER,
    ROWS,
    STATUS,
    VOLTAGE_L1,
    end_s,
    numbers,
)
from tests.interop.own_client import PUBLIC, READING, management, with_association

PEER_ROLE = "meter"
pytestmark = [pytest.mark.interop, pytest.mark.xdist_group("interop")]

MODES = {
    "authenticated and encrypted": management,
    "authenticated only": lambda: management(SecurityControl.AUTHENTICATED),
    "encrypted only": lambda: management(SecurityControl.ENCRYPTED),
    "dedicated key": lambda: management(ciphering=Ciphering.DEDICATED),
    "general-glo": lambda: management(ciphering=Ciphering.GENERAL_GLOBAL),
    "general-ded": lambda: management(ciphering=Ciphering.GENERAL_DEDICATED),
    "blocks of 200 octets": lambda: management(max_receive_pdu_size=200),
    "low level security": lambda: READING,
    "public": lambda: PUBLIC,
}
# jDLMS has neither dedicated keys nor general ciphering, closes on an InitiateRequest that is not both authenticated and
# encrypted, and answers LLS in the wrong context (test_peer_bugs).
JDLMS_MODES = ("authenticated and encrypted", "blocks of 200 octets", "public")

SHORT_OF_PATIENCE = replace(READING.association, response_timeout_ms=300)


@pytest.fixture(params=["gurux_meter", "jdlms_meter"])
def meter(request: pytest.FixtureRequest) -> int:
    """Either meter."""
    port: int = request.getfixturevalue(request.param)
    return port


async def profile_of(association: ClientAssociation) -> ProfileColumns:
    """The whole load profile, its columns as the meter names them."""
    columns = await association.get(ProfileGeneric.capture_objects, LOAD_PROFILE)
    assert columns == COLUMNS
    return await read_profile(association, LOAD_PROFILE, columns)


def assert_rows(profile: ProfileColumns, rows: range) -> None:
    """The profile holds these rows, value for value."""
    assert profile.time_s().tolist() == [end_s(row) for row in rows]
    columns = [profile.numbers(column).tolist() for column in COLUMNS[1:]]
    assert list(zip(*columns, strict=True)) == [numbers(row) for row in rows]


@pytest.mark.parametrize("mode", MODES)
def test_load_profile_of_the_gurux_meter(gurux_meter: int, mode: str) -> None:
    assert_rows(with_association(gurux_meter, MODES[mode](), profile_of), range(ROWS))


@pytest.mark.parametrize("mode", JDLMS_MODES)
def test_load_profile_of_the_jdlms_meter(jdlms_meter: int, mode: str) -> None:
    assert_rows(with_association(jdlms_meter, MODES[mode](), profile_of), range(ROWS))


def test_the_shared_layout_is_recognised(meter: int) -> None:
    profile = with_association(meter, management(), profile_of)
    assert profile.table.layout is not None, "the rows were decoded one by one"


@pytest.mark.parametrize(("first", "last"), [(0, 0), (3, 7), (0, ROWS - 1), (90, 200)])
def test_load_profile_by_range(meter: int, first: int, last: int) -> None:
    async def read(association: ClientAssociation) -> ProfileColumns:
        return await read_profile(association, LOAD_PROFILE, COLUMNS, end_s(first) * 1000, end_s(last) * 1000)

    assert_rows(with_association(meter, management(), read), range(first, min(last, ROWS - 1) + 1))


def test_load_profile_by_entry(jdlms_meter: int) -> None:
    async def read(association: ClientAssociation) -> ProfileColumns:
        return await read_entries(association, LOAD_PROFILE, COLUMNS, EntryDescriptor(3, 6))

    assert_rows(with_association(jdlms_meter, management(), read), range(2, 6))


def test_a_range_without_rows(meter: int) -> None:
    async def read(association: ClientAssociation) -> ProfileColumns:
        long_ago_ms = end_s(-10_000) * 1000
        return await read_profile(association, LOAD_PROFILE, COLUMNS, long_ago_ms, long_ago_ms + 1000)

    assert len(with_association(meter, management(), read)) == 0


def test_registers_and_their_units(meter: int) -> None:
    async def read(association: ClientAssociation) -> tuple[object, ...]:
        energy = await association.get(Register.value, ACTIVE_ENERGY_IMPORT)
        scale = await association.get(Register.scaler_unit, VOLTAGE_L1)
        status = await association.get(Data.value, STATUS)
        return energy.value, scale.scaler, scale.unit, status.value

    last = numbers(ROWS - 1)
    assert with_association(meter, management(), read) == (last[1], -1, Unit.VOLT, last[0])


def test_several_attributes_at_once(meter: int) -> None:
    wanted = [descriptor_of(Register.value, ACTIVE_ENERGY_IMPORT), descriptor_of(Data.value, STATUS)]

    async def read(association: ClientAssociation) -> list[bytes | DataAccessResult]:
        return await association.get_list(wanted)

    last = numbers(ROWS - 1)
    assert with_association(meter, management(), read) == [b"\x06" + last[1].to_bytes(4, "big"), bytes((0x11, last[0]))]


def test_object_list_names_the_load_profile(meter: int) -> None:
    async def read(association: ClientAssociation) -> list[tuple[int, Obis]]:
        elements = await association.get(AssociationLn.object_list, Obis.parse("0.0.40.0.0.255"))
        return [(element.class_id, element.logical_name) for element in elements]

    objects = with_association(meter, management(), read)
    assert {(7, LOAD_PROFILE), (8, CLOCK), (70, DISCONNECTOR), (3, ACTIVE_ENERGY_IMPORT)} <= set(objects)


def test_clock_is_set_and_read_back(meter: int) -> None:
    time_ms = end_s(1000) * 1000

    async def read(association: ClientAssociation) -> int | None:
        await association.set(Clock.time, CLOCK, CosemDateTime.from_epoch_ms(time_ms))
        return (await association.get(Clock.time, CLOCK)).to_epoch_ms()

    assert with_association(meter, management(), read) == time_ms


def test_disconnect_and_reconnect(meter: int) -> None:
    async def read(association: ClientAssociation) -> list[tuple[bool, ControlState]]:
        seen = []
        for method in (DisconnectControl.remote_disconnect, DisconnectControl.remote_reconnect):
            await association.invoke(method, DISCONNECTOR, 0)
            state = await association.get(DisconnectControl.control_state, DISCONNECTOR)
            seen.append((await association.get(DisconnectControl.output_state, DISCONNECTOR), state))
        return seen

    states = with_association(meter, management(), read)
    assert states == [(False, ControlState.DISCONNECTED), (True, ControlState.CONNECTED)]


def test_an_object_that_is_not_there_is_refused(meter: int) -> None:
    async def read(association: ClientAssociation) -> object:
        with pytest.raises(RefusedError) as refused:
            await association.get(Register.value, NO_SUCH_REGISTER)
        return refused.value.code

    assert with_association(meter, management(), read) == DataAccessResult.OBJECT_UNDEFINED


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param(lambda: management(encryption_key=bytes(16)), id="wrong encryption key"),
        pytest.param(lambda: ClientSettings(SHORT_OF_PATIENCE, client_sap=99), id="unknown client"),
    ],
)
def test_a_meter_that_does_not_know_us_does_not_let_us_in(meter: int, settings: Callable[[], ClientSettings]) -> None:
    async def read(association: ClientAssociation) -> None:
        pytest.fail("the meter let us in")

    with pytest.raises((AuthenticationError, LinkError, RefusedError)):
        with_association(meter, settings(), read)
