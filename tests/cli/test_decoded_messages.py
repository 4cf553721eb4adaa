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
from ferraris.cli.decoded_messages import with_key_file
from ferraris.client import ClientAssociation, ClientSettings, explore
from ferraris.cosem import SecuritySuite
from ferraris.dlms.apdu import decode_general_ciphering, decode_general_signing
from ferraris.dlms.inspect import InspectionKeys
from ferraris.dlms.inspect.protection import open_ciphered
from ferraris.dlms.settings import Envelope, Layer
from ferraris.kernel.clock import ManualClock
from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import AuthenticationError, LinkError
from ferraris.link import CaptureLink, JsonLinesCapture, Link, PcapCapture, loopback_pair
from ferraris.meter.fleet import Fleet
from ferraris.meter.identity import meter_keys
from ferraris.meter.server import MeterServer
from ferraris.simulation import run_virtual
from tests.dlms.bottle import CLIENT_TITLE, SERVER_TITLE
from tests.dlms.hls.ends import agreement_key, signing_key, suite_keys
from tests.dlms.test_general_protection import REQUEST as PLAIN
from tests.dlms.test_general_protection import ends
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
    # UTC, whatever the zone of this machine
    assert out.startswith("01:00:00.000Z 192.0.2.1")


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
    ("content", "complaint"),
    [
        (b"abc", "not hexadecimal"),
        (b"", "nothing to decode"),
        (b" \n", "nothing to decode"),
        (b"\xd4\xc3\xb2\xa1", "no capture"),
        (b"{oops", "line 1"),
    ],
)
def test_files_that_cannot_be_read(
    content: bytes, complaint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    assert call(monkeypatch, "--file", str(path)) == 2
    assert complaint in capsys.readouterr().err


# Key pairs


def suite_key_file(path: Path, suite: SecuritySuite, signer: bytes = SERVER_TITLE) -> Path:
    """What a client of that suite knows: its own private keys, and the meter's public ones."""
    symmetric = suite_keys(suite)
    path.write_text(
        f"""
        encryption_key = "{symmetric.encryption_key.hex()}"
        authentication_key = "{symmetric.authentication_key.hex()}"
        master_key = "{(b"M" * len(symmetric.encryption_key)).hex()}"
        system_title = "{CLIENT_TITLE.hex()}"
        meter_system_title = "{SERVER_TITLE.hex()}"
        signing_key = "{signing_key(CLIENT_TITLE, suite).octets.hex()}"
        agreement_key = "{agreement_key(CLIENT_TITLE, suite).octets.hex()}"
        meter_signing_key = "{signing_key(signer, suite).point.hex()}"
        meter_agreement_key = "{agreement_key(SERVER_TITLE, suite).point.hex()}"
        """
    )
    path.chmod(0o600)
    return path


@pytest.mark.parametrize("suite", [SecuritySuite.SUITE_1, SecuritySuite.SUITE_2])
@pytest.mark.parametrize("form", [Layer.SIGNED, Layer.STATIC_UNIFIED, Layer.WRAPPED])
def test_signed_and_agreed_protection_of_both_ends_with_a_file_of_keys(
    tmp_path: Path, suite: SecuritySuite, form: Layer
) -> None:
    """Requests under the client's signature and answers under the meter's, with one file."""
    keys = with_key_file(InspectionKeys(), suite_key_file(tmp_path / "keys.toml", suite))
    decode = decode_general_signing if form is Layer.SIGNED else decode_general_ciphering
    for end in ends(suite):
        layer, plain = open_ciphered(decode(end.close(PLAIN, Envelope((form,)))), keys)
        assert (plain, layer["verified"], layer["warnings"]) == (PLAIN, True, [])


def test_a_signature_of_another_meter_does_not_verify(tmp_path: Path) -> None:
    suite = SecuritySuite.SUITE_1
    keys = with_key_file(InspectionKeys(), suite_key_file(tmp_path / "keys.toml", suite, signer=CLIENT_TITLE))
    client, meter = ends(suite)
    assert open_ciphered(decode_general_signing(client.close(PLAIN, Envelope((Layer.SIGNED,)))), keys).plain == PLAIN
    with pytest.raises(AuthenticationError, match="signature"):
        open_ciphered(decode_general_signing(meter.close(PLAIN, Envelope((Layer.SIGNED,)))), keys)
