"""Virtual meters on one wired M-Bus."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from ferraris.client import ClientAssociation, ClientSettings, read_profile
from ferraris.cosem import Data, ProfileGeneric, obis
from ferraris.dlms.mbus_framing import MbusFraming, MbusFramingSettings
from ferraris.kernel.clock import ManualClock
from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import LinkError, LinkTimeoutError
from ferraris.link import Link, loopback_pair
from ferraris.mbus import MbusTiming
from ferraris.meter.device import LogicalDevice
from ferraris.meter.fleet import Fleet
from ferraris.meter.mbus_line import MbusLineService
from ferraris.meter.model import meter_model
from ferraris.meter.server import MeterServer
from ferraris.simulation import run_virtual
from tests.meter.clients import management, public, reading
from tests.meter.steady import MONDAY_MS

FAST = MbusFramingSettings(MbusTiming(response_timeout_ms=200, tries=2), 10)


class Bus:
    """All meters of a fleet on one line."""

    def __init__(self, fleet: Fleet) -> None:
        clock = ManualClock(MONDAY_MS + 3_600_000)
        devices = [LogicalDevice(meter, meter_model("smr5_three_phase"), 1) for meter in fleet.meters]
        self.servers = {
            device.identity.mbus_address: MeterServer(device, clock, SeededEntropy(4)) for device in devices
        }
        self.service = MbusLineService(self.servers)
        self.link, there = loopback_pair()
        self.serving = asyncio.create_task(self._serve(there))

    async def _serve(self, there: Link) -> None:
        try:
            await self.service.serve(there)
        except LinkError:
            await there.aclose()

    def client(self, settings: ClientSettings, address: int) -> ClientAssociation:
        framing = MbusFraming(settings.client_sap, settings.server_sap, address, FAST)
        return ClientAssociation(self.link, settings, SeededEntropy(3), framing=framing)

    async def aclose(self) -> None:
        await self.link.aclose()
        await asyncio.wait_for(self.serving, 1_000)
        assert self.service.connections == 0
        assert [end for server in self.servers.values() for end in server.lines] == []


@pytest.mark.parametrize("settings", [management, reading], ids=["management", "reading"])
def test_a_profile_is_read_over_m_bus(fleet: Fleet, settings: Callable[[], ClientSettings]) -> None:
    async def scenario() -> None:
        bus = Bus(fleet)
        client = bus.client(settings(), 1)
        await client.associate()
        columns = await client.get(ProfileGeneric.capture_objects, obis.LOAD_PROFILE)
        assert len(await read_profile(client, obis.LOAD_PROFILE, columns)) > 0
        await client.release()
        await bus.aclose()

    run_virtual(scenario())


def test_each_meter_on_the_bus_answers_for_itself_one_after_the_other(fleet: Fleet) -> None:
    async def scenario() -> None:
        bus = Bus(fleet)
        for address in (1, 2, 3, 1):
            client = bus.client(public(), address)
            await client.associate()
            name = await client.get(Data.value, obis.LOGICAL_DEVICE_NAME)
            assert name.value == b"FER%013d" % address
            await client.release()
        await bus.aclose()

    run_virtual(scenario())


def test_a_new_beginning_ends_an_association_that_was_left(fleet: Fleet) -> None:
    async def scenario() -> None:
        bus = Bus(fleet)
        for _ in range(3):
            client = bus.client(management(), 1)
            await client.associate()
            assert sum(len(server.lines) for server in bus.servers.values()) == 1
        await bus.aclose()

    run_virtual(scenario())


def test_nobody_answers_at_an_address_without_a_meter_or_one_without_power(fleet: Fleet) -> None:
    async def scenario() -> None:
        bus = Bus(fleet)
        with pytest.raises(LinkTimeoutError):
            await bus.client(public(), 9).associate()
        bus.servers[2].device.meter.power_down(MONDAY_MS + 3_600_000)
        with pytest.raises(LinkTimeoutError):
            await bus.client(public(), 2).associate()
        await bus.client(public(), 1).associate()
        await bus.aclose()

    run_virtual(scenario())
