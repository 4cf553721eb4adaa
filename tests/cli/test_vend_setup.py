"""A vending directory: what is in it, and that it opens nothing to anybody else."""

from __future__ import annotations

from pathlib import Path

import pytest

from ferraris.cli.vend_setup import OFFICER, make_vending
from ferraris.cli.vending_place import opened_vending, place_settings
from ferraris.kernel.clock import SystemClock
from ferraris.kernel.errors import ConfigError
from ferraris.keys.security_module import Keystore, Role

MADE = {"currency": "ZAR", "utility": "Street Power", "supervisors": ["sarah", "Tom Brown"]}


def test_settings_are_what_was_given(tmp_path: Path) -> None:
    make_vending(tmp_path / "v", **MADE)  # type: ignore[arg-type]
    settings = place_settings(tmp_path / "v")
    assert (settings.currency, settings.utility, settings.supervisors) == (
        "ZAR",
        "Street Power",
        ("sarah", "Tom Brown"),
    )
    with opened_vending(tmp_path / "v", SystemClock()) as vending:
        assert vending.balances() == {}


def test_the_officers_secret_is_kept_nowhere(tmp_path: Path) -> None:
    secret = make_vending(tmp_path / "v", trial_group="600727", **MADE)  # type: ignore[arg-type]
    for path in (tmp_path / "v").iterdir():
        assert secret.encode() not in path.read_bytes()
        assert path.stat().st_mode & 0o077 == 0
    keystore = Keystore.open(tmp_path / "v" / "keystore.json", OFFICER, secret)
    assert keystore.credentials() == {"officer": (Role.OFFICER,), "till": (Role.OPERATOR, Role.SUPERVISOR)}
    keystore.close()


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    make_vending(tmp_path / "v", **MADE)  # type: ignore[arg-type]
    before = (tmp_path / "v" / "keystore.json").read_bytes()
    with pytest.raises(ConfigError, match="already"):
        make_vending(tmp_path / "v", **MADE)  # type: ignore[arg-type]
    assert (tmp_path / "v" / "keystore.json").read_bytes() == before
