"""The vending system of a directory, as its settings say, for whoever sells: `ferraris serve`, `ferraris vend`, the demo.

    DIR/vending.toml       the settings; each has a default
    DIR/vending.sqlite     customers, meters, sales, the ledger
    DIR/keystore.json      the vending keys, sealed; or `security_module` names another place for them
    DIR/keystore.secret    what opens the keystore, for its owner's eyes alone; the variable
                           FERRARIS_KEYSTORE_SECRET goes before it, FERRARIS_HSM_PIN opens an HSM's token

Settings: `security_module` (see `keys.security_module.opening`), `credential` (under which name the keystore is opened), `store` (a
path, or the URL of a PostgreSQL database), `tariffs` (TOML files; without them the sample tariffs), `sta_tables` (an operator's own
tables of EA07; without it those of `ferraris.toml`), `currency`, `minor_digits`, `time_zone`, `utility`, `supervisors`, `shift_required`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ferraris.cli.limited_text import text_of
from ferraris.cli.settings import read_settings
from ferraris.kernel.clock import Clock
from ferraris.kernel.entropy import Entropy, SystemEntropy
from ferraris.kernel.errors import ConfigError
from ferraris.kernel.limits import SECRET_FILE_OCTETS_MAX
from ferraris.kernel.tables import parse_toml
from ferraris.keys.private_file import create_private_file, read_private_file
from ferraris.keys.security_module import SecurityModule, SecurityModuleSettings, open_security_module
from ferraris.store import VENDING_FILE, open_vending_store
from ferraris.sts import StaTables, load_sta_tables
from ferraris.vending import TariffBook, Vending, VendingSettings, read_tariff, sample_tariffs

SETTINGS_FILE: Final = "vending.toml"
CREDENTIAL: Final = "till"
KEYSTORE_FILE: Final = "keystore.json"
SECRET_FILE: Final = "keystore.secret"  # noqa: S105 - its name
SECRET_VARIABLE: Final = "FERRARIS_KEYSTORE_SECRET"  # noqa: S105 - its name
PIN_VARIABLE: Final = "FERRARIS_HSM_PIN"
KEYSTORE_SCHEMES: Final = frozenset({"file", "pkcs11"})
"""Of keystores, whose paths begin in the directory."""
POSTGRESQL: Final = "postgresql"


@dataclass(frozen=True, slots=True)
class VendingPlaceSettings:
    """What stands in `vending.toml`."""

    security_module: str = f"file:{KEYSTORE_FILE}"
    credential: str = CREDENTIAL
    store: str = VENDING_FILE
    tariffs: tuple[str, ...] = ()
    sta_tables: str = ""
    currency: str = "ZAR"
    minor_digits: int = 2
    time_zone: str = "UTC"
    utility: str = "Ferraris"
    supervisors: tuple[str, ...] = ()
    shift_required: bool = False


def has_vending(directory: Path) -> bool:
    """Whether vending was set up in this directory."""
    return any((directory / name).exists() for name in (SETTINGS_FILE, KEYSTORE_FILE, VENDING_FILE))


def place_settings(directory: Path) -> VendingPlaceSettings:
    """The settings of a directory; all defaults where it has no file of them. Raises ConfigError, TableError."""
    path = directory / SETTINGS_FILE
    if not path.exists():
        return VendingPlaceSettings()
    return parse_toml(text_of(path), VendingPlaceSettings, str(path))


def vending_settings(settings: VendingPlaceSettings, directory: Path) -> VendingSettings:
    """The settings as vending takes them. Raises ConfigError, TableError."""
    try:
        zone = ZoneInfo(settings.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise ConfigError("no such time zone", expected="such as Africa/Johannesburg", got=settings.time_zone) from None
    books = [read_tariff(text_of(directory / name), name) for name in settings.tariffs]
    return VendingSettings(
        tariffs=TariffBook(books) if books else sample_tariffs(),
        currency=settings.currency,
        minor_digits=settings.minor_digits,
        time_zone=zone,
        utility=settings.utility,
        supervisors=frozenset(settings.supervisors),
        shift_required=settings.shift_required,
        sample_tables=_holds_keys(settings) and _tables(settings, directory) is StaTables.SAMPLE,
    )


@contextmanager
def opened_vending(directory: Path, clock: Clock, entropy: Entropy | None = None) -> Iterator[Vending]:
    """The vending system of a directory. Raises ConfigError, StoreError, SecurityError, SecurityModuleError."""
    settings = place_settings(directory)
    with ExitStack() as stack:
        module = stack.enter_context(closing(_module(settings, directory, clock)))
        place = settings.store if settings.store.startswith(POSTGRESQL) else directory / settings.store
        store = stack.enter_context(closing(open_vending_store(place)))
        yield Vending(store, module, entropy or SystemEntropy(), vending_settings(settings, directory))


def keep_secret(directory: Path, secret: str) -> None:
    """Put what opens the keystore into its file. Raises ConfigError when there is one already."""
    create_private_file(directory / SECRET_FILE, "the keystore's secret", secret.encode())


def _module(settings: VendingPlaceSettings, directory: Path, clock: Clock) -> SecurityModule:
    scheme, _, place = settings.security_module.partition(":")
    url = f"{scheme}:{directory / place}" if _holds_keys(settings) else settings.security_module
    pin = os.environ.get(PIN_VARIABLE, "")
    wanted = SecurityModuleSettings(url, settings.credential, _secret(directory), pin, _tables(settings, directory))
    return open_security_module(wanted, clock=clock)


def _holds_keys(settings: VendingPlaceSettings) -> bool:
    """Whether the decoder keys, and so the tables, are used in this process."""
    return settings.security_module.partition(":")[0] in KEYSTORE_SCHEMES


def _tables(settings: VendingPlaceSettings, directory: Path) -> StaTables:
    named = directory / settings.sta_tables if settings.sta_tables else read_settings().sts.sta_tables
    return StaTables.SAMPLE if named is None else load_sta_tables(text_of(named), str(named))


def _secret(directory: Path) -> str:
    given = os.environ.get(SECRET_VARIABLE)
    path = directory / SECRET_FILE
    if given is not None or not path.exists():
        return given or ""
    return read_private_file(path, "the keystore's secret", SECRET_FILE_OCTETS_MAX).decode("utf-8", "replace").strip()
