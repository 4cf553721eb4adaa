"""Options that name a meter and its key."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ferraris.cli.sts_options import KeyOptions, MeterOptions
from ferraris.kernel.errors import ConfigError
from ferraris.sts import EncryptionAlgorithm, StsError
from tests.cli.test_sts import meter_text
from tests.sts.published import EA07_KEY, EA07_METER, KEY, METER, VENDING_KEY

FIELDS = MeterOptions(METER.meter_pan.digits, "ea11", "201457", 1, "dutk", 1, 255, 2014, "DKGA04")


def test_a_meter_field_by_field_or_from_a_file(tmp_path: Path) -> None:
    assert FIELDS.configuration() == METER
    path = tmp_path / "meter.toml"
    path.write_text(meter_text())
    assert MeterOptions(meter=path).configuration() == METER
    with pytest.raises(ConfigError, match="no meter is named"):
        MeterOptions(sgc="201457").configuration()


def test_names_of_algorithms_are_checked() -> None:
    wrong = {
        "--ea": replace(FIELDS, ea="nothing"),
        "--kt": replace(FIELDS, kt="nothing"),
        "--dkga": replace(FIELDS, dkga="nothing"),
    }
    for option, options in wrong.items():
        with pytest.raises(ConfigError, match=rf"{option}, expected .*, got 'nothing'"):
            options.configuration()


def test_a_vending_key_is_named_once(tmp_path: Path) -> None:
    path = tmp_path / "keys.toml"
    path.write_text(f'vending_key = "{VENDING_KEY.hex()}"')
    path.chmod(0o600)
    for options in (KeyOptions(path), KeyOptions(vending_key=VENDING_KEY.hex())):
        found = options.vending_keys()
        assert found.of(METER) == VENDING_KEY
        assert VENDING_KEY.hex() not in repr(found) + repr(options)
    with pytest.raises(ConfigError, match="no vending key"):
        KeyOptions().vending_keys()


def test_a_decoder_key_says_when_it_is_of_the_sample_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    options = KeyOptions(vending_key=VENDING_KEY.hex())
    assert options.decoder_key(METER) == KEY
    assert not capsys.readouterr().err
    assert options.decoder_key(EA07_METER) == EA07_KEY
    assert "no real meter" in capsys.readouterr().err
    with pytest.raises(StsError, match="20 octets"):
        KeyOptions(vending_key="00").decoder_key(METER)


def test_tables_are_looked_for_where_they_are_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A setting that is broken stands in nobody's way who needs no tables; a file that is named is always read."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ferraris.toml").write_text("[sts]\ncolour = 1\n")
    assert KeyOptions().tables(EncryptionAlgorithm.EA11).is_sample
    with pytest.raises(ConfigError, match=r"sts\.colour"):
        KeyOptions().tables(EncryptionAlgorithm.EA07)
    for algorithm in (EncryptionAlgorithm.EA07, EncryptionAlgorithm.EA11):
        with pytest.raises(ConfigError, match="No such file"):
            KeyOptions(sta_tables=tmp_path / "none.toml").tables(algorithm)
