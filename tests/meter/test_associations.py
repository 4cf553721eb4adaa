"""The associations that a meter offers, as its companion profile lists them."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace

import pytest

from ferraris.client import ClientAssociation, ClientSettings
from ferraris.cosem import DisconnectControl, ProfileGeneric, Register, obis, profile_from_text
from ferraris.dlms import AssociationSettings, CipherKeys, ExceptionAnswerError, encode_wpdu
from ferraris.dlms.apdu import Mechanism
from ferraris.kernel.clock import ManualClock
from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import InvocationCounterError, LinkError, RefusedError
from ferraris.link import CaptureLink, Direction, Link, loopback_pair
from ferraris.meter.associations import OfferedAssociations
from ferraris.meter.device import LogicalDevice
from ferraris.meter.fleet import Fleet
from ferraris.meter.model import MeterModel
from ferraris.meter.server import MeterServer
from ferraris.simulation import run_virtual
from tests.meter.clients import HEADEND_TITLE, management
from tests.meter.steady import MONDAY_MS, device_of

PRE_ESTABLISHED = """
name = "mine"
title = "Mine"
inherit = "smr5_single_phase"

[source]
document = "d"
edition = "e"
licence = "l"

[associations]
open = { client_sap = 102, authentication = "lowest", rights = "read", pre_established_pdu_size = 400 }
closed = { client_sap = 103, authentication = "lowest", rights = "full", ciphered = true, pre_established_pdu_size = 400, client_system_title = "4645524845533031" }

[objects]
"""


@pytest.mark.parametrize(
    ("sap", "name", "mechanism", "ciphered"),
    [
        (1, "management", Mechanism.HLS_GMAC, True),
        (2, "reading", Mechanism.LLS, False),
        (16, "public", Mechanism.LOWEST, False),
    ],
)
def test_one_for_each_client(fleet: Fleet, sap: int, name: str, mechanism: Mechanism, ciphered: bool) -> None:
    offered = OfferedAssociations(device_of(fleet))
    found = offered.find(sap, 1)
    assert found is not None
    assert (found.name, found.settings.mechanism, found.settings.security is not None) == (name, mechanism, ciphered)
    assert offered.find(sap, 1) is found


@pytest.mark.parametrize(("client_sap", "server_sap"), [(3, 1), (1, 2), (0, 0)])
def test_none_for_others(fleet: Fleet, client_sap: int, server_sap: int) -> None:
    assert OfferedAssociations(device_of(fleet)).find(client_sap, server_sap) is None


def test_the_secret_is_the_readers(fleet: Fleet) -> None:
    device = device_of(fleet)
    found = OfferedAssociations(device).find(2, 1)
    assert found is not None
    assert found.settings.secret == device.keys.lls_secret


def test_keys_and_counters_are_the_meters_and_one_for_all(fleet: Fleet) -> None:
    device = device_of(fleet)
    offered = OfferedAssociations(device)
    security = offered.security
    assert security.system_title == device.identity.system_title
    assert security.keys.encryption_key == device.keys.encryption_key
    found = offered.find(1, 1)
    assert found is not None
    assert found.settings.security is security
    assert [security.counters.take(), device.sending_counter.take()] == [1, 2]


# Pre-established


def served(fleet: Fleet) -> tuple[LogicalDevice, Link]:
    """A meter with pre-established associations, and a link to it."""
    device = LogicalDevice(fleet.meters[0], MeterModel(profile_from_text(PRE_ESTABLISHED, "mine")), 1, "")
    server = MeterServer(device, ManualClock(MONDAY_MS + 12 * 3_600_000), SeededEntropy(4))
    here, there = loopback_pair()

    async def serve() -> None:
        with suppress(LinkError):
            await server.serve(there)

    asyncio.get_running_loop().create_task(serve())
    return device, here


class Sent:
    """What went out over a link."""

    def __init__(self) -> None:
        self.chunks: list[bytes] = []

    def record(self, direction: Direction, octets: bytes, link: Link) -> None:
        if direction is Direction.SENT:
            self.chunks.append(octets)


def pre_established(client_sap: int, **changes: object) -> ClientSettings:
    security = None if client_sap == 102 else management().association.security
    if security is not None:
        security = replace(security, peer_system_title=b"FER\x00\x00\x00\x00\x01", **changes)
    return ClientSettings(AssociationSettings(security=security, pre_established_pdu_size=400), client_sap)


@pytest.mark.parametrize("client_sap", [102, 103])
def test_a_pre_established_association_needs_no_word_to_stand(fleet: Fleet, client_sap: int) -> None:
    async def main() -> list[bytes]:
        _, link = served(fleet)
        sent = Sent()
        client = ClientAssociation(CaptureLink(link, sent), pre_established(client_sap), SeededEntropy(1))
        await client.associate()
        assert (await client.get(Register.value, obis.ACTIVE_ENERGY_IMPORT)).value > 0
        assert len(await client.get(ProfileGeneric.buffer, obis.LOAD_PROFILE)) == 48  # in blocks of the size agreed
        if client_sap == 102:
            with pytest.raises(RefusedError):
                await client.invoke(DisconnectControl.remote_disconnect, obis.DISCONNECT_CONTROL, 0)
        else:
            await client.invoke(DisconnectControl.remote_disconnect, obis.DISCONNECT_CONTROL, 0)
        await client.release()
        await client.aclose()
        return sent.chunks

    tags = {octets[8] for octets in run_virtual(main())}
    assert not tags & {0x60, 0x62}  # neither AARQ nor RLRQ


def test_another_client_has_nothing_of_it(fleet: Fleet) -> None:
    """Another system title, other keys, an AARQ, and yesterday's request over again."""

    async def main() -> None:
        _, link = served(fleet)
        sent = Sent()
        client = ClientAssociation(CaptureLink(link, sent), pre_established(103), SeededEntropy(1))
        await client.associate()
        await client.invoke(DisconnectControl.remote_disconnect, obis.DISCONNECT_CONTROL, 0)
        await client.aclose()
        for octets, why in (
            (sent.chunks[-1], InvocationCounterError),
            (
                encode_wpdu(103, 1, bytes.fromhex("601da109060760857405080101be10040e01000000065f1f040062fef7ffff")),
                None,
            ),
        ):
            _, link = served(fleet)
            await link.send(octets)
            answer = await link.receive()
            assert answer[8] == 0xD8
            assert (answer[10] == 6) is (why is InvocationCounterError)
            await link.aclose()
        for changes in ({"system_title": HEADEND_TITLE[::-1]}, {"keys": CipherKeys(bytes(16), bytes(16))}):
            _, link = served(fleet)
            stranger = ClientAssociation(link, pre_established(103, **changes), SeededEntropy(1))
            await stranger.associate()
            with pytest.raises(ExceptionAnswerError):
                await stranger.get(Register.value, obis.ACTIVE_ENERGY_IMPORT)
            await stranger.aclose()

    run_virtual(main())
