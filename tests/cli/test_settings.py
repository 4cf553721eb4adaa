"""Settings from the environment and from a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from ferraris.cli.settings import read_settings
from ferraris.kernel.errors import ConfigError
from ferraris.kernel.limits import SETTINGS_FILE_OCTETS_MAX


@pytest.fixture(autouse=True)
def nothing_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("FERRARIS_SETTINGS", "FERRARIS_STS__STA_TABLES"):
        monkeypatch.delenv(name, raising=False)


def test_nothing_is_set() -> None:
    assert read_settings().sts.sta_tables is None


def test_a_file_beside_and_a_file_that_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ferraris.toml").write_text('[sts]\nsta_tables = "a.toml"\n')
    assert read_settings().sts.sta_tables == Path("a.toml")
    (tmp_path / "other.toml").write_text('[sts]\nsta_tables = "b.toml"\n')
    monkeypatch.setenv("FERRARIS_SETTINGS", str(tmp_path / "other.toml"))
    assert read_settings().sts.sta_tables == Path("b.toml")


def test_the_environment_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ferraris.toml").write_text('[sts]\nsta_tables = "a.toml"\n')
    monkeypatch.setenv("FERRARIS_STS__STA_TABLES", "c.toml")
    assert read_settings().sts.sta_tables == Path("c.toml")


def test_variables_of_other_things_are_no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FERRARIS_TRACEBACK", "1")
    monkeypatch.setenv("FERRARIS_KEYS", "keys.toml")
    assert read_settings().sts.sta_tables is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x", "holds no settings"),
        ("x = " + "9" * 5_000, "holds no settings"),
        ("x = " + "[" * 100_000, "holds no settings"),
        ("a = 1\na = 2", "holds no settings"),
        ("colour = 1", "setting colour"),
        ("[sts]\ncolour = 1", r"setting sts\.colour"),
        ("[sts]\nsta_tables = 1", r"setting sts\.sta_tables"),
        ("sts = 1", "setting sts"),
        ("#" * (SETTINGS_FILE_OCTETS_MAX + 1), "too long"),
    ],
)
def test_what_is_no_setting_is_named(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "ferraris.toml").write_text(text)
    with pytest.raises(ConfigError, match=said):
        read_settings()


def test_a_named_file_must_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FERRARIS_SETTINGS", str(tmp_path / "none.toml"))
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        read_settings()
