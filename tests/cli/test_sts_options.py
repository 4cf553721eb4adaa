"""Options that name a meter and its key."""

from __future__ import annotations

from pathlib import Path

import pytest

from ferraris.cli.sts_options import decoder_key_of, meter_of, vending_keys_named
from ferraris.kernel.errors import ConfigError
from ferraris.sts import StsError
from tests.cli.test_sts import meter_text
from tests.sts.published import EA07_KEY, EA07_METER, KEY, METER, VENDING_KEY

FIELDS = (METER.meter_pan.digits, "ea11", "201457", 1, "dutk", 1, 255, 2014, "DKGA04")


def test_a_meter_field_by_field_or_from_a_file(tmp_path: Path) -> None:
    assert meter_of(None, *FIELDS) == METER
    path = tmp_path / "meter.toml"
    path.write_text(meter_text())
    assert meter_of(path, "", "", "", 0, "", 0, 0, 0, "") == METER


def test_names_of_algorithms_are_checked() -> None:
    for place, said in ((1, "--ea"), (4, "--kt"), (8, "--dkga")):
        fields = list(FIELDS)
        fields[place] = "nothing"
        with pytest.raises(ConfigError, match=said):
            meter_of(None, *fields)  # type: ignore[arg-type]


def test_a_vending_key_is_named_once(tmp_path: Path) -> None:
    path = tmp_path / "keys.toml"
    path.write_text(f'vending_key = "{VENDING_KEY.hex()}"')
    path.chmod(0o600)
    for found in (vending_keys_named(path, ""), vending_keys_named(None, VENDING_KEY.hex())):
        assert found.of(METER) == VENDING_KEY
        assert VENDING_KEY.hex() not in repr(found)
    with pytest.raises(ConfigError, match="no vending key"):
        vending_keys_named(None, "")


def test_a_decoder_key_says_when_it_is_of_the_sample_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    digits = VENDING_KEY.hex()
    assert decoder_key_of(METER, None, digits, None, unverified=False) == KEY
    assert not capsys.readouterr().err
    assert decoder_key_of(EA07_METER, None, digits, None, unverified=False) == EA07_KEY
    assert "no real meter" in capsys.readouterr().err
    with pytest.raises(StsError, match="20 octets"):
        decoder_key_of(METER, None, "00", None, unverified=False)
