"""The vending system of a directory: settings, secrets, and what is said when they are wrong."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from ferraris.cli.demo_vending import set_up_vending
from ferraris.cli.vending_place import (
    KEYSTORE_FILE,
    SECRET_FILE,
    SECRET_VARIABLE,
    SETTINGS_FILE,
    VendingPlaceSettings,
    has_vending,
    keep_secret,
    opened_vending,
    place_settings,
    vending_settings,
)
from ferraris.kernel.clock import ManualClock
from ferraris.kernel.errors import FerrarisError
from ferraris.kernel.limits import SETTINGS_FILE_OCTETS_MAX
from ferraris.meter import decoder_reference_number
from ferraris.vending import SaleRequest

NOW_MS = 1_790_000_000_000
CLOCK = ManualClock(NOW_MS)
TARIFF = 'name = "one"\neffective = "2020-01-01"\ncurrency = "EUR"\nblock = [{ price = "0.50" }]\n'
REQUEST = SaleRequest(message_id="m1", till="t1", operator="ann", meter=decoder_reference_number(1), amount=Decimal(20))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with vending for one meter."""
    directory = tmp_path_factory.mktemp("made")
    set_up_vending(directory, 1, CLOCK)
    return directory


@pytest.fixture
def place(made: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(made, tmp_path / "place"))


def test_a_directory_without_vending_has_none(tmp_path: Path) -> None:
    assert not has_vending(tmp_path)
    assert place_settings(tmp_path) == VendingPlaceSettings()


def test_what_was_set_up_sells_again_and_again(place: Path) -> None:
    assert has_vending(place)
    with opened_vending(place, CLOCK) as vending:
        first = vending.sell(REQUEST, NOW_MS)
    with opened_vending(place, CLOCK) as vending:
        assert vending.sell(REQUEST, NOW_MS + 60_000).tokens == first.tokens
        assert vending.settings.utility == "Ferraris demo"


def test_nobody_else_may_look(place: Path) -> None:
    private = [path for path in place.iterdir() if path.is_file() and path.stat().st_mode & 0o077]
    assert private == []


def test_an_operators_own_tariffs_and_currency(tmp_path: Path) -> None:
    (tmp_path / "one.toml").write_text(TARIFF)
    (tmp_path / SETTINGS_FILE).write_text('tariffs = ["one.toml"]\ncurrency = "EUR"\ntime_zone = "Europe/Berlin"\n')
    settings = vending_settings(place_settings(tmp_path), tmp_path)
    assert settings.tariffs.names() == ("one",)
    assert (settings.currency, str(settings.time_zone)) == ("EUR", "Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "sample"),
    [("", True), ('sta_tables = "own.toml"', False), ('security_module = "prismtoken:127.0.0.1:9443"', False)],
)
def test_it_is_known_whether_the_tables_are_the_sample(tmp_path: Path, text: str, sample: bool) -> None:
    boxes = list(range(15, -1, -1))
    own = f"s1 = {boxes}\ns2 = {boxes}\np = {list(range(64))}\n"
    (tmp_path / "own.toml").write_text(own)
    (tmp_path / SETTINGS_FILE).write_text(text)
    assert vending_settings(place_settings(tmp_path), tmp_path).sample_tables is sample


def test_the_secret_may_stand_in_the_environment(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SECRET_VARIABLE, (place / SECRET_FILE).read_text())
    (place / SECRET_FILE).unlink()
    with opened_vending(place, CLOCK) as vending:
        assert vending.sell(REQUEST, NOW_MS).tokens


def test_a_secret_is_never_replaced_in_place(place: Path) -> None:
    with pytest.raises(FerrarisError, match="exists already"):
        keep_secret(place, "another")


def settings(text: str) -> Callable[[Path], object]:
    return lambda place: (place / SETTINGS_FILE).write_text(text)


# What is wrong, and what is said of it.
WRONG: dict[str, tuple[Callable[[Path], object], str]] = {
    "no TOML": (settings("x ="), "vending.toml"),
    "an unknown key": (settings('tarifs = ["x"]'), "tarifs"),
    "no such zone": (settings('time_zone = "Mars/Olympus"'), "no such time zone"),
    "no such tariff file": (settings('tariffs = ["nowhere.toml"]'), "nowhere.toml cannot be read"),
    "no such tables": (settings('sta_tables = "nowhere.toml"'), "nowhere.toml cannot be read"),
    "no such module": (settings('security_module = "pigeon:1"'), "no security module"),
    "no text": (lambda place: (place / SETTINGS_FILE).write_bytes(b"\xff"), "not text in UTF-8"),
    "too long": (settings("#" * (SETTINGS_FILE_OCTETS_MAX + 1)), "too long"),
    "no keystore": (lambda place: (place / KEYSTORE_FILE).unlink(), "keystore"),
    "a wrong secret": (lambda place: (place / SECRET_FILE).write_text("something else"), "secret"),
    "no secret": (lambda place: (place / SECRET_FILE).unlink(), ""),
    "no database": (lambda place: (place / "vending.sqlite").write_bytes(b"x" * 5_000), "vending.sqlite"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_said_and_nothing_is_sold(place: Path, what: str) -> None:
    spoil, said = WRONG[what]
    secret = (place / SECRET_FILE).read_text()
    spoil(place)
    with pytest.raises(FerrarisError) as raised, opened_vending(place, CLOCK):
        pass
    assert said in str(raised.value)
    assert secret not in str(raised.value)


def test_settings_have_defaults_of_their_own() -> None:
    assert replace(VendingPlaceSettings(), utility="x").store == "vending.sqlite"
