"""`ferraris decode` on captures of our own client and meter, and on files of octets; `--octets`."""

from __future__ import annotations

import asyncio
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ferraris.cli import main
from ferraris.client import ClientAssociation, ClientSettings, explore
from ferraris.kernel.clock import ManualClock
from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import LinkError
from ferraris.link import CaptureLink, JsonLinesCapture, Link, PcapCapture, loopback_pair
from ferraris.meter.fleet import Fleet
from ferraris.meter.identity import meter_keys
from ferraris.meter.server import MeterServer
from ferraris.simulation import run_virtual
from tests.meter.clients import management, reading
from tests.meter.conftest import fleet, make_fleet
from tests.meter.steady import MONDAY_MS, device_of

__all__ = ["fleet", "make_fleet"]

REQUEST = "C001C1 0003 0100010800FF 02 00"


def call(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["ferraris", "decode", *arguments])
    with pytest.raises(SystemExit) as ended:
        main.run()
    return int(ended.value.code or 0)


def captured(fleet: Fleet, settings: ClientSettings) -> tuple[bytes, str]:
    """An exploration of a virtual meter, as pcap and as lines of JSON."""
    pcap, lines = io.BytesIO(), io.StringIO()

    async def run() -> None:
        clock = ManualClock(MONDAY_MS + 3_600_000)
        here, there = loopback_pair()
        server = MeterServer(device_of(fleet), clock, SeededEntropy(4))

        async def serve() -> None:
            try:
                await server.serve(there)
            except LinkError:
                return

        task = asyncio.create_task(serve())
        link: Link = CaptureLink(CaptureLink(here, PcapCapture(pcap, clock)), JsonLinesCapture(lines, clock))
        client = ClientAssociation(link, settings, SeededEntropy(3))
        await client.associate()
        await explore(client)
        await client.release()
        await client.aclose()
        await task

    run_virtual(run())
    return pcap.getvalue(), lines.getvalue()


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    keys = meter_keys(1, 1)
    path = tmp_path / "keys.toml"
    path.write_text(
        f'encryption_key = "{keys.encryption_key.hex()}"\nauthentication_key = "{keys.authentication_key.hex()}"\n'
    )
    path.chmod(0o600)
    return path


def test_a_ciphered_capture_with_two_keys(
    fleet: Fleet, key_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pcap, _ = captured(fleet, management())
    path = tmp_path / "talk.pcap"
    path.write_bytes(pcap)
    assert call(monkeypatch, "--file", str(path), "--keys", str(key_file)) == 0
    out = capsys.readouterr().out
    for piece in ("AARQ", "AARE", "AssociationLn.object_list", "Register.value 1.0.1.8.0.255", "= 400", "RLRE"):
        assert piece in out, piece
    assert key_file.read_text().split('"')[1] not in out


@pytest.mark.parametrize("form", ["pcap", "json"])
def test_every_message_as_json(
    fleet: Fleet, form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pcap, lines = captured(fleet, reading())
    path = tmp_path / "talk"
    path.write_bytes(pcap if form == "pcap" else lines.encode())
    assert call(monkeypatch, "--file", str(path), "--json", "--octets") == 0
    messages: list[dict[str, Any]] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [message["error"] for message in messages] == [None] * len(messages)
    assert (messages[0]["apdu"], messages[-1]["apdu"]) == ("AARQ", "RLRE")
    values = [about["value"] for message in messages for about in message["about"] if "value" in about]
    assert 400 in values
    for message in messages:
        first = [field for field in message["octets"] if field["layer"] == "wrapper"]
        assert "".join(field["octets"] for field in first) == message["hex"]


@pytest.mark.parametrize(
    "write",
    [lambda path: path.write_bytes(bytes.fromhex(REQUEST.replace(" ", ""))), lambda path: path.write_text(REQUEST)],
)
def test_a_file_of_octets(
    write: Callable[[Path], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "apdu"
    write(path)
    assert call(monkeypatch, "--file", str(path)) == 0
    assert "Register.value 1.0.1.8.0.255" in capsys.readouterr().out


def test_octets(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "140")
    assert call(monkeypatch, "--octets", REQUEST) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["apdu", "2", "c1", "invoke-id-and-priority", "invoke-id", "1,", "high,", "confirmed"] in lines
    assert ["apdu", "3", "00", "03", "class_id", "3"] in lines


def test_what_is_wrong_is_shown_and_an_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, "--octets", "c001c1") == 2
    out = capsys.readouterr().out
    assert "cut short" in out
    assert "invoke-id" in out


@pytest.mark.parametrize(
    ("content", "complaint"), [(b"abc", "not hexadecimal"), (b"\xd4\xc3\xb2\xa1", "no capture"), (b"{oops", "line 1")]
)
def test_files_that_cannot_be_read(
    content: bytes, complaint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    assert call(monkeypatch, "--file", str(path)) == 2
    assert complaint in capsys.readouterr().err
