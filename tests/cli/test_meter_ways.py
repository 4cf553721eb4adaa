"""Meters beside their own addresses: an optical head on a serial line and behind a port, explored through mode E."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from ferraris.cli import main
from ferraris.cli.meter_ways import MoreWays, OpticalMode, address_of, serial_line
from ferraris.client import programming, read_out, telegrams
from ferraris.kernel.errors import ConfigError
from ferraris.link import AdjustableLine, SerialSettings, open_rfc2217, open_serial
from ferraris.meter import FleetService
from tests.cli.meters import Beside, Served, free_port, meters_served
from tests.link.pty_line import serial_line as pty_line

OPENING = SerialSettings(300, 7, "E")


def beside(ways: MoreWays) -> Beside:
    """Serves in another way too, until the end."""

    async def begin(service: FleetService, stack: AsyncExitStack) -> None:
        task = asyncio.create_task(ways.serve(service))

        async def end() -> None:
            task.cancel()
            results = await asyncio.gather(task, return_exceptions=True)
            assert isinstance(results[0], asyncio.CancelledError), results

        stack.push_async_callback(end)
        await asyncio.sleep(0)
        _, colon, port = (ways.optical or "").partition(":")
        while colon and not task.done() and not is_taken(int(port)):  # noqa: ASYNC110 - nobody tells when
            await asyncio.sleep(0)

    return begin


def is_taken(port: int) -> bool:
    """Whether somebody listens there."""
    with socket.socket() as trial:
        try:
            trial.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def explored(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    monkeypatch.setattr(sys, "argv", ["ferraris", "explore", "--json", *arguments])
    with pytest.raises(SystemExit) as ended:
        main.run()
    told = capsys.readouterr()
    assert not ended.value.code, told.err
    document: dict[str, Any] = json.loads(told.out)
    return document


def keys_at(served: Served, host: str, port: int = 0) -> str:
    """The list of meters, as it is for those who reach the meter there."""
    line = json.loads(served.registry.read_text()) | {"host": host, "port": port}
    served.registry.write_text(json.dumps(line))
    return str(served.registry)


def shown(document: dict[str, Any]) -> set[str]:
    return {entry["logical_name"] for entry in document["objects"]}


def test_a_meter_is_explored_through_its_optical_head(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Counter and values by two associations, each begun at 300 baud."""
    with pty_line() as line, meters_served(tmp_path, beside=beside(MoreWays(optical=line.devices[0]))) as served:
        url = f"serial://{line.devices[1]}?client=1&mode=e"
        document = explored(monkeypatch, capsys, url, "--keys", keys_at(served, line.devices[1]))
    assert "1.0.1.8.0.255" in shown(document)
    assert document["system_title"] == "4645520000000001"


def test_a_meter_is_explored_through_an_optical_head_behind_a_serial_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    port = free_port()
    with meters_served(tmp_path, beside=beside(MoreWays(optical=f"127.0.0.1:{port}"))) as served:
        url = f"rfc2217://127.0.0.1:{port}?client=1&mode=e&physical=17"
        document = explored(monkeypatch, capsys, url, "--keys", keys_at(served, "127.0.0.1", port))
    assert "1.0.1.8.0.255" in shown(document)


async def _readout(line: AdjustableLine) -> dict[str, str]:
    try:
        return {one.identifier: one.values[0][0] for one in await read_out(line)}
    finally:
        await line.aclose()


@pytest.mark.parametrize("mode", [OpticalMode.A, OpticalMode.B, OpticalMode.C])
def test_a_readout_behind_a_serial_server(tmp_path: Path, mode: OpticalMode) -> None:
    port = free_port()

    async def story() -> dict[str, str]:
        return await _readout(await open_rfc2217("127.0.0.1", port, OPENING))

    with meters_served(tmp_path, beside=beside(MoreWays(optical=f"127.0.0.1:{port}", optical_mode=mode))):
        assert asyncio.run(story())["0.0.0"] == "FER0000000001"


def test_a_readout_and_values_by_password_on_a_serial_line(tmp_path: Path) -> None:
    async def story(device: str, secret: str) -> list[str]:
        line = await open_serial(device, OPENING)
        async with programming(line) as session:
            await session.give_password(secret)
            await session.write("0.9.1", "121500")
            (one,) = await session.read("0.0.0")
        return [one.values[0][0], (await _readout(line))["0.0.0"]]

    with pty_line() as line, meters_served(tmp_path, beside=beside(MoreWays(optical=line.devices[0]))) as served:
        secret = bytes.fromhex(json.loads(served.registry.read_text())["lls_secret"]).decode()
        assert asyncio.run(story(line.devices[1], secret)) == ["FER0000000001"] * 2


def test_mode_d_on_a_serial_line(tmp_path: Path) -> None:
    async def story(device: str) -> str:
        line = await open_serial(device)
        try:
            async for telegram in telegrams(line):
                return telegram.identification.text
            raise AssertionError("the line has ended")
        finally:
            await line.aclose()

    with pty_line() as line:
        ways = MoreWays(optical=line.devices[0], optical_mode=OpticalMode.D, unasked_every_s=1)
        with meters_served(tmp_path, speed=20, beside=beside(ways)):
            assert asyncio.run(story(line.devices[1])) == "FER0000000001"


@pytest.mark.parametrize(
    ("ways", "option"),
    [
        (MoreWays(serial=":9600"), "--serial"),
        (MoreWays(mbus="/dev/x:fast"), "--mbus"),
        (MoreWays(gateway="nowhere"), "--gateway"),
        (MoreWays(optical="nowhere"), "--optical"),
        (MoreWays(optical="host:99999"), "--optical"),
        (MoreWays(optical="host:0"), "--optical"),
        (MoreWays(optical="::1:4059"), "--optical"),
        (MoreWays(optical="user@host:4059"), "--optical"),
        (MoreWays(gateway="a b:4059"), "--gateway"),
    ],
)
def test_what_is_no_place_is_refused(ways: MoreWays, option: str) -> None:
    with pytest.raises(ConfigError, match=option):
        ways.check()


def test_places() -> None:
    assert address_of("--push", "[::1]:4059") == ("::1", 4059)
    assert address_of("--push", "") == ("", 0)
    assert serial_line("--serial", "/dev/ttyUSB0:19200", SerialSettings()) == ("/dev/ttyUSB0", SerialSettings(19_200))
    assert serial_line("--serial", "", SerialSettings()) is None
    MoreWays(optical="/dev/ttyUSB0", mbus="/dev/ttyUSB1:300").check()
