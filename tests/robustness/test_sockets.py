"""Thousands of connections and wrong turns over real TCP on the loopback interface: bounded, answered, and in nobody's way."""

from __future__ import annotations

import asyncio
import resource
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest

from ferraris.cosem import Clock, CosemDateTime, obis
from ferraris.dlms import WrapperReceiver, encode_wpdu
from ferraris.dlms.apdu import (
    Aare,
    Apdu,
    AttributeDescriptor,
    DataNotification,
    ExceptionResponse,
    GetRequestNext,
    GetRequestNormal,
    GetResponseNormal,
    Rlre,
    Rlrq,
    decode_apdu,
)
from ferraris.kernel.clock import SystemClock
from ferraris.kernel.entropy import SeededEntropy, SystemEntropy
from ferraris.kernel.errors import LinkError
from ferraris.kernel.limits import CONNECTIONS_PER_METER_MAX
from ferraris.link import TcpLink, open_tcp, serve_tcp
from ferraris.meter import Fleet, FleetService, Manufacture, ServiceSettings, meter_model
from tests.meter.clients import associated, management
from tests.meter.steady import STEADY

WITHIN_S = 60
Served = tuple[FleetService, str, int]


@asynccontextmanager
async def served(directory: Any) -> AsyncIterator[Served]:
    """Two meters of seed 1 at their own addresses, on a port that was free."""
    clock = SystemClock()
    with socket.socket() as probe:
        probe.bind(("127.20.0.1", 0))
        port = probe.getsockname()[1]
    fleet = Fleet.create(directory / "fleet", Manufacture(2), STEADY, SeededEntropy(5), clock.now_ms())
    settings = ServiceSettings(port=port)
    models = [meter_model("smr5_three_phase")]
    service = FleetService(fleet, models, 1, clock, SystemEntropy(), serve_tcp, open_tcp, settings)
    await service.start()
    try:
        yield service, service.devices[0].identity.host, port
    finally:
        await service.aclose()
        fleet.close()


def run(directory: Any, story: Callable[[Served], Coroutine[Any, Any, None]]) -> None:
    async def whole() -> None:
        async with asyncio.timeout(WITHIN_S), served(directory) as street:
            await story(street)

    asyncio.run(whole())


async def read_clock(host: str, port: int) -> CosemDateTime:
    async with associated(await open_tcp(host, port), management()) as client:
        return await client.get(Clock.time, obis.CLOCK)


def connections_affordable() -> int:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return min(2_000, (soft - 200) // 2)


def test_thousands_of_connections_leave_room_for_the_head_end(tmp_path: Any) -> None:
    """Some say nothing, some half a header. The one with the key is served each time, and the places stay few."""

    async def story(street: Served) -> None:
        service, host, port = street
        links: list[TcpLink] = []
        wanted = connections_affordable()
        while len(links) < wanted:
            links += await asyncio.gather(*(open_tcp(host, port) for _ in range(50)))
            await links[-1].send(b"\x00\x01\x00")
            assert (await read_clock(host, port)).to_epoch_ms() is not None
            assert service.connections <= CONNECTIONS_PER_METER_MAX
        over = 0
        for link in links[:-CONNECTIONS_PER_METER_MAX]:
            with pytest.raises(LinkError):
                await link.receive()
            over += 1
        assert over >= wanted - CONNECTIONS_PER_METER_MAX
        for link in links:
            await link.aclose()
        assert (await read_clock(host, port)).to_epoch_ms() is not None

    run(tmp_path, story)


CLOCK_TIME = AttributeDescriptor(8, obis.CLOCK, 2)
PUBLIC_AARQ = bytes.fromhex("601da109060760857405080101be10040e01000000065f1f0400007e1f04b0")
GET = GetRequestNormal(0xC1, CLOCK_TIME).encode()
WRONG_TURNS: list[tuple[int, bytes, type[Apdu]]] = [  # type: ignore[valid-type]
    (16, GET, ExceptionResponse),
    (16, GetRequestNext(0xC1, 1).encode(), ExceptionResponse),
    (16, Rlrq(None).encode(), Rlre),
    (16, GetResponseNormal(0xC1, b"\x00").encode(), ExceptionResponse),
    (16, DataNotification(1, b"", b"\x00").encode(), ExceptionResponse),
    (16, bytes.fromhex("c81e3001234567411312ff935a47566827c467bc7d825c3be4a77c3fcc056b6b"), ExceptionResponse),
    (1, GET, ExceptionResponse),
    (1, PUBLIC_AARQ, Aare),
    (2, PUBLIC_AARQ, Aare),
    (77, PUBLIC_AARQ, Aare),
    (77, GET, ExceptionResponse),
]


@pytest.mark.parametrize(("client_sap", "apdu", "answer"), WRONG_TURNS)
def test_what_does_not_fit_the_state_is_refused_and_the_right_turn_still_works(
    tmp_path: Any, client_sap: int, apdu: bytes, answer: type
) -> None:
    async def story(street: Served) -> None:
        _, host, port = street
        link = await open_tcp(host, port)
        found = await ask(link, encode_wpdu(client_sap, 1, apdu))
        assert isinstance(found, answer)
        if isinstance(found, Aare):
            assert found.result.name.startswith("REJECTED")
        aare = await ask(link, encode_wpdu(16, 1, PUBLIC_AARQ))
        assert isinstance(aare, Aare)
        assert aare.result.name == "ACCEPTED"
        assert isinstance(await ask(link, encode_wpdu(16, 1, GET)), GetResponseNormal)
        await link.aclose()

    run(tmp_path, story)


async def ask(link: TcpLink, octets: bytes) -> object:
    receiver = WrapperReceiver()
    await link.send(octets)
    while True:
        receiver.receive(await link.receive())
        for wpdu in receiver.events():
            return decode_apdu(wpdu.apdu)
