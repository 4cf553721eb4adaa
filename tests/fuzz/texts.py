"""Texts and files that tools read at one remove: JSON, addresses, histories of meters, plans, what a directory keeps."""

from __future__ import annotations

import json
from pathlib import Path

from ferraris.cli.counter_file import CounterFile
from ferraris.cli.key_file import ClientKeys
from ferraris.cli.sts_files import read_meter, read_record, read_vending_keys
from ferraris.cli.system_url import checked_system_url
from ferraris.headend import CollectionPlan
from ferraris.headend.plan import plan_from_json, plan_to_json
from ferraris.kernel.json_text import read_json
from ferraris.kernel.network_address import is_host, network_address, read_place
from ferraris.mbus.secondary_address import SecondaryAddress, decode_secondary_address
from ferraris.sts import explain_token
from tests.cli.test_sts import meter_text
from tests.fuzz.files import text_of
from tests.sts.published import EA07_KEY, VENDING_KEY

NOW_MS = 1_795_000_000_000
TOKEN = "1" * 20


def json_text(octets: bytes) -> None:
    """What is read can be written, and is read the same again."""
    value = read_json(octets, "fuzz")
    assert read_json(json.dumps(value, allow_nan=False), "fuzz") == value


def place(octets: bytes) -> None:
    """Host and port: what a meter's memory may hold, and people may write with a standard port or without."""
    address = network_address(octets)
    assert address is None or (is_host(address[0]) and 0 < address[1] <= 65_535)
    host, port = read_place(text_of(octets), "fuzz", 4059)
    assert read_place(f"[{host}]:{port}" if ":" in host else f"{host}:{port}", "fuzz") == (host, port)


def system_url(octets: bytes) -> None:
    url = checked_system_url(text_of(octets))
    assert checked_system_url(url) == url


def plan(octets: bytes) -> None:
    read = plan_from_json(text_of(octets))
    assert plan_from_json(plan_to_json(read)) == read


def record(path: Path) -> None:
    """The history of a meter by which tokens are explained: what is read explains any token."""
    known = read_record(path)
    assert explain_token(TOKEN, known, lambda _: EA07_KEY, NOW_MS).text


def meter(path: Path) -> None:
    assert read_meter(path).meter_pan.digits.isdecimal()


def vending_keys(path: Path) -> None:
    read_vending_keys(path)


def counters(path: Path) -> None:
    """A counter goes on above what the file says, or refuses to go on."""
    keys = ClientKeys()
    counter = CounterFile(path).counter(keys.system_title, bytes(16))
    assert counter.take() > 0


def secondary_address(octets: bytes) -> None:
    """Eight octets of a selection, and the text of a URL."""
    decoded = decode_secondary_address(octets[:8])
    assert decode_secondary_address(decoded.encode()) == decoded
    assert SecondaryAddress.parse(str(decoded)) == decoded
    SecondaryAddress.parse(octets[8:].decode("latin-1"))


JSON_SEEDS = (
    b'{"id": 1, "hex": "c0", "keys": {"ek": "00"}, "list": [1.5, -2e3, true, null, "\\u00e9\\ud83d\\ude00"]}',
    b'[[[]], {}, "", 0, -0.0]',
)
PLACES = (b"meter.example:4059", b"10.0.0.7:65535", b"[fe80::1%eth0]:4059", b"[2001:db8::7]", b"localhost")
SYSTEM_URLS = (b"http://127.0.0.1:8080", b"https://meters.example/ami/", b"http://[::1]:80")
PLANS = (plan_to_json(CollectionPlan()).encode(), b'{"group": "west", "period_s": 900, "profiles": ["LOAD_PROFILE"]}')
RECORDS = (
    meter_text().encode(),
    (
        meter_text(accepted=[6_700_000], supply_groups=["201457"])
        + '\n[[issued]]\ntoken = "12345678901234567890"\npan = "600727000000000009"\n'
    ).encode(),
)
VENDING_KEYS = (
    f'vending_key = "{VENDING_KEY.hex()}"\n[[register]]\nsupply_group_code = "201457"\nkey_revision_number = 1\n'
    f'vending_key = "{VENDING_KEY.hex()}"\n'.encode(),
)
COUNTERS = (b'{"0123456789abcdef": 64}', b"{}")
SECONDARY = (
    SecondaryAddress("12345678", "FER", 1, 2).encode() + b"12345678.FER.01.02",
    SecondaryAddress("1234????").encode() + b"*",
)
