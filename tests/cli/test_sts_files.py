"""Files of the commands on tokens."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.cli.sts_files import read_meter, read_record, read_sta_tables, read_vending_keys, vending_key_of
from ferraris.kernel.errors import ConfigError, FerrarisError, TableError
from tests.cli.test_sts import meter_text
from tests.sts.published import METER, VENDING_KEY


def written(tmp_path: Path, text: str | bytes, mode: int = 0o600) -> Path:
    path = tmp_path / "file.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    path.chmod(mode)
    return path


def test_a_meter(tmp_path: Path) -> None:
    assert read_meter(written(tmp_path, meter_text())) == METER
    reference = meter_text(pan=METER.meter_pan.decoder_reference_number)
    assert read_meter(written(tmp_path, reference)) == METER


# what changes                              what the error says
BROKEN_METERS = [
    ({"pan": "600727000000000008"}, "pan"),
    ({"encryption_algorithm": "EA12"}, "encryption_algorithm"),
    ({"supply_group_code": "12345"}, "supply group code"),
    ({"tariff_index": 100}, "tariff index"),
    ({"tariff_index": "1"}, "tariff_index"),
    ({"base_date": 2000}, "base date"),
    ({"colour": "red"}, "colour"),
    ({"key_derivation": "DKGA02"}, "DKGA04"),
]


@pytest.mark.parametrize(("change", "said"), BROKEN_METERS)
def test_a_broken_meter_is_named(change: dict[str, object], said: str, tmp_path: Path) -> None:
    with pytest.raises(TableError) as refused:
        read_meter(written(tmp_path, meter_text(**change)))
    assert said in str(refused.value)
    assert "file.toml" in str(refused.value)


def test_a_vending_key_is_read_from_a_private_file(tmp_path: Path) -> None:
    text = f'vending_key = "{VENDING_KEY.hex()}"'
    assert read_vending_keys(written(tmp_path, text)).of(METER) == VENDING_KEY
    with pytest.raises(ConfigError, match="mode 0600"):
        read_vending_keys(written(tmp_path, text, 0o644))


@pytest.mark.parametrize(
    "text", ["", "x", 'vending_key = "5ec2e7x"', "vending_key = 5", 'vending_key = "5ec2e7"\nb = 1', b"\xff"]
)
def test_a_broken_file_of_keys_is_not_repeated(text: str | bytes, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        read_vending_keys(written(tmp_path, text))
    assert "5ec2e7" not in str(refused.value)


def test_registers_have_vending_keys_of_their_own(tmp_path: Path) -> None:
    text = (
        'vending_key = "00"\n[[register]]\nsupply_group_code = "201457"\nkey_revision_number = 2\nvending_key = "ff"\n'
    )
    keys = read_vending_keys(written(tmp_path, text))
    assert keys.of(METER) == b"\x00"
    assert keys.of(replace(METER, key_revision_number=2)) == b"\xff"
    assert "ff" not in repr(keys)


def test_what_is_known_of_a_meter(tmp_path: Path) -> None:
    text = meter_text(accepted=[3, 5], supply_groups=["203557"])
    text += '[[issued]]\ntoken = "2364 1553 6653 9815 4702"\npan = "000001000000000082"\n'
    text += f"[[pending]]\n{meter_text(tariff_index=2)}[[former]]\n{meter_text(tariff_index=3)}"
    record = read_record(written(tmp_path, text))
    assert record.present == METER
    assert record.accepted == {3, 5}
    assert record.supply_groups == ("203557",)
    assert record.issued == {"23641553665398154702": "000001000000000082"}
    assert [each.tariff_index for each in (*record.pending, *record.former, *record.others)] == [2, 3]


def test_hexadecimal_digits() -> None:
    assert vending_key_of("00 ff", "the option") == b"\x00\xff"
    with pytest.raises(ConfigError, match="the option"):
        vending_key_of("0", "the option")


def test_without_tables_the_sample_ones_are_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert read_sta_tables(None).is_sample
    with pytest.raises(TableError, match=r"file\.toml"):
        read_sta_tables(written(tmp_path, "s1 = []"))


meters = st.fixed_dictionaries(
    {"supply_group_code": st.from_regex(r"[0-9]{6}", fullmatch=True)},
    optional={
        "encryption_algorithm": st.sampled_from(["EA07", "EA11"]),
        "key_revision_number": st.integers(1, 9),
        "tariff_index": st.integers(0, 99),
        "base_date": st.sampled_from([1993, 2014, 2035]),
        "key_type": st.sampled_from(["DITK", "DDTK", "DUTK", "DCTK"]),
        "key_expiry_number": st.integers(0, 255),
        "three_token_key_change": st.booleans(),
    },
)


@given(fields=meters)
def test_any_meter_is_read_as_it_is_written(tmp_path_factory: pytest.TempPathFactory, fields: dict[str, Any]) -> None:
    found = read_meter(written(tmp_path_factory.getbasetemp(), meter_text(**fields)))
    code = fields.pop("supply_group_code")
    assert found.supply_group_code == code
    for name, value in fields.items():
        read = getattr(found, name)
        assert value in (read, getattr(read, "name", None), getattr(read, "year", None)), name


@given(octets=st.binary(max_size=60))
def test_any_file_is_a_meter_or_refused_with_its_name(tmp_path_factory: pytest.TempPathFactory, octets: bytes) -> None:
    path = written(tmp_path_factory.getbasetemp(), octets)
    for read in (read_meter, read_record, read_vending_keys, read_sta_tables):
        with pytest.raises(FerrarisError, match=r"file\.toml"):
            read(path)
