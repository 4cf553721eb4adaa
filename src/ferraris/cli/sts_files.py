"""What the commands on tokens read from files: tables of EA07, a vending key, a meter's configuration.

A file of keys, which its owner alone may read:

    vending_key = "abababababababab949494949494949401234567"

A meter, in TOML:

    pan = "600727000000000009"           # or its decoder reference number
    encryption_algorithm = "EA11"
    supply_group_code = "201457"
    key_revision_number = 1
    key_type = "DUTK"
    tariff_index = 1
    base_date = 2014
    key_expiry_number = 255              # what is left out has this value
    key_derivation = "DKGA04"
    three_token_key_change = false
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ferraris.cli.key_file import read_privately
from ferraris.cli.settings import read_settings
from ferraris.kernel.errors import ConfigError, TableError
from ferraris.kernel.limits import SETTINGS_FILE_OCTETS_MAX
from ferraris.kernel.tables import parse_toml
from ferraris.sts import (
    KEY_NEVER_EXPIRES,
    BaseDate,
    EncryptionAlgorithm,
    KeyDerivation,
    KeyType,
    MeterPan,
    StaTables,
    StsConfiguration,
    load_sta_tables,
)


@dataclass(frozen=True, slots=True)
class MeterTable:
    """A meter, as a file names it."""

    pan: MeterPan
    encryption_algorithm: EncryptionAlgorithm
    supply_group_code: str
    key_revision_number: int
    tariff_index: int
    base_date: int
    key_type: KeyType = KeyType.DUTK
    key_expiry_number: int = KEY_NEVER_EXPIRES
    key_derivation: KeyDerivation = KeyDerivation.DKGA04
    three_token_key_change: bool = False

    def __post_init__(self) -> None:
        self.configuration()

    def configuration(self) -> StsConfiguration:
        """The same, for a decoder key."""
        return StsConfiguration(
            self.pan,
            self.encryption_algorithm,
            self.supply_group_code,
            self.key_revision_number,
            self.key_type,
            self.tariff_index,
            BaseDate.of_year(self.base_date),
            self.key_expiry_number,
            self.key_derivation,
            self.three_token_key_change,
        )


@dataclass(frozen=True, slots=True)
class _KeyFile:
    vending_key: str = field(repr=False)


def read_sta_tables(path: Path | None) -> StaTables:
    """The tables in `path`, or in the file that the setting names, or the sample tables."""
    chosen = path or read_settings().sts.sta_tables
    if chosen is None:
        return StaTables.SAMPLE
    return load_sta_tables(text_of(chosen), str(chosen))


def read_vending_key(path: Path) -> bytes:
    """The vending key in `path`. Raises ConfigError, which never repeats it."""
    try:
        named = parse_toml(read_privately(path), _KeyFile, str(path))
    except TableError:
        raise ConfigError(f"{path} is no file of keys", expected='vending_key = "hexadecimal digits"') from None
    return vending_key_of(named.vending_key, str(path))


def vending_key_of(digits: str, place: str) -> bytes:
    """A vending key in hexadecimal digits."""
    try:
        return bytes.fromhex(digits)
    except ValueError:
        raise ConfigError(f"vending key in {place}", expected="hexadecimal digits", got="something else") from None


def read_meter(path: Path) -> StsConfiguration:
    """The meter in `path`."""
    return parse_toml(text_of(path), MeterTable, str(path)).configuration()


def text_of(path: Path) -> str:
    """The text of a file of settings. Raises ConfigError."""
    with path.open("rb") as file:
        octets = file.read(SETTINGS_FILE_OCTETS_MAX + 1)
    if len(octets) > SETTINGS_FILE_OCTETS_MAX:
        raise ConfigError(f"{path} is too long", expected=f"at most {SETTINGS_FILE_OCTETS_MAX} octets")
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is no text", expected="TOML in UTF-8") from None
