"""Our client reads a meter made with Gurux by short names, by the same calls as by logical ones."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ferraris.client import ClientAssociation, ClientSettings, ProfileColumns, descriptor_of, read_profile
from ferraris.cosem import ControlState, Data, DisconnectControl, ProfileGeneric, Referencing, Register
from ferraris.dlms import ExceptionAnswerError
from ferraris.dlms.apdu import DataAccessResult
from ferraris.kernel.errors import InvocationCounterError, RefusedError
from tests.interop.load_profile import (
    ACTIVE_ENERGY_IMPORT,
    COLUMNS,
    DISCONNECTOR,
    LOAD_PROFILE,
    NO_SUCH_REGISTER,
    ROWS,
    STATUS,
    end_s,
    numbers,
)
from tests.interop.own_client import PUBLIC, READING, management, with_association

PEER_ROLE = "meter"
pytestmark = [pytest.mark.interop, pytest.mark.xdist_group("interop")]


def by_short_names(settings: ClientSettings, **changes: object) -> ClientSettings:
    association = replace(settings.association, referencing=Referencing.SHORT_NAME, **changes)  # type: ignore[arg-type]
    return replace(settings, association=association)


MODES = {
    "public": lambda: by_short_names(PUBLIC),
    "low level security": lambda: by_short_names(READING),
    "blocks of 200 octets": lambda: by_short_names(READING, max_receive_pdu_size=200),
}


async def profile_of(association: ClientAssociation) -> ProfileColumns:
    columns = await association.get(ProfileGeneric.capture_objects, LOAD_PROFILE)
    assert columns == COLUMNS
    return await read_profile(association, LOAD_PROFILE, columns)


def assert_rows(profile: ProfileColumns, rows: range) -> None:
    assert profile.time_s().tolist() == [end_s(row) for row in rows]
    columns = [profile.numbers(column).tolist() for column in COLUMNS[1:]]
    assert list(zip(*columns, strict=True)) == [numbers(row) for row in rows]


@pytest.mark.parametrize("mode", MODES)
def test_short_names_load_profile(gurux_short_name_meter: int, mode: str) -> None:
    assert_rows(with_association(gurux_short_name_meter, MODES[mode](), profile_of), range(ROWS))


def test_short_names_load_profile_by_range(gurux_short_name_meter: int) -> None:
    async def read(association: ClientAssociation) -> ProfileColumns:
        return await read_profile(association, LOAD_PROFILE, COLUMNS, end_s(3) * 1000, end_s(7) * 1000)

    assert_rows(with_association(gurux_short_name_meter, MODES["low level security"](), read), range(3, 8))


def test_short_names_several_attributes_at_once(gurux_short_name_meter: int) -> None:
    async def read(association: ClientAssociation) -> list[bytes | DataAccessResult]:
        wanted = [descriptor_of(Register.value, ACTIVE_ENERGY_IMPORT), descriptor_of(Data.value, STATUS)]
        return await association.get_list(wanted)

    last = numbers(ROWS - 1)
    values = with_association(gurux_short_name_meter, MODES["low level security"](), read)
    assert values == [b"\x06" + last[1].to_bytes(4, "big"), bytes((0x11, last[0]))]


def test_short_names_disconnect_and_reconnect(gurux_short_name_meter: int) -> None:
    async def read(association: ClientAssociation) -> list[ControlState]:
        seen = []
        for method in (DisconnectControl.remote_disconnect, DisconnectControl.remote_reconnect):
            await association.invoke(method, DISCONNECTOR, 0)
            seen.append(await association.get(DisconnectControl.control_state, DISCONNECTOR))
        return seen

    states = with_association(gurux_short_name_meter, MODES["low level security"](), read)
    assert states == [ControlState.DISCONNECTED, ControlState.CONNECTED]


@pytest.mark.peer_role(None)
def test_short_names_hls_that_gurux_does_not_read(gurux_short_name_meter: int) -> None:
    """Gurux 4.0.47 refuses a READ of reply_to_hls_authentication by an exception; its own client writes instead."""
    with pytest.raises(ExceptionAnswerError):
        with_association(gurux_short_name_meter, by_short_names(management(), plain_context=True), profile_of)


@pytest.mark.peer_role(None)
def test_a_counter_that_gurux_uses_twice_is_refused(gurux_short_name_meter: int) -> None:
    """In ciphered contexts by short names Gurux 4.0.47 leaves its invocation counter as it is from one APDU to the next."""
    with pytest.raises(InvocationCounterError):
        with_association(gurux_short_name_meter, by_short_names(management()), profile_of)


def test_short_names_an_object_that_is_not_there_is_refused(gurux_short_name_meter: int) -> None:
    async def read(association: ClientAssociation) -> object:
        with pytest.raises(RefusedError) as refused:
            await association.get(Register.value, NO_SUCH_REGISTER)
        return refused.value.code

    code = with_association(gurux_short_name_meter, MODES["public"](), read)
    assert code == DataAccessResult.OBJECT_UNDEFINED
