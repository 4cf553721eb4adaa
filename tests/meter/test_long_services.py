"""Long results, lists and ACCESS of a virtual meter, asked by our client: over streams, and over datagrams that lose blocks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ferraris.client import ClientSettings, descriptor_of, read_profile
from ferraris.cosem import AssociationLn, Clock, DisconnectControl, Register, obis
from ferraris.dlms import CONFORMANCE_OF_THIS_ENGINE
from ferraris.dlms.apdu import (
    AccessItem,
    AccessKind,
    ActionResult,
    AttributeDescriptor,
    Conformance,
    DataAccessResult,
    MethodDescriptor,
    SelectiveAccess,
)
from ferraris.kernel.errors import RefusedError
from ferraris.link import Link
from ferraris.link.middleware import Middleware
from ferraris.meter.fleet import Fleet
from tests.meter.clients import associated, management
from tests.meter.test_datagrams import wire
from tests.meter.test_server import Street, play

GENERAL_BLOCK = 0xE0
WRAPPER_OCTETS = 8
OWN_BLOCKS = (
    Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ
    | Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE
    | Conformance.BLOCK_TRANSFER_WITH_ACTION
)
NULL = b"\x00"


def narrow(**changes: object) -> ClientSettings:
    """A client that takes 200 octets at once."""
    settings = management()
    return replace(settings, association=replace(settings.association, max_receive_pdu_size=200, **changes))  # type: ignore[arg-type]


class Lossy(Middleware):
    """Loses every third general block on its way to the client, and every fourth on its way to the meter."""

    def __init__(self, link: Link) -> None:
        super().__init__(link)
        self.lost = 0
        self._counts = [0, 0]

    def _loses(self, octets: bytes, way: int, every: int) -> bool:
        if octets[WRAPPER_OCTETS] != GENERAL_BLOCK:
            return False
        self._counts[way] += 1
        lost = self._counts[way] % every == 0
        self.lost += lost
        return lost

    async def send(self, octets: bytes) -> None:
        if not self._loses(octets, 0, 4):
            await super().send(octets)

    async def receive(self) -> bytes:
        while self._loses(octets := await super().receive(), 1, 3):
            pass
        return octets


@pytest.mark.parametrize(
    ("changes", "round_trips_max"),
    [
        ({"conformance": CONFORMANCE_OF_THIS_ENGINE & ~Conformance.GENERAL_BLOCK_TRANSFER}, 200),
        ({"conformance": CONFORMANCE_OF_THIS_ENGINE & ~OWN_BLOCKS}, 10),
        ({"streams_results": True, "general_block_window": 63}, 2),
    ],
    ids=["own blocks", "general blocks", "streamed"],
)
def test_the_object_list_comes_whole_in_any_blocks(
    fleet: Fleet, changes: dict[str, object], round_trips_max: int
) -> None:
    async def scenario(street: Street) -> None:
        async with street.associated() as client:
            whole = await client.get(AssociationLn.object_list, obis.ASSOCIATION)
        async with street.associated(narrow(**changes)) as client:
            before = client.round_trips
            assert await client.get(AssociationLn.object_list, obis.ASSOCIATION) == whole
            assert client.round_trips - before <= round_trips_max

    play(fleet, scenario)


def test_blocks_lost_on_datagrams_are_sent_again(fleet: Fleet) -> None:
    async def scenario(street: Street) -> None:
        columns = street.device.model.profile.object("LOAD_PROFILE").capture_objects
        link = Lossy(wire(street))
        settings = narrow(streams_results=True, general_block_window=4)
        async with associated(link, settings) as client:
            for _ in range(3):
                rows = await read_profile(client, obis.LOAD_PROFILE, columns)
                assert rows.numbers(columns[2]).tolist() == [100, 200, 300, 400]
            assert len(await client.get(AssociationLn.object_list, obis.ASSOCIATION)) > 20
        assert link.lost > 10

    play(fleet, scenario)


def test_lists_and_access_of_the_client(fleet: Fleet) -> None:
    mode = AttributeDescriptor(70, obis.DISCONNECT_CONTROL, 4)
    switch = [MethodDescriptor(70, obis.DISCONNECT_CONTROL, number) for number in (1, 2)]

    async def scenario(street: Street) -> None:
        async with street.associated() as client:
            before = client.round_trips
            written = await client.set_list([(mode, b"\x16\x02"), (descriptor_of(Register.value, obis.CLOCK), NULL)])
            assert written == [DataAccessResult.SUCCESS, DataAccessResult.OBJECT_CLASS_INCONSISTENT]
            answers = await client.invoke_list([(one, b"\x0f\x00") for one in switch])
            assert [answer.result for answer in answers] == [ActionResult.SUCCESS] * 2
            part = SelectiveAccess(2, b"\x01\x01\x12\x00\x08")
            results = await client.access(
                [
                    (AccessItem(AccessKind.GET, descriptor_of(Clock.time, obis.CLOCK)), NULL),
                    (AccessItem(AccessKind.ACTION, switch[0]), b"\x0f\x00"),
                    (
                        AccessItem(
                            AccessKind.GET, descriptor_of(DisconnectControl.control_state, obis.DISCONNECT_CONTROL)
                        ),
                        NULL,
                    ),
                    (
                        AccessItem(
                            AccessKind.GET_WITH_SELECTION,
                            descriptor_of(AssociationLn.object_list, obis.ASSOCIATION),
                            part,
                        ),
                        NULL,
                    ),
                ],
                self_descriptive=True,
            )
            assert client.round_trips - before == 3
            assert [int(one.result) for one in results] == [0, 0, 0, 0]
            assert results[2].value == b"\x16\x00"
            broken = await client.access(
                [
                    (AccessItem(AccessKind.GET, replace(mode, attribute_id=9)), NULL),
                    (AccessItem(AccessKind.ACTION, switch[1]), b"\x0f\x00"),
                ],
                break_on_error=True,
            )
            assert [int(one.result) for one in broken] == [4, 250]
            with pytest.raises(RefusedError):
                await client.get_many([(Register.value, obis.CLOCK)])

    street = play(fleet, scenario)
    assert not street.device.meter.output_state
