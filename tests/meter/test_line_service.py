"""The service of a line, whatever its frames: here APDUs behind three octets that say who talks."""

from __future__ import annotations

import asyncio
from collections.abc import Container, Mapping

import pytest

from ferraris.dlms.line import DataLink, LineEnded, LineEvent, LineMessage
from ferraris.kernel.clock import ManualClock
from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import LinkClosedError, LinkTimeoutError
from ferraris.kernel.limits import CONNECTIONS_PER_METER_MAX
from ferraris.link import loopback_pair, receive_within
from ferraris.meter.device import LogicalDevice
from ferraris.meter.fleet import Fleet
from ferraris.meter.line_service import LineService
from ferraris.meter.model import meter_model
from ferraris.meter.server import IDLE_TIMEOUT_S, MeterServer
from ferraris.simulation import run_virtual
from tests.meter.steady import MONDAY_MS

AARQ = bytes.fromhex("601da109060760857405080101be10040e01000000065f1f0400001e1dffff")
CLIENT, METER, DEVICE = 16, 7, 1


class BareLine:
    """One APDU a send, behind client SAP, address and server SAP; an empty one says goodbye."""

    def __init__(self, devices: Mapping[int, Container[int]]) -> None:
        self._devices = devices
        self._events: list[LineEvent] = []
        self._outgoing: list[bytes] = []
        self._known: set[DataLink] = set()

    @property
    def connections(self) -> int:
        return len(self._known)

    def receive(self, octets: bytes, now_ms: int) -> None:
        link = DataLink(*octets[:3])
        if link.server_sap not in self._devices.get(link.physical, ()):
            return
        if len(octets) > 3:
            self._known.add(link)
            self._events.append(LineMessage(link, octets[3:], confirmed=True))
        else:
            self._known.discard(link)
            self._events.append(LineEnded(link))

    def events(self) -> list[LineEvent]:
        events, self._events = self._events, []
        return events

    def send(self, link: DataLink, apdu: bytes) -> None:
        self._outgoing.append(bytes(link) + apdu)

    def outgoing(self) -> list[bytes]:
        outgoing, self._outgoing = self._outgoing, []
        return outgoing

    def wake_at(self) -> int | None:
        return None

    def tick(self, now_ms: int) -> None:
        """Nothing is waited for."""


def service_of(fleet: Fleet) -> tuple[LineService, MeterServer]:
    device = LogicalDevice(fleet.meters[0], meter_model("smr5_three_phase"), 1)
    server = MeterServer(device, ManualClock(MONDAY_MS + 3_600_000), SeededEntropy(4))
    return LineService({METER: server}, BareLine), server


def test_an_association_lasts_from_the_first_apdu_to_the_goodbye(fleet: Fleet) -> None:
    async def scenario() -> None:
        service, server = service_of(fleet)
        here, there = loopback_pair()
        serving = asyncio.ensure_future(service.serve(there))
        name = bytes((CLIENT, METER, DEVICE))
        await here.send(name + AARQ)
        assert (await receive_within(here, 10)).startswith(name + b"\x61")
        assert len(server.lines) == service.connections == 1
        await here.send(name)
        with pytest.raises(LinkTimeoutError):
            await receive_within(here, 10)
        assert server.lines == []
        await here.aclose()
        with pytest.raises(LinkClosedError):
            await serving
        assert service.connections == 0

    run_virtual(scenario())


def test_clients_and_devices_that_there_are_not(fleet: Fleet) -> None:
    async def scenario() -> None:
        service, server = service_of(fleet)
        here, there = loopback_pair()
        serving = asyncio.ensure_future(service.serve(there))
        await here.send(bytes((99, METER, DEVICE)) + AARQ)
        assert (await receive_within(here, 10))[3] == 0x61
        assert server.lines == []
        for name in ((CLIENT, METER, 99), (CLIENT, 99, DEVICE)):
            await here.send(bytes(name) + AARQ)
            with pytest.raises(LinkTimeoutError):
                await receive_within(here, 10)
        await here.aclose()
        await asyncio.wait([serving])
        assert isinstance(serving.exception(), LinkClosedError)

    run_virtual(scenario())


def test_an_idle_link_ends_and_gives_way_to_another_one(fleet: Fleet) -> None:
    async def scenario() -> None:
        service, _ = service_of(fleet)
        ends = [loopback_pair() for _ in range(CONNECTIONS_PER_METER_MAX + 1)]
        serving = []
        for _, there in ends:
            serving.append(asyncio.ensure_future(service.serve(there)))
            await asyncio.sleep(0)
        await asyncio.wait([serving[0]])
        assert service.connections == CONNECTIONS_PER_METER_MAX
        await asyncio.wait_for(asyncio.wait(serving), 2 * IDLE_TIMEOUT_S)
        assert service.connections == 0
        assert isinstance(serving[0].exception(), LinkClosedError)
        assert [task.exception() for task in serving[1:]] == [None] * CONNECTIONS_PER_METER_MAX

    run_virtual(scenario())
