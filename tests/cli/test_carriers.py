"""Every carrier that a URL can name leads to a meter, over real sockets and serial lines."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import pytest

from ferraris.cli import main
from ferraris.cli.carriers import framing_of
from ferraris.cli.meter_url import Carrier, MeterUrl
from ferraris.dlms import GatewayFraming, WrapperFraming
from ferraris.dlms.hdlc import HdlcFraming
from ferraris.dlms.mbus_framing import MbusFraming
from ferraris.link import Link, LinkServer, SerialSettings, open_serial, serve_coap, serve_tcp
from ferraris.meter import FleetService
from tests.cli.meters import Beside, Served, meters_served
from tests.link.pty_line import serial_line

SERIAL = "FER0000000001"
KEYS = """encryption_key = "{encryption_key}"
authentication_key = "{authentication_key}"
"""
SECRET = 'secret = "0x{lls_secret}"'


class Explore:
    """`ferraris explore`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def check(self, url: str, keys: Path) -> None:
        """The meter there shows its name and its objects."""
        self._monkeypatch.setattr(sys, "argv", ["ferraris", "explore", "--json", url, "--keys", str(keys)])
        with pytest.raises(SystemExit) as ended:
            main.run()
        out, err = self._capsys.readouterr()
        assert not ended.value.code, err
        document = json.loads(out)
        assert len(document["objects"]) > 50
        assert "46455230303030303030303030303031" in out

    def refused(self, url: str) -> str:
        """What is said of a meter that is not there."""
        self._monkeypatch.setattr(sys, "argv", ["ferraris", "explore", url])
        with pytest.raises(SystemExit) as ended:
            main.run()
        assert ended.value.code == 2
        return " ".join(self._capsys.readouterr().err.split())


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Explore:
    return Explore(monkeypatch, capsys)


def key_file(served: Served, directory: Path, client: int = 1) -> Path:
    """The first meter's keys for that client, for a place that the list of meters does not know."""
    row = json.loads(served.registry.read_text().splitlines()[0])
    path = directory / "keys.toml"
    path.write_text((KEYS if client == 1 else SECRET).format(**row))
    path.chmod(0o600)
    return path


@pytest.fixture(scope="module", params=[False, True], ids=["wrapper", "hdlc"])
def behind_gateway(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Served, int]]:
    servers: list[LinkServer] = []

    async def beside(service: FleetService, stack: AsyncExitStack) -> None:
        servers.append(await service.serve_gateway("127.0.0.1", 0))
        stack.push_async_callback(servers[0].aclose)

    with meters_served(tmp_path_factory.mktemp("meters"), hdlc=request.param, beside=beside) as served:
        yield served, servers[0].port


@pytest.mark.parametrize("client", [1, 2])
def test_a_meter_behind_a_gateway(behind_gateway: tuple[Served, int], client: int, run: Explore) -> None:
    served, port = behind_gateway
    run.check(f"tcp://127.0.0.1:{port}?client={client}&gateway=0:{SERIAL}", served.registry)


def test_a_meter_that_is_not_behind_the_gateway(behind_gateway: tuple[Served, int], run: Explore) -> None:
    _, port = behind_gateway
    assert "The gateway does not bring" in run.refused(f"tcp://127.0.0.1:{port}?gateway=0:FER0000000002")


def on_line(device: str, serve: Callable[[FleetService, Link], Awaitable[None]]) -> Beside:
    """Serves the meters on a serial line too."""

    async def beside(service: FleetService, stack: AsyncExitStack) -> None:
        link = await open_serial(device, SerialSettings(115_200))
        serving = asyncio.ensure_future(serve(service, link))

        async def end() -> None:
            serving.cancel()
            with suppress(asyncio.CancelledError):
                await serving
            await link.aclose()

        stack.push_async_callback(end)

    return beside


def test_a_meter_on_a_serial_line(tmp_path: Path, run: Explore) -> None:
    with (
        serial_line() as line,
        meters_served(tmp_path, hdlc=True, beside=on_line(line.devices[0], FleetService.serve_bus)) as served,
    ):
        run.check(f"serial://{line.devices[1]}?client=1&physical=17&baud=115200", key_file(served, tmp_path))


def test_a_meter_on_wired_m_bus(tmp_path: Path, run: Explore) -> None:
    with (
        serial_line() as line,
        meters_served(tmp_path, beside=on_line(line.devices[0], FleetService.serve_mbus)) as served,
    ):
        run.check(f"mbus://{line.devices[1]}?client=1&physical=1&baud=115200", key_file(served, tmp_path))


def test_a_meter_on_m_bus_behind_a_serial_server(tmp_path: Path, run: Explore) -> None:
    servers: list[LinkServer] = []

    async def beside(service: FleetService, stack: AsyncExitStack) -> None:
        servers.append(await serve_tcp("127.0.0.1", 0, service.serve_mbus))
        stack.push_async_callback(servers[0].aclose)

    with meters_served(tmp_path, beside=beside) as served:
        run.check(f"mbus+tcp://127.0.0.1:{servers[0].port}?client=2", key_file(served, tmp_path, 2))


@pytest.mark.parametrize("client", [1, 2])
def test_a_meter_over_coap(tmp_path: Path, client: int, run: Explore) -> None:
    servers: list[LinkServer] = []

    async def beside(service: FleetService, stack: AsyncExitStack) -> None:
        servers.append(await serve_coap("127.0.0.1", 0, service.server(0).serve, "meters/1"))
        stack.push_async_callback(servers[0].aclose)

    with meters_served(tmp_path, beside=beside) as served:
        url = f"coap://127.0.0.1:{servers[0].port}/meters/1?client={client}"
        run.check(url, key_file(served, tmp_path, client))


def test_what_carries_apdus_to_whom() -> None:
    def framing(text: str) -> object:
        return framing_of(MeterUrl.parse(text), 16, 1)

    assert framing("tcp://h") is framing("udp://h") is framing("coap://h") is None
    assert isinstance(framing("hdlc+tcp://h"), HdlcFraming)
    assert isinstance(framing("mbus+tcp://h"), MbusFraming)
    for carrier in Carrier:
        place = "/dev/ttyS0" if carrier.is_device else "h"
        behind = framing(f"{carrier.value}://{place}?gateway=0:a")
        assert isinstance(behind, GatewayFraming)
        assert isinstance(behind._inner, WrapperFraming) is not (carrier.is_hdlc or carrier.is_mbus)
