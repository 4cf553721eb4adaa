"""Lists, ACCESS, and long requests and results: our client at Gurux' meter, Gurux' client at our engine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from ferraris.client import AccessResult, ClientAssociation, ClientSettings, descriptor_of, read_profile
from ferraris.cosem import Data, ProfileGeneric, Register
from ferraris.dlms import CONFORMANCE_OF_THIS_ENGINE, AssociationSettings
from ferraris.dlms.apdu import AccessItem, AccessKind, Conformance, DataAccessResult, Mechanism
from ferraris.kernel.errors import DecodeError, LinkClosedError
from ferraris.link import Direction, Link
from tests.interop.foreign_meter import meter_of
from tests.interop.load_profile import COLUMNS, LOAD_PROFILE, ROWS, VOLTAGE_L1, end_s
from tests.interop.own_client import PUBLIC, Received, management, with_association
from tests.interop.own_server import keeping
from tests.interop.peers.process import PeerProcess

pytestmark = [pytest.mark.interop, pytest.mark.xdist_group("interop")]
as_client, as_meter = pytest.mark.peer_role("client"), pytest.mark.peer_role("meter")


def offering(conformance: Conformance, **changes: object) -> ClientSettings:
    """The management client with these services."""
    settings = management()
    return replace(settings, association=replace(settings.association, conformance=conformance, **changes))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def gurux_block_meter(gurux: PeerProcess) -> Iterator[int]:
    """A meter made with Gurux that has general block transfer."""
    yield from meter_of(gurux, general_blocks=True)


@pytest.fixture(scope="module")
def narrow_meter(gurux: PeerProcess) -> Iterator[int]:
    """A meter made with Gurux that takes no more than 150 octets at once."""
    yield from meter_of(gurux, pdu_size=150)


async def registers(association: ClientAssociation) -> tuple[list[object], int]:
    """All registers of the profile and the status, and the round trips that they cost."""
    wanted = [descriptor_of(Register.value, column.logical_name) for column in COLUMNS if column.class_id == 3]
    before = association.round_trips
    values: list[object] = list(await association.read_many(wanted))
    return values, association.round_trips - before


async def singly(association: ClientAssociation) -> list[object]:
    wanted = [descriptor_of(Register.value, column.logical_name) for column in COLUMNS if column.class_id == 3]
    return [await association.get_octets(descriptor) for descriptor in wanted]


@as_meter
def test_many_registers_of_the_gurux_meter_cost_one_round_trip(gurux_meter: int) -> None:
    values, round_trips = with_association(gurux_meter, management(), registers)
    assert round_trips == 1
    assert values == with_association(gurux_meter, management(), singly)


@as_meter
@pytest.mark.parametrize("pdu_size", [300, 65535])
def test_access_of_the_gurux_meter(gurux_meter: int, pdu_size: int) -> None:
    async def read(association: ClientAssociation) -> list[AccessResult]:
        wanted = [
            descriptor_of(Register.value, VOLTAGE_L1),
            replace(descriptor_of(Data.value, VOLTAGE_L1), class_id=3, attribute_id=3),
        ]
        return await association.access([(AccessItem(AccessKind.GET, one), b"\x00") for one in wanted])

    settings = offering(CONFORMANCE_OF_THIS_ENGINE, max_receive_pdu_size=pdu_size)
    value, scaler_unit = with_association(gurux_meter, settings, read)
    assert value.result == scaler_unit.result == DataAccessResult.SUCCESS
    assert value.value[:1] == b"\x12"
    assert scaler_unit.value[:2] == b"\x02\x02"


@as_meter
def test_a_long_result_of_the_gurux_meter_in_blocks(gurux_meter: int) -> None:
    async def read(association: ClientAssociation) -> list[int]:
        before = association.round_trips
        profile = await read_profile(association, LOAD_PROFILE, COLUMNS)
        assert association.round_trips - before > 5
        times: list[int] = profile.time_s().tolist()
        return times

    settings = offering(CONFORMANCE_OF_THIS_ENGINE, max_receive_pdu_size=400)
    assert with_association(gurux_meter, settings, read) == [end_s(row) for row in range(ROWS)]


def test_the_gurux_meter_acknowledges_a_block_of_a_set_with_octets_too_many(narrow_meter: int) -> None:
    """Three octets follow the block number: no SET in blocks comes through to it, and none is believed to have."""

    async def write(association: ClientAssociation) -> None:
        await association.set(ProfileGeneric.capture_objects, LOAD_PROFILE, COLUMNS)

    with pytest.raises(DecodeError, match="octets follow the APDU"):
        with_association(narrow_meter, management(), write)


def in_general_blocks(window: int) -> ClientSettings:
    settings = replace(PUBLIC.association, max_receive_pdu_size=400, general_block_window=window)
    return replace(PUBLIC, association=settings)


@as_meter
def test_a_long_result_of_the_gurux_meter_in_general_blocks(gurux_block_meter: int) -> None:
    async def read(association: ClientAssociation) -> list[int]:
        times: list[int] = (await read_profile(association, LOAD_PROFILE, COLUMNS)).time_s().tolist()
        return times

    received = Received()
    times = with_association(gurux_block_meter, in_general_blocks(1), read, received=received)
    assert times == [end_s(row) for row in range(ROWS)]
    assert sum(chunk[8:9] == b"\xe0" for chunk in received.chunks) > 5


def test_gurux_loses_its_place_in_windows_of_general_blocks(gurux_block_meter: int) -> None:
    """It sends one more block of the result and then, again and again, a block 1 around the request's beginning."""

    async def read(association: ClientAssociation) -> None:
        await read_profile(association, LOAD_PROFILE, COLUMNS)

    received = FirstChunks()
    with pytest.raises(LinkClosedError, match="seen enough"):
        with_association(gurux_block_meter, in_general_blocks(16), read, received=received)
    assert received.chunks[-1][8:].startswith(bytes.fromhex("e00100010000040001c109"))


