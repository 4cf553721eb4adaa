"""A registry of meters on every kind of line, a real virtual meter on each, and the head-end that collects them into its store."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from ferraris.cli.collect import Collected, _alone
from ferraris.cli.head_end import import_registry, opened, runtime_of
from ferraris.dlms import KeyPurpose
from ferraris.kernel.clock import SystemClock
from ferraris.kernel.entropy import SeededEntropy
from ferraris.link import (
    MBUS_SETTINGS,
    SerialSettings,
    open_serial,
    open_tcp,
    serve_coap,
    serve_rfc2217,
    serve_tcp,
    serve_udp,
    together,
)
from ferraris.meter import Fleet, FleetService, Manufacture, ServiceSettings, meter_model, registry_line
from ferraris.meter.device import LogicalDevice
from ferraris.meter.security import MADE_AT_S, fleet_authority
from ferraris.runtime.settings import HEAD_END_SYSTEM_TITLE
from tests.cli.meters import DAY_MS, free_port
from tests.link.pty_line import serial_line
from tests.meter.laboratory import client_key
from tests.meter.steady import STEADY

SEED = 11
Line: TypeAlias = dict[str, Any]


@dataclass
class Field:
    """Meters that have measured for a day, in service."""

    service: FleetService
    stack: AsyncExitStack
    port: int

    def line(self, index: int) -> Line:
        """What their list says of a meter, with the link that was asked for."""
        return dict(registry_line(self.service.devices[index], self.port))

    def device(self, index: int) -> LogicalDevice:
        return self.service.devices[index]

    def address(self, index: int) -> dict[str, int]:
        return {"physical_address": self.device(index).identity.hdlc_address}


@asynccontextmanager
async def in_service(
    directory: Path, profile: str = "smr5_single_phase", count: int = 2, *, coap: bool = False
) -> AsyncIterator[Field]:
    clock = SystemClock()
    born_ms = clock.now_ms() - DAY_MS
    fleet = Fleet.create(directory / "fleet", Manufacture(count, index_wh_max=0), STEADY, SeededEntropy(5), born_ms)
    fleet.advance(clock.now_ms())
    settings = ServiceSettings(port=free_port())
    listener = together(serve_tcp, serve_coap if coap else serve_udp)
    models = [meter_model(profile)]
    service = FleetService(fleet, models, SEED, clock, SeededEntropy(3), listener, open_tcp, settings)
    await service.start()
    try:
        async with AsyncExitStack() as stack:
            yield Field(service, stack, settings.port)
    finally:
        await service.aclose()
        fleet.close()


async def collected(directory: Path, lines: list[Line]) -> Collected:
    """What one collection of a new head-end brings, all of it in the store."""
    clock = SystemClock()
    born_ms = clock.now_ms() - DAY_MS
    registry = directory / "registry.json"
    registry.write_text("\n".join(map(json.dumps, lines)))
    with opened(directory / "head-end") as (stores, master_key):
        assert import_registry(runtime_of(stores, master_key, clock), master_key, registry, born_ms)[0] == len(lines)
        found = await _alone(stores, master_key, None, clock, quiet=True)
        texts = [alarm.text for alarm in stores.records.alarms()]
        assert (found.reached, found.failed) == (len(lines), 0), texts
        for meter in range(1, len(lines) + 1):
            assert len(stores.intervals.read(meter, [1], born_ms // 1000, clock.now_ms() // 1000)) in (95, 96)
        assert not texts
    return found


def in_the_background(field: Field, serving: Awaitable[None]) -> None:
    task = asyncio.ensure_future(serving)

    async def end() -> None:
        task.cancel()
        await asyncio.wait([task])

    field.stack.push_async_callback(end)


# Each makes the meters answer on one carrier too, and says what a registry says of that.


async def on_a_serial_line(field: Field) -> list[Line]:
    line = field.stack.enter_context(serial_line())
    here = await open_serial(line.devices[0], SerialSettings())
    field.stack.push_async_callback(here.aclose)
    in_the_background(field, field.service.serve_bus(here))
    return [
        field.line(n) | {"link": "serial", "host": line.devices[1], "baud": 9600} | field.address(n) for n in (0, 1)
    ]


async def on_hdlc_over_tcp(field: Field) -> list[Line]:
    server = await serve_tcp("127.0.0.1", 0, field.service.serve_bus)
    field.stack.push_async_callback(server.aclose)
    way = {"link": "hdlc+tcp", "host": server.host, "port": server.port}
    return [field.line(n) | way | field.address(n) for n in (0, 1)]


async def behind_a_serial_server(field: Field) -> list[Line]:
    server = await serve_rfc2217("127.0.0.1", 0, field.service.serve_bus)
    field.stack.push_async_callback(server.aclose)
    way = {"link": "rfc2217", "host": server.host, "port": server.port}
    return [field.line(n) | way | field.address(n) | {"address_octets": 4} for n in (0, 1)]


async def on_wired_mbus(field: Field) -> list[Line]:
    line = field.stack.enter_context(serial_line())
    here = await open_serial(line.devices[0], MBUS_SETTINGS)
    field.stack.push_async_callback(here.aclose)
    in_the_background(field, field.service.serve_mbus(here))
    way = {"link": "mbus", "host": line.devices[1], "baud": 2400}
    return [field.line(n) | way | {"physical_address": field.device(n).identity.mbus_address} for n in (0, 1)]


async def on_mbus_by_secondary_addresses(field: Field) -> list[Line]:
    lines = await on_mbus_over_tcp(field)
    first = "00000001.FER.01.02"
    assert str(field.device(0).identity.mbus_secondary_address) == first
    second = str(field.device(1).identity.mbus_secondary_address)
    return [
        line | {"physical_address": None, "secondary_address": address}
        for line, address in zip(lines, (first, second), strict=True)
    ]


async def on_mbus_over_tcp(field: Field) -> list[Line]:
    server = await serve_tcp("127.0.0.1", 0, field.service.serve_mbus)
    field.stack.push_async_callback(server.aclose)
    way = {"link": "mbus+tcp", "host": server.host, "port": server.port}
    return [field.line(n) | way | {"physical_address": field.device(n).identity.mbus_address} for n in (0, 1)]


async def over_datagrams(field: Field) -> list[Line]:
    return [field.line(n) | {"link": "udp"} for n in (0, 1)]


async def behind_a_gateway(field: Field) -> list[Line]:
    server = await field.service.serve_gateway("127.0.0.1", 0)
    field.stack.push_async_callback(server.aclose)
    way = {"host": server.host, "port": server.port}
    return [field.line(n) | way | {"gateway": f"0:{field.device(n).identity.serial}"} for n in (0, 1)]


@pytest.mark.parametrize(
    "way",
    [
        on_a_serial_line,
        on_hdlc_over_tcp,
        behind_a_serial_server,
        on_wired_mbus,
        on_mbus_over_tcp,
        on_mbus_by_secondary_addresses,
        over_datagrams,
        behind_a_gateway,
    ],
    ids=lambda way: way.__name__.replace("_", " "),
)
def test_meters_are_collected(tmp_path: Path, way: Callable[[Field], Awaitable[list[Line]]]) -> None:
    async def story() -> None:
        async with in_service(tmp_path) as field:
            await collected(tmp_path, await way(field))

    asyncio.run(story())


@pytest.mark.parametrize("link", ["coap", "coap-non"])
def test_meters_are_collected_over_coap(tmp_path: Path, link: str) -> None:
    async def story() -> None:
        async with in_service(tmp_path, coap=True) as field:
            await collected(tmp_path, [field.line(n) | {"link": link} for n in (0, 1)])

    asyncio.run(story())


# Meters with key pairs


def keys_of(device: LogicalDevice) -> Line:
    """What head-end and meter know of each other; the meter gets the head-end's certificates."""
    suite, keys = device.security.suite, {}
    authority = fleet_authority(SEED, suite)
    for purpose, own, theirs in (
        (KeyPurpose.SIGNING, "signing_key", "public_key"),
        (KeyPurpose.AGREEMENT, "agreement_key", "public_agreement_key"),
    ):
        key = client_key(suite, purpose)
        device.security.import_certificate(authority.issue(HEAD_END_SYSTEM_TITLE, key.point, purpose, MADE_AT_S))
        pairs = device.security.key_pairs
        assert pairs is not None
        pair = pairs.own_signing if purpose is KeyPurpose.SIGNING else pairs.own_agreement
        keys |= {own: key.octets.hex(), theirs: pair.point.hex()}
    return keys


ECDSA = {"client_sap": 37, "authentication": "hls_ecdsa", "context": "ciphered"}


@pytest.mark.parametrize("suite", [1, 2])
@pytest.mark.parametrize("ciphering", ["glo", "identified", "wrapped", "one-pass", "static-unified"])
def test_a_meter_that_signs_its_authentication_is_collected(tmp_path: Path, suite: int, ciphering: str) -> None:
    async def story() -> None:
        async with in_service(tmp_path, f"security_suite_{suite}", 1) as field:
            keys = keys_of(field.device(0))
            await collected(tmp_path, [field.line(0) | ECDSA | keys | {"ciphering": ciphering}])

    asyncio.run(story())
