"""Virtual meters on HDLC lines: over a network, and several of them on one bus."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from ferraris.client import ClientAssociation, ClientSettings, descriptor_of, read_profile
from ferraris.cosem import AssociationLn, Data, Obis, ProfileGeneric, obis
from ferraris.dlms.hdlc import HdlcFraming, HdlcParameters, LineSettings, PrimaryTiming, encode_frame, server_address
from ferraris.dlms.hdlc.addresses import client_address
from ferraris.kernel.clock import ManualClock
from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import LinkError, LinkTimeoutError, RefusedError
from ferraris.kernel.limits import CONNECTIONS_PER_METER_MAX
from ferraris.link import Link, loopback_pair
from ferraris.meter.device import LogicalDevice
from ferraris.meter.fleet import Fleet
from ferraris.meter.hdlc_line import HdlcLineService
from ferraris.meter.model import meter_model
from ferraris.meter.server import IDLE_TIMEOUT_S, MeterServer
from ferraris.simulation import run_virtual
from tests.meter.clients import management, public, reading
from tests.meter.steady import MONDAY_MS

CURRENT_ASSOCIATION = Obis.parse("0.0.40.0.0.255")
FAST = PrimaryTiming(response_timeout_ms=200, tries=2)
WIDE = HdlcParameters(2_030, 2_030, 7, 7)


class Bus:
    """All meters of a fleet on one line, and links to that line."""

    def __init__(self, fleet: Fleet, settings: LineSettings | None = None) -> None:
        clock = ManualClock(MONDAY_MS + 3_600_000)
        model = meter_model("smr5_three_phase")
        self.devices = [LogicalDevice(meter, model, 1) for meter in fleet.meters]
        self.servers = {
            device.identity.hdlc_address: MeterServer(device, clock, SeededEntropy(4)) for device in self.devices
        }
        self.service = HdlcLineService(self.servers, settings)
        self.tasks: list[asyncio.Task[None]] = []

    def link(self) -> Link:
        here, there = loopback_pair()

        async def serve() -> None:
            try:
                await self.service.serve(there)
            except LinkError:
                pass
            finally:
                await there.aclose()

        self.tasks.append(asyncio.create_task(serve()))
        return here

    def client(
        self, settings: ClientSettings, physical: int, link: Link, proposed: HdlcParameters | None = None
    ) -> ClientAssociation:
        framing = HdlcFraming(settings.client_sap, server_address(1, physical), proposed, FAST)
        return ClientAssociation(link, settings, SeededEntropy(3), framing=framing)

    @asynccontextmanager
    async def associated(
        self, settings: ClientSettings, physical: int = 17, proposed: HdlcParameters | None = None
    ) -> AsyncIterator[ClientAssociation]:
        client = self.client(settings, physical, self.link(), proposed)
        try:
            await client.associate()
            yield client
            await client.release()
        finally:
            await client.aclose()


def play(fleet: Fleet, scenario: Callable[[Bus], Awaitable[None]], settings: LineSettings | None = None) -> None:
    """Run the scenario in virtual time; every link must be over in the end, and no association left."""

    async def main() -> None:
        bus = Bus(fleet, settings)
        await scenario(bus)
        await asyncio.wait_for(asyncio.gather(*bus.tasks), 1_000)
        assert bus.service.connections == 0
        assert [end for server in bus.servers.values() for end in server.lines] == []

    run_virtual(main())


@pytest.mark.parametrize("proposed", [None, WIDE, HdlcParameters(40, 60, 3, 5)], ids=["default", "wide", "narrow"])
@pytest.mark.parametrize("settings", [management, reading], ids=["management", "reading"])
def test_a_profile_is_read_over_hdlc(
    fleet: Fleet, settings: Callable[[], ClientSettings], proposed: HdlcParameters | None
) -> None:
    async def scenario(bus: Bus) -> None:
        async with bus.associated(settings(), 17, proposed) as client:
            columns = await client.get(ProfileGeneric.capture_objects, obis.LOAD_PROFILE)
            profile = await read_profile(client, obis.LOAD_PROFILE, tuple(columns))
            assert len(profile) == 4

    play(fleet, scenario)


def test_a_long_object_list_comes_in_segments_and_blocks(fleet: Fleet) -> None:
    async def scenario(bus: Bus) -> None:
        async with bus.associated(management()) as client:
            assert len(await client.get(AssociationLn.object_list, CURRENT_ASSOCIATION)) > 20

    play(fleet, scenario)


def test_each_meter_of_a_bus_is_itself_on_one_link(fleet: Fleet) -> None:
    async def scenario(bus: Bus) -> None:
        link = bus.link()
        for device in bus.devices:
            client = bus.client(public(), device.identity.hdlc_address, link)
            await client.associate()
            name = await client.get_octets(descriptor_of(Data.value, obis.LOGICAL_DEVICE_NAME))
            assert name.endswith(device.identity.logical_device_name)
            await client.release()
        await link.aclose()

    play(fleet, scenario)


def test_nobody_answers_for_a_meter_that_is_not_there_or_has_no_power(fleet: Fleet) -> None:
    async def scenario(bus: Bus) -> None:
        bus.devices[1].meter.power_down(MONDAY_MS)
        for physical in (18, 99):
            client = bus.client(public(), physical, bus.link())
            with pytest.raises(LinkTimeoutError):
                await client.associate()
            await client.aclose()

    play(fleet, scenario)


def test_a_client_that_the_meter_does_not_know_is_refused(fleet: Fleet) -> None:
    async def scenario(bus: Bus) -> None:
        stranger = ClientSettings(public().association, client_sap=77)
        client = bus.client(stranger, 17, bus.link())
        with pytest.raises(RefusedError):
            await client.associate()
        await client.aclose()

    play(fleet, scenario)


def test_a_silent_client_loses_its_association_and_an_idle_link_is_closed(fleet: Fleet) -> None:
    async def scenario(bus: Bus) -> None:
        client = bus.client(reading(), 17, bus.link())
        await client.associate()
        assert sum(len(server.lines) for server in bus.servers.values()) == 1
        await asyncio.sleep(6)
        assert sum(len(server.lines) for server in bus.servers.values()) == 0
        await asyncio.sleep(IDLE_TIMEOUT_S + 1)
        assert bus.service.connections == 0
        await client.aclose()

    play(fleet, scenario, LineSettings(inactivity_timeout_ms=5_000))


def test_idle_links_give_way(fleet: Fleet) -> None:
    async def scenario(bus: Bus) -> None:
        idle = [bus.link() for _ in range(CONNECTIONS_PER_METER_MAX * len(bus.servers))]
        await asyncio.sleep(0.1)
        async with bus.associated(public()):
            assert bus.service.connections == len(idle)
        for link in idle:
            await link.aclose()

    play(fleet, scenario)


def test_noise_and_broadcasts_do_not_end_a_line(fleet: Fleet) -> None:
    async def scenario(bus: Bus) -> None:
        link = bus.link()
        await link.send(bytes(range(256)) * 10)
        everybody = server_address(1, 0x7F)
        await link.send(encode_frame(everybody, client_address(16), 0x03, b"\xe6\xe6\x00\xc1\x01\xc1"))
        await link.send(encode_frame(everybody, client_address(77), 0x03, b"\xe6\xe6\x00\x60\x00"))
        client = bus.client(public(), 17, link)
        await client.associate()
        await client.release()
        await client.aclose()

    play(fleet, scenario)
