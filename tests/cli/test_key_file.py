"""Files of keys: both forms are read, nobody else may read them, and no complaint repeats a key."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ferraris.cli.key_file import TOOL_SYSTEM_TITLE, ClientKeys, read_keys
from ferraris.cli.meter_url import MeterUrl
from ferraris.cosem import SecuritySuite
from ferraris.dlms import PrivateKey, curve_of_suite
from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import ConfigError
from ferraris.kernel.limits import KEY_FILE_OCTETS_MAX

URL = MeterUrl.parse("tcp://127.20.0.1:4059?client=1")
EK, AK = bytes(range(16)), bytes(range(0xD0, 0xE0))


def written(directory: Path, text: str, mode: int = 0o600) -> Path:
    path = directory / "keys"
    path.write_text(text)
    path.chmod(mode)
    return path


def test_toml(tmp_path: Path) -> None:
    text = f"""
encryption_key = "{EK.hex()}"
authentication_key = "{AK.hex()}"
secret = "12345678"
system_title = "4645520000000001"
meter_system_title = "4645520000000002"
"""
    keys = read_keys(written(tmp_path, text), URL)
    assert keys == ClientKeys(EK, AK, b"12345678", bytes.fromhex("4645520000000001"), bytes.fromhex("4645520000000002"))


def test_what_is_left_out(tmp_path: Path) -> None:
    keys = read_keys(written(tmp_path, 'secret = "0x00ff"'), URL)
    assert keys == ClientKeys(secret=b"\x00\xff", system_title=TOOL_SYSTEM_TITLE)


def test_the_line_of_a_fleets_list(tmp_path: Path) -> None:
    rows = [
        {
            "host": f"127.20.0.{number}",
            "port": 4059,
            "serial": f"FER{number:010}",
            "profile": "smr5_single_phase",
            "system_title": f"46455200000000{number:02}",
            "encryption_key": bytes((number,) * 16).hex(),
            "authentication_key": AK.hex(),
            "lls_secret": b"abc".hex(),
        }
        for number in (2, 1)
    ]
    path = written(tmp_path, "\n".join(map(json.dumps, rows)))
    keys = read_keys(path, URL)
    assert keys.encryption_key == bytes((1,) * 16)
    assert (keys.secret, keys.profile) == (b"abc", "smr5_single_phase")
    assert keys.meter_system_title == bytes.fromhex("4645520000000001")
    behind = read_keys(path, MeterUrl.parse("tcp://gateway?gateway=0:FER0000000002"))
    assert behind.encryption_key == bytes((2,) * 16)
    with pytest.raises(ConfigError, match="a line with its serial"):
        read_keys(path, MeterUrl.parse("tcp://127.20.0.1?gateway=0:FER0000000003"))
    with pytest.raises(ConfigError, match="does not list the meter"):
        read_keys(path, MeterUrl.parse("tcp://127.20.0.9:4059"))


def test_a_line_with_suite_and_key_pairs(tmp_path: Path) -> None:
    curve = curve_of_suite(SecuritySuite.SUITE_1)
    own, meters = (PrivateKey.generate(curve, SeededEntropy(name)) for name in ("own", "meter's"))
    row = {
        "host": "127.20.0.1",
        "port": 4059,
        "system_title": "4645520000000001",
        "suite": 1,
        "master_key": EK.hex(),
        "signing_key": own.octets.hex(),
        "public_key": meters.point.hex(),
    }
    keys = read_keys(written(tmp_path, json.dumps(row)), URL)
    assert (keys.suite, keys.master_key) == (SecuritySuite.SUITE_1, EK)
    assert keys.key_pairs is not None
    assert keys.key_pairs.own_signing.point == own.point
    assert keys.key_pairs.peers.signing_point(bytes.fromhex("4645520000000001")) == meters.point


@pytest.mark.parametrize(
    "text",
    [
        'encryption_key = "00"',
        'encryption_key = "zz"',
        'system_title = "0011"',
        "keys = 1",
        "{oops",
        "=",
        '{"a": 1}\n{',
    ],
)
def test_what_is_no_file_of_keys(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError):
        read_keys(written(tmp_path, text), URL)


def test_others_may_not_read_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="may be read by others"):
        read_keys(written(tmp_path, 'secret = "x"', 0o640), URL)


def test_binary_is_no_file_of_keys(tmp_path: Path) -> None:
    path = written(tmp_path, "")
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="UTF-8"):
        read_keys(path, URL)


def test_keys_are_never_shown(tmp_path: Path) -> None:
    keys = read_keys(written(tmp_path, f'encryption_key = "{EK.hex()}"\nsecret = "geheim"'), URL)
    assert EK.hex() not in repr(keys)
    assert "geheim" not in repr(keys)
    with pytest.raises(ConfigError) as refused:
        read_keys(written(tmp_path, f'encryption_key = "{EK.hex()}00"'), URL)
    assert EK.hex() not in str(refused.value)


def test_the_line_of_a_meter_on_a_serial_bus(tmp_path: Path) -> None:
    """By device and physical address; the speed does not matter, and a meter alone on its line may be without an address."""
    lines = [
        {"host": device, "port": 9600, "physical_address": physical, "encryption_key": f"{key:02x}" * 16}
        for key, (device, physical) in enumerate((("/dev/a", 17), ("/dev/a", 18), ("/dev/b", 17)), 1)
    ] + [{"host": "/dev/c", "port": 300, "encryption_key": "04" * 16}]
    path = tmp_path / "meters.json"
    path.write_text("\n".join(map(json.dumps, lines)))
    path.chmod(0o600)
    for key, place in enumerate(("/dev/a?physical=17", "/dev/a?physical=18", "/dev/b", "/dev/c?physical=20"), 1):
        found = read_keys(path, MeterUrl.parse(f"serial://{place}"))
        assert found.encryption_key == bytes([key]) * 16
    with pytest.raises(ConfigError, match="does not list the meter"):
        read_keys(path, MeterUrl.parse("serial:///dev/a?physical=19"))


HOSTILE = [
    # octets of the file                                                what is told
    (b'{"host":' * 50_000,                                              "is no list of meters"),
    (b'{"host": ' + b"[" * 100_000,                                     "is no list of meters"),
    (b'{"host": ' + b"9" * 5_000 + b"}",                                "is no list of meters"),
    (b"{}\n[]\n",                                                        "is no list of meters"),
    (b"{}\n3\n",                                                         "is no list of meters"),
    (b'{"serial": "\\ud800"}',                                          "does not list the meter"),
    (b'{"serial": "FER1", "serial": "FER2"}',                           "is no list of meters"),
    (b'{"serial": NaN}',                                                "is no list of meters"),
    (b'{"serial": "FER2"}\n{"serial": "FER3"}',                         "does not list the meter"),
    (b'{"host": ["127.20.0.1"], "port": {}}',                           "does not list the meter"),
    (b'{"serial": "FER1", "encryption_key": 12}',                       "encryption_key in"),
    (b'{"serial": "FER1", "encryption_key": ["00"]}',                   "encryption_key in"),
    (b'{"serial": "FER1", "system_title": "00"}',                       "system_title in"),
    (b'{"serial": "FER1", "suite": "1"}',                               "suite in"),
    (b'{"serial": "FER1", "suite": 3}',                                 "suite in"),
    (b'{"serial": "FER1", "signing_key": "00"}',                        "signing_key in"),
    (b'{"serial": "FER1", "public_key": "zz"}',                         "in"),
    (b"a = " + b"[" * 50_000,                                           "is no file of keys"),
    (b"a." * 5_000 + b"b = 1",                                          "is no file of keys"),
    (b"\xef\xbb\xbfsecret = \"x\"",                                     "is no file of keys"),
    (b"secret = 5",                                                     "is no file of keys"),
    (b"suite = 9",                                                      "suite in"),
    (b'signing_key = "a\\u0000b"',                                      "signing_key in"),
    (b'signing_key = "/"',                                              "signing_key in"),
    (b'signing_key = "no/such.pem"',                                    "signing_key in"),
    (b"x" * (KEY_FILE_OCTETS_MAX + 1),                                  "is too long"),
]  # fmt: skip


@pytest.mark.parametrize(("octets", "told"), HOSTILE, ids=range(len(HOSTILE)))
def test_whatever_stands_in_the_file_is_one_complaint(tmp_path: Path, octets: bytes, told: str) -> None:
    path = written(tmp_path, "")
    path.write_bytes(octets)
    with pytest.raises(ConfigError, match=told) as refused:
        read_keys(path, MeterUrl.parse("tcp://127.20.0.1?gateway=0:FER1"))
    assert str(path) in str(refused.value)
    assert len(str(refused.value)) < 400


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.one_of(st.binary(max_size=80), st.text(max_size=60).map(lambda text: text.encode("utf-8", "replace"))))
def test_any_octets_are_keys_or_one_complaint(tmp_path: Path, octets: bytes) -> None:
    path = written(tmp_path, "")
    path.write_bytes(octets)
    with suppress(ConfigError):
        assert "secret" not in repr(read_keys(path, URL))


def test_a_list_needs_to_know_which_meter(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="lists several meters"):
        read_keys(written(tmp_path, '{"host": "h"}'))
