"""Lines of a registry: what they say of a meter, and what is said of those that name none."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from ferraris.cli.registry_file import FAULTS_SHOWN_MAX, LineError, Place, RegistryError, read_registry, row_of
from ferraris.dlms import PrivateKey
from ferraris.dlms.elliptic import P_256
from ferraris.kernel.errors import ConfigError
from ferraris.keys import MasterKey
from ferraris.store import MeterRow

MASTER = MasterKey(bytes(range(32)))
LINE: Mapping[str, object] = {
    "serial": "FER0000000001",
    "profile": "smr5_three_phase",
    "host": "127.20.0.1",
    "system_title": "4645520000000001",
    "encryption_key": "00" * 16,
    "authentication_key": "11" * 16,
}
FOREIGN: Mapping[str, object] = {"serial": "X1", "profile": "spodes", "host": "10.0.0.1"}
SIGNING = (5).to_bytes(32, "big").hex()
POINT = PrivateKey(bytes.fromhex(SIGNING), P_256).point.hex()


def read(directory: Path, *lines: object, known: Mapping[str, MeterRow] | None = None) -> list[MeterRow]:
    path = directory / "registry.json"
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines))
    return read_registry(path, Place(directory, MASTER, 5), known or {}, 1)


def row(**fields: object) -> MeterRow:
    return row_of({**LINE, **fields}, Place(Path("/r"), MASTER, 5))


def test_a_line_of_today_means_what_it_always_meant(tmp_path: Path) -> None:
    (meter,) = read(tmp_path, "", LINE, "")
    assert (meter.id, meter.serial, meter.link, meter.port, meter.client_sap, meter.server_sap) == (
        1,
        "FER0000000001",
        "tcp",
        4059,
        1,
        1,
    )
    assert (meter.referencing, meter.authentication, meter.context, meter.suite) == ("", "", "", None)
    assert MASTER.unwrap(meter.wrapped_authentication_key) == b"\x11" * 16


def test_what_a_line_says_of_its_meter_is_on_its_row() -> None:
    meter = row(
        link="hdlc+tcp", physical_address=17, address_octets=4, client_sap=2, referencing="short_name",
        authentication="hls_sha256", context="plain", policy="encrypted", ciphering="general-glo", lls_secret="3132", suite=1,
    )  # fmt: skip
    assert (meter.link, meter.physical_address, meter.address_octets, meter.client_sap) == ("hdlc+tcp", 17, 4, 2)
    assert (meter.referencing, meter.authentication, meter.context) == ("short_name", "hls_sha256", "plain")
    assert (meter.policy, meter.ciphering, meter.suite) == ("encrypted", "general-glo", 1)


def test_a_serial_line_has_a_device_and_a_speed() -> None:
    meter = row(link="serial", host="/dev/ttyUSB0", baud=19_200, physical_address=17)
    assert (meter.host, meter.port) == ("/dev/ttyUSB0", 19_200)
    assert row(link="serial", host="/dev/ttyUSB0").port == 9600
    assert row(link="mbus", host="/dev/ttyUSB0").port == 2400
    assert row(link="coap").port == 5683


def test_a_meter_that_is_read_in_the_clear_needs_no_keys() -> None:
    place = Place(Path("/r"), MASTER, 5)
    meter = row_of({**FOREIGN, "authentication": "lls", "lls_secret": "3132", "client_sap": 32}, place)
    assert (meter.system_title, meter.wrapped_encryption_key) == (b"", b"")
    assert meter.wrapped_lls_secret is not None
    assert MASTER.unwrap_secret(meter.wrapped_lls_secret) == b"12"


def test_a_profile_of_the_operators_own_is_looked_for_beside_the_registry(tmp_path: Path) -> None:
    source = '[source]\ndocument = "d"\nedition = "e"\nlicence = "l"\n'
    (tmp_path / "mine.toml").write_text(
        f'name = "mine"\ntitle = "Mine"\ninherit = "smr5_single_phase"\n{source}[objects]\n'
    )
    (meter,) = read(tmp_path, {**LINE, "profile": "mine.toml"})
    assert meter.profile == str(tmp_path / "mine.toml")


def test_a_signing_meter_brings_keys_of_one_curve() -> None:
    signed = {"profile": "security_suite_1", "client_sap": 37, "signing_key": SIGNING, "public_key": POINT}
    meter = row(**signed)
    assert meter.public_key == bytes.fromhex(POINT)
    assert meter.wrapped_signing_key is not None
    assert MASTER.unwrap_secret(meter.wrapped_signing_key) == bytes.fromhex(SIGNING)
    with pytest.raises(LineError) as caught:
        row(**signed | {"signing_key": "00" * 32, "public_key": "00" * 64})
    assert [field for field, _ in caught.value.faults] == ["signing_key", "public_key"]


def test_a_meter_that_agrees_keys_brings_a_pair_for_that() -> None:
    agreed = {
        "profile": "security_suite_1",
        "ciphering": "one-pass",
        "agreement_key": SIGNING,
        "public_agreement_key": POINT,
    }
    meter = row(**agreed)
    assert (meter.public_agreement_key, meter.public_key) == (bytes.fromhex(POINT), None)
    assert meter.wrapped_agreement_key is not None
    assert MASTER.unwrap_secret(meter.wrapped_agreement_key) == bytes.fromhex(SIGNING)
    with pytest.raises(LineError) as caught:
        row(**agreed | {"agreement_key": "00", "public_agreement_key": ""})
    assert [field for field, _ in caught.value.faults] == ["agreement_key", "public_agreement_key"]


def test_the_key_that_wraps_others_is_kept_only_where_it_does() -> None:
    assert row(master_key="33" * 16).wrapped_master_key is None
    meter = row(master_key="33" * 16, ciphering="wrapped")
    assert meter.wrapped_master_key is not None
    assert MASTER.unwrap(meter.wrapped_master_key) == b"\x33" * 16
    with pytest.raises(LineError) as caught:
        row(ciphering="wrapped")
    assert [field for field, _ in caught.value.faults] == ["master_key"]


def test_a_prepayment_meter_brings_the_number_that_tokens_are_sold_for() -> None:
    assert row().decoder_reference_number == ""
    assert row(decoder_reference_number="00000000000").decoder_reference_number == "00000000000"


def test_meters_that_are_known_keep_number_and_birth(tmp_path: Path) -> None:
    known = {"FER0000000001": row()}
    other = {**LINE, "serial": "FER0000000002", "system_title": "4645520000000002"}
    old, new = read(tmp_path, {**LINE, "created_ms": 99}, other, known=known)
    assert (old.id, old.created_ms) == (0, 5)
    assert (new.id, new.created_ms) == (1, 5)


WRONG: list[tuple[Mapping[str, object] | str, str, str]] = [
    ("{", "the line", "an object of JSON"),
    ("[]", "the line", "an object of JSON"),
    ("3", "the line", "an object of JSON"),
    ("[" * 100_000, "the line", "an object of JSON"),
    ("\x00", "the line", "an object of JSON"),
    ('{"port": 1, "port": 2}', "the line", "an object of JSON, each field once"),
    ('{"port": NaN}', "the line", "an object of JSON"),
    ({"phisical_address": 17}, "a field", "none but address_octets, "),
    ({"encryption_key": "00"}, "encryption_key", "16 or 32 octets"),
    ({"encryption_key": "00" * 32}, "encryption_key", "16 octets for security suite 0"),
    ({"encryption_key": None}, "encryption_key", "16 octets for security suite 0"),
    ({"encryption_key": "zz"}, "encryption_key", "pairs of hexadecimal digits"),
    ({"encryption_key": 7}, "encryption_key", "pairs of hexadecimal digits"),
    ({"suite": 2}, "encryption_key", "32 octets for security suite 2"),
    ({"suite": 3}, "suite", "0, 1 or 2"),
    ({"port": "x"}, "port", "1 to 65535"),
    ({"port": 0}, "port", "1 to 65535"),
    ({"port": 65_536}, "port", "1 to 65535"),
    ({"port": True}, "port", "1 to 65535"),
    (json.dumps(dict(LINE))[:-1] + ', "baud": 1e999}', "the line", "an object of JSON"),
    ({"client_sap": 77}, "client_sap, server_sap", "an association of smr5_three_phase, or authentication"),
    ({"profile": "smr9"}, "profile", "no such companion profile"),
    ({"profile": "../profiles/smr5_three_phase"}, "profile", "no such companion profile"),
    ({"profile": "nowhere.toml"}, "profile", "cannot be read: No such file"),
    ({"profile": 5}, "profile", "1 to 1024 printable characters"),
    ({"system_title": "00"}, "system_title", "8 octets"),
    ({"system_title": ""}, "system_title", "8 octets"),
    ({"serial": "other"}, "system_title", "another one than that of FER0000000001"),
    ({}, "serial", "each meter once"),
    ({"serial": ""}, "serial", "1 to 64 printable characters, no slash"),
    ({"serial": "x" * 65}, "serial", "1 to 64 printable"),
    ({"serial": "a\nb"}, "serial", "1 to 64 printable"),
    ({"serial": "../x"}, "serial", "1 to 64 printable"),
    ({"serial": "\ud800"}, "serial", "1 to 64 printable"),
    ({"group": "g" * 65}, "group", "1 to 64 printable"),
    ({"host": ""}, "host", "1 to 253 printable"),
    ({"host": "/dev/ttyUSB0"}, "host", "1 to 253 printable"),
    ({"host": "h" * 254}, "host", "1 to 253 printable"),
    ({"host": "a b"}, "host", "a name, an IPv4 or an IPv6 address"),
    ({"host": "h:4059"}, "host", "a name, an IPv4 or an IPv6 address"),
    ({"host": "[::1]"}, "host", "a name, an IPv4 or an IPv6 address"),
    ({"host": "256.1.1.1"}, "host", "a name, an IPv4 or an IPv6 address"),
    ({"host": "user@h"}, "host", "a name, an IPv4 or an IPv6 address"),
    ({"decoder_reference_number": "00000000001"}, "decoder_reference_number", "the last of them Luhn's"),
    ({"decoder_reference_number": "123"}, "decoder_reference_number", "11 or 13 digits"),
    ({"decoder_reference_number": "0000000000x"}, "decoder_reference_number", "11 or 13 digits"),
    ({"created_ms": -1}, "created_ms", "0 to "),
    ({"created_ms": 10**30}, "created_ms", "0 to "),
    ({"link": "pigeon"}, "link", "tcp, udp, hdlc+tcp, serial, rfc2217, mbus, mbus+tcp, coap or coap-non"),
    ({"link": "serial", "host": "/dev/x", "baud": 7}, "baud", "50 to 4000000"),
    ({"link": "hdlc+tcp", "physical_address": 99_999}, "physical_address", "0 to 16383"),
    ({"link": "hdlc+tcp", "physical_address": 17, "address_octets": 1}, "link", "no HDLC address is like this"),
    ({"link": "hdlc+tcp", "physical_address": 200, "address_octets": 2}, "link", ""),
    ({"address_octets": 3}, "address_octets", "1, 2 or 4"),
    ({"gateway": "nonsense"}, "link", "no address behind a gateway"),
    ({"referencing": "by_heart"}, "referencing", "logical_name or short_name"),
    ({"authentication": "password"}, "authentication", "lowest, lls, hls, hls_md5, "),
    ({"authentication": ["lls"]}, "authentication", "lowest, lls, "),
    ({"authentication": "lls"}, "lls_secret", "the secret of lls"),
    ({"authentication": "hls_ecdsa"}, "suite", "1 or 2 for hls_ecdsa"),
    ({"lls_secret": "00" * 65}, "lls_secret, signing_key, agreement_key", "at most 64 octets"),
    ({"context": "secret"}, "context", "plain or ciphered"),
    ({"policy": "none"}, "policy", "authenticated, encrypted or both"),
    (
        {"ciphering": "rot13"},
        "ciphering",
        "glo, ded, general-glo, general-ded, identified, wrapped, one-pass or static-unified",
    ),
]


@pytest.mark.parametrize(("wrong", "field", "expected"), WRONG, ids=lambda what: ascii(what)[:40])
def test_a_meter_that_could_never_be_read_is_refused_before_it_is_on_record(
    tmp_path: Path, wrong: Mapping[str, object] | str, field: str, expected: str
) -> None:
    """One wrong line must not be found by the next start, which would then bring nothing up."""
    with pytest.raises(RegistryError) as caught:
        read(tmp_path, LINE, wrong if isinstance(wrong, str) else {**LINE, **wrong})
    head, first, *_ = caught.value.table.splitlines()
    assert head.split() == ["line", "field", "expected"]
    assert first.startswith(f"    2  {field}  ")
    assert expected in first
    assert "line 2" in str(caught.value)
    assert "1111" not in str(caught.value) + caught.value.table, "no key is repeated"


def test_all_that_is_wrong_is_told_at_once_in_aligned_columns(tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match="2 lines are not meters") as caught:
        read(tmp_path, {**LINE, "port": 0, "referencing": "x"}, "", {**LINE, "link": "pigeon"})
    assert caught.value.table.splitlines() == [
        " line  field        expected",
        "    1  port         1 to 65535",
        "    1  referencing  logical_name or short_name",
        "    3  link         tcp, udp, hdlc+tcp, serial, rfc2217, mbus, mbus+tcp, coap or coap-non",
    ]


def test_a_wholly_wrong_file_is_told_in_few_lines(tmp_path: Path) -> None:
    with pytest.raises(RegistryError) as caught:
        read(tmp_path, *["[]"] * 1_000)
    assert len(caught.value.table.splitlines()) == FAULTS_SHOWN_MAX + 2
    assert caught.value.table.endswith(f"and {1_000 - FAULTS_SHOWN_MAX} more")


@pytest.mark.parametrize(("octets", "text"), [(b"\xff\xfe", "is not text in UTF-8"), (None, "cannot be read: No such")])
def test_a_registry_that_is_no_file_of_text_is_refused(tmp_path: Path, octets: bytes | None, text: str) -> None:
    path = tmp_path / "lines.json"
    if octets is not None:
        path.write_bytes(octets)
    with pytest.raises(ConfigError, match=text):
        read_registry(path, Place(tmp_path, MASTER, 5), {}, 1)
