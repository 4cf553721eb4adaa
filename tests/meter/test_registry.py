"""The list for the head-end's import: complete, private, whole."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from ferraris.meter.device import LogicalDevice
from ferraris.meter.fleet import Fleet
from ferraris.meter.identity import meter_keys
from ferraris.meter.model import meter_model
from ferraris.meter.payment import vending_key
from ferraris.meter.registry import registry_line, write_registry, write_vending_files
from ferraris.vending import CreditForm
from tests.meter.steady import device_of


def test_a_line_says_how_to_reach_and_open_the_meter(fleet: Fleet) -> None:
    keys = meter_keys(1, 2)
    assert registry_line(device_of(fleet, 1), port=4060) == {
        "serial": "FER0000000002",
        "number": 2,
        "profile": "smr5_three_phase",
        "host": "127.20.0.2",
        "port": 4060,
        "link": "tcp",
        "client_sap": 1,
        "referencing": "logical_name",
        "authentication": "hls_gmac",
        "context": "ciphered",
        "suite": 0,
        "system_title": "4645520000000002",
        "encryption_key": keys.encryption_key.hex(),
        "authentication_key": keys.authentication_key.hex(),
        "master_key": (keys.master_key or b"").hex(),
        "lls_secret": (keys.lls_secret or b"").hex(),
    }


def test_a_line_says_on_what_terms_the_meter_is_talked_with(fleet: Fleet) -> None:
    device = LogicalDevice(fleet.meters[0], meter_model("short_name_meter"), 1)
    line = registry_line(device, hdlc=True)
    assert (line["link"], line["physical_address"], line["referencing"]) == ("hdlc+tcp", 17, "short_name")


def test_the_file_is_json_lines_that_only_its_owner_reads(fleet: Fleet, tmp_path: Path) -> None:
    devices = [device_of(fleet, index) for index in range(3)]
    for _ in range(2):
        path = write_registry(tmp_path, devices)
        assert path == tmp_path / "meters.json"
        assert path.stat().st_mode & 0o777 == 0o600
        assert [json.loads(line) for line in path.read_text().splitlines()] == [registry_line(d) for d in devices]
    assert [entry.name for entry in tmp_path.glob("meters*")] == ["meters.json"]


def test_vending_is_given_the_key_and_every_prepayment_meter(fleet: Fleet, tmp_path: Path) -> None:
    devices = [device_of(fleet, 0), *(device_of(fleet, index, "sts_single_phase") for index in (1, 2))]
    assert registry_line(devices[1])["decoder_reference_number"] == "99000000028"
    for _ in range(2):
        write_vending_files(tmp_path, devices, 1)
    key, meters = tmp_path / "vending_key.toml", tmp_path / "prepayment.json"
    assert {path.stat().st_mode & 0o777 for path in (key, meters)} == {0o600}
    assert tomllib.loads(key.read_text())["vending_key"] == vending_key(1).hex()
    lines = [json.loads(line) for line in meters.read_text().splitlines()]
    assert [line["number"] for line in lines] == [2, 3]
    assert lines[0] == {
        "number": 2,
        "serial": "FER0000000002",
        "pan": "600727990000000282",
        "encryption_algorithm": "EA11",
        "supply_group_code": "990999",
        "key_revision_number": 1,
        "key_type": "DUTK",
        "tariff_index": 1,
        "base_date": 2014,
        "key_expiry_number": 255,
        "key_derivation": "DKGA04",
        "three_token_key_change": False,
        "credit": "units",
    }


@pytest.mark.parametrize(
    ("model", "credit"), [("sts_single_phase", "units"), ("sts_currency_single_phase", "currency")]
)
def test_vending_is_told_which_meters_count_money(fleet: Fleet, tmp_path: Path, model: str, credit: str) -> None:
    """With the tariff's own names: a token of the other kind is a function_error at the meter."""
    write_vending_files(tmp_path, [device_of(fleet, 1, model)], 1)
    (line,) = map(json.loads, (tmp_path / "prepayment.json").read_text().splitlines())
    assert line["credit"] == credit == CreditForm(credit).value


def test_a_fleet_without_prepayment_meters_has_nothing_for_vending(fleet: Fleet, tmp_path: Path) -> None:
    write_vending_files(tmp_path, [device_of(fleet)], 1)
    assert list(tmp_path.glob("*.toml")) + list(tmp_path.glob("prep*")) == []