class FirstChunks(Received):
    """Lets nothing through after the first few."""

    def record(self, direction: Direction, octets: bytes, link: Link) -> None:
        super().record(direction, octets, link)
        if len(self.chunks) > 5:
            raise LinkClosedError("seen enough")


# Foreign clients at our engine

DATA = [1, "0.0.96.1.9.255", 2]
LENGTHS = (40, 2_000)
SHORT_BLOCKS, WINDOWS = "blocks of the service", "general block transfer, window of 5"
FORMS: dict[str, dict[str, object]] = {
    SHORT_BLOCKS: {},
    "general block transfer": {"general_blocks": True},
    WINDOWS: {"general_blocks": True, "window": 5},
}
OWN = {"c102", "c103", "c502", "c503", "c402", "c002"}
"""How the APDUs begin that carry a long value there and back in blocks of their service."""


def peer_asks(
    peer: PeerProcess, mode: dict[str, object], pdu_size: int, *operations: list[object]
) -> tuple[list[dict[str, object]], list[bytes]]:
    """What a peer makes of a server of ours that takes and is sent `pdu_size` octets at once, and the APDUs carried."""
    settings = AssociationSettings(Mechanism.LOWEST, max_receive_pdu_size=pdu_size)
    with keeping(settings) as (port, keeper):
        task = {
            "do": "client",
            "host": "127.0.0.1",
            "port": port,
            "server_sap": 1,
            "client_sap": 16,
            "pdu_size": pdu_size,
        }
        answer = peer.ask({**task, **mode, "operations": list(operations)})
    assert answer["associated"], answer
    results: list[dict[str, object]] = answer["results"]
    assert all(result["ok"] for result in results), results
    return results, keeper.carried


@as_client
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("length", LENGTHS)
def test_octets_are_written_and_read_back(gurux: PeerProcess, form: str, length: int) -> None:
    mode = FORMS[form]
    results, carried = peer_asks(gurux, mode, 200, ["set_octets", *DATA, length], ["get", *DATA])
    assert results[1]["value"] == bytes(n & 0xFF for n in range(length)).hex()
    assert max(map(len, carried)) <= 200 + bool(mode)  # Gurux counts a general block one octet short
    forms = {apdu[:2].hex() for apdu in carried}
    if length > 200:
        assert any(form.startswith("e0") for form in forms) if mode else forms >= OWN


@as_client
@pytest.mark.parametrize(("form", "length"), [(SHORT_BLOCKS, 40), (WINDOWS, 40)])
def test_methods_are_invoked_and_answered(gurux: PeerProcess, form: str, length: int) -> None:
    mode = FORMS[form]
    results, _ = peer_asks(gurux, mode, 200, ["invoke_octets", *DATA, length])
    assert results[0]["value"] == bytes(range(length)).hex()


@as_client
def test_a_long_argument_in_blocks(gurux: PeerProcess) -> None:
    """What comes back in blocks it reads otherwise than jDLMS and we send it: without the result in front."""
    _, carried = peer_asks(gurux, {}, 200, ["invoke_octets", *DATA, 2_000])
    assert {"c304", "c306", "c704", "c702"} <= {apdu[:2].hex() for apdu in carried}


@as_client
def test_access_to_our_engine(gurux: PeerProcess) -> None:
    missing = [1, "0.0.96.1.8.255", 2]
    results, _ = peer_asks(gurux, {}, 2_000, ["set_octets", *DATA, 5], ["access", [DATA, missing]])
    assert results[1]["value"] == [[0, "0001020304"], [4, None]]


@as_client
def test_octets_are_written_read_back_and_given_to_a_method(jdlms: PeerProcess) -> None:
    """As much as one APDU holds: it says of itself that it has no blocks of SET and ACTION."""
    results, carried = peer_asks(
        jdlms, {}, 200, ["set_octets", *DATA, 150], ["get", *DATA], ["invoke_octets", *DATA, 150]
    )
    octets = bytes(range(150)).hex()
    assert [result["value"] for result in results] == [0, octets, octets]
    assert max(map(len, carried)) <= 200
