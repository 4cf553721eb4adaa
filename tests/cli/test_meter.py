"""`ferraris meter serve` as a process: it listens, ends on SIGTERM, and brings the same meters back after kill -9."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import pytest

from ferraris.cli import main
from ferraris.cli.main import EXIT_REFUSED
from ferraris.cli.meter import FleetChoice
from ferraris.client import ClientAssociation, ClientSettings, descriptor_of
from ferraris.cosem import Data, obis
from ferraris.dlms import AssociationSettings, Framing, MbusFraming
from ferraris.dlms.hdlc import HdlcFraming, HdlcParameters, server_address
from ferraris.kernel.entropy import SystemEntropy
from ferraris.kernel.errors import ConfigError
from ferraris.link import MBUS_SETTINGS, Link, SerialSettings, open_coap, open_serial
from ferraris.meter import EventCode, Fleet, StochasticLoad, Surroundings, Zone
from tests.link.pty_line import serial_line

COMMAND = ["ferraris", "meter", "serve"]
Refused = Callable[..., str]


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def serving(directory: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process and its first line."""
    command = [sys.executable, "-m", *COMMAND, "--dir", str(directory), "--count", "3", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    try:
        yield process, process.stdout.readline()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Refused:
    """Runs the command in this process, and returns the line with which it refuses."""

    def run(directory: Path, *options: str) -> str:
        monkeypatch.setattr(sys, "argv", [*COMMAND, "--dir", str(directory), "--count", "3", *options])
        with pytest.raises(SystemExit) as ended:
            main.run()
        assert ended.value.code == EXIT_REFUSED
        return capsys.readouterr().err

    return run


def test_meters_listen_and_end_on_sigterm(tmp_path: Path) -> None:
    port = free_port()
    with serving(tmp_path / "m", "--port", str(port), "--history-days", "1") as (process, line):
        assert line.startswith("3 meters listen from 127.20.0.1 to 127.20.0.3; registry ")
        socket.create_connection(("127.20.0.3", port), 5).close()
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    registered = [json.loads(text) for text in (tmp_path / "m" / "meters.json").read_text().splitlines()]
    assert [(meter["host"], meter["port"]) for meter in registered] == [(f"127.20.0.{n}", port) for n in (1, 2, 3)]


def test_after_kill_the_same_meters_are_back_with_their_outage(tmp_path: Path) -> None:
    options = "--port", str(free_port()), "--speed", "900", "--start", "2026-03-02T00:00:00", "--seed", "5"
    for _ in range(2):
        with serving(tmp_path, *options) as (process, line):
            assert "3 meters" in line, line
            process.send_signal(signal.SIGKILL)
            process.wait(20)
    alive_ms = Fleet.last_alive_ms(tmp_path)
    assert alive_ms is not None
    fleet = Fleet.open(tmp_path, Surroundings(StochasticLoad(5), Zone.load("central_european")), alive_ms + 60_000)
    for meter in fleet.meters:
        assert [event.code for event in meter.events()] == [EventCode.POWER_DOWN, EventCode.POWER_UP] * 2
    fleet.close()


def test_a_directory_is_one_fleet_for_ever(tmp_path: Path) -> None:
    made = FleetChoice(3, 1, ["smr5_three_phase"], "central_european")
    made.check(tmp_path)
    made.keep(tmp_path)
    made.check(tmp_path)
    with pytest.raises(ConfigError, match="another fleet: seed, expected 1, got 2"):
        FleetChoice(3, 2, ["smr5_three_phase"], "central_european").check(tmp_path)


@pytest.mark.parametrize(
    "text", ["", "[]", "null", "3", '{"count":' * 100_000, "9" * 5_000, '{"seed": 1, "seed": 2}'], ids=len
)
def test_a_fleet_that_does_not_say_what_it_is_is_damaged(tmp_path: Path, text: str) -> None:
    (tmp_path / "fleet.json").write_text(text)
    with pytest.raises(ConfigError, match=r"fleet\.json is damaged: it is no.*expected what this fleet is made of"):
        FleetChoice(3, 1, ["smr5_three_phase"], "central_european").check(tmp_path)


def test_meters_whose_credit_is_money_are_so_for_ever(tmp_path: Path) -> None:
    profiles = ["smr5_three_phase", "smr5_single_phase"]
    made = FleetChoice(3, 1, profiles, "central_european", prepaid=2, currency=True)
    names = ["sts_currency_three_phase", "sts_currency_single_phase", "smr5_three_phase"]
    assert [model.profile.name for model in made.models()] == names
    made.keep(tmp_path)
    with pytest.raises(ConfigError, match="another fleet: currency, expected True, got False"):
        FleetChoice(3, 1, profiles, "central_european", prepaid=2).check(tmp_path)
    old = {name: value for name, value in asdict(FleetChoice(3, 1, profiles, "utc")).items() if name != "currency"}
    (tmp_path / "fleet.json").write_text(json.dumps(old))
    FleetChoice(3, 1, profiles, "utc").check(tmp_path)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--profile", "toaster"], "toaster"),
        (["--zone", "atlantis"], "unknown time zone"),
        (["--csv", "/nowhere.csv"], "cannot read /nowhere.csv"),
        (["--push", "nowhere"], "--push names no port, expected 1 to 65535"),
        (["--clock", "soon"], "--clock, expected MS:S"),
        (["--fault", "fire:1:2:3"], "not a fault"),
        (["--fault", "link:9:2:3"], "a meter that there is not"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    tmp_path: Path, refused: Refused, options: list[str], reason: str
) -> None:
    line = refused(tmp_path, *options)
    assert line.startswith("ferraris: ")
    assert reason in line
    assert line.count("\n") == 1


def test_a_second_process_is_refused(tmp_path: Path, refused: Refused) -> None:
    with serving(tmp_path, "--port", str(free_port())):
        assert "another process runs the meters" in refused(tmp_path, "--port", str(free_port()))


def test_an_address_in_use_is_refused(tmp_path: Path, refused: Refused) -> None:
    port = str(free_port())
    with serving(tmp_path / "a", "--port", port):
        assert f"Cannot listen on 127.20.0.1:{port}" in refused(tmp_path / "b", "--port", port)


def read_names(device: str, count: int) -> list[bytes]:
    """The logical device names of the meters on a serial bus."""

    async def scenario() -> list[bytes]:
        link = await open_serial(device, SerialSettings(115_200))
        names = []
        for physical in range(17, 17 + count):
            framing = HdlcFraming(16, server_address(1, physical), HdlcParameters(512, 512, 7, 7))
            settings = ClientSettings(AssociationSettings(), client_sap=16)
            client = ClientAssociation(link, settings, SystemEntropy(), framing=framing)
            await client.associate()
            names.append(await client.get_octets(descriptor_of(Data.value, obis.LOGICAL_DEVICE_NAME)))
            await client.release()
        await link.aclose()
        return names

    return asyncio.run(scenario())


def test_meters_answer_on_one_serial_bus(tmp_path: Path) -> None:
    with serial_line() as line:
        options = ["--port", str(free_port()), "--hdlc", "--serial", f"{line.devices[0]}:115200"]
        with serving(tmp_path, *options) as (process, first):
            assert "listen" in first
            names = read_names(line.devices[1], 3)
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
    assert [name[2:] for name in names] == [f"FER{number:013}".encode() for number in (1, 2, 3)]


def test_meters_answer_on_m_bus_and_over_coap(tmp_path: Path) -> None:
    port = free_port()

    async def name_of(link: Link, framing: Framing | None) -> bytes:
        client = ClientAssociation(link, ClientSettings(AssociationSettings()), SystemEntropy(), framing=framing)
        await client.associate()
        name = await client.get_octets(descriptor_of(Data.value, obis.LOGICAL_DEVICE_NAME))
        await client.release()
        await client.aclose()
        return name[2:]

    async def scenario(device: str) -> None:
        assert await name_of(await open_coap("127.20.0.2", port), None) == b"FER%013d" % 2
        assert await name_of(await open_serial(device, MBUS_SETTINGS), MbusFraming(16, 1, 3)) == b"FER%013d" % 3

    with serial_line() as line, serving(tmp_path, "--port", str(port), "--coap", "--mbus", line.devices[0]):
        asyncio.run(scenario(line.devices[1]))


@pytest.mark.parametrize(
    "options",
    [
        ["--hdlc", "--udp"],
        ["--serial", ":9600"],
        ["--serial", "/dev/ttyS0:fast"],
        ["--gateway", "here"],
        ["--mbus", ":2400"],
        ["--coap", "--udp"],
        ["--coap", "--hdlc"],
    ],
)
def test_serial_options_that_cannot_be_are_refused(refused: Refused, tmp_path: Path, options: list[str]) -> None:
    assert options[0] in refused(tmp_path, *options)
