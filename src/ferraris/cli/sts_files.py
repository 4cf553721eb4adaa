"""What the commands on tokens read from files: tables of EA07, a vending key, a meter's configuration.

A file of keys, which its owner alone may read:

    vending_key = "abababababababab949494949494949401234567"
    [[register]]                         # where a supply group and key revision number have another
    supply_group_code = "203557"
    key_revision_number = 2
    vending_key = "…"

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

What is known of a meter, to explain its tokens: the same, and

    accepted = [6780000, 6781440]        # token identifiers that it has taken
    remembers = 50                       # of how many it keeps; what is older than so many is old
    supply_groups = ["203557"]           # that it might be in
    [[pending]]                          # as above: after a key change that may not have been entered
    [[former]]                           # before its last key changes
    [[others]]                           # other meters of the customer, or of the street
    [[issued]]                           # what vending has made
    token = "23641553665398154702"
    pan = "600727000000000009"
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ferraris.cli.limited_text import private_text_of, text_of
from ferraris.kernel.errors import ConfigError, TableError
from ferraris.kernel.limits import TOKEN_IDENTIFIERS_REMEMBERED
from ferraris.kernel.tables import parse_toml
from ferraris.sts import (
    KEY_NEVER_EXPIRES,
    BaseDate,
    CreditKind,
    EncryptionAlgorithm,
    KeyDerivation,
    KeyType,
    MeterPan,
    MeterRecord,
    Service,
    StaTables,
    StsConfiguration,
    bare_digits,
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
class IssuedTable:
    """A token that vending has made, and for which meter."""

    token: str
    pan: MeterPan


@dataclass(frozen=True, slots=True)
class RecordTable(MeterTable):
    """What is known of a meter, as a file names it."""

    service: Service = Service.ELECTRICITY
    counts_money: bool = False
    accepted: tuple[int, ...] = ()
    remembers: int = TOKEN_IDENTIFIERS_REMEMBERED
    supply_groups: tuple[str, ...] = ()
    pending: tuple[MeterTable, ...] = ()
    former: tuple[MeterTable, ...] = ()
    others: tuple[MeterTable, ...] = ()
    issued: tuple[IssuedTable, ...] = ()

    def record(self) -> MeterRecord:
        """The same, to explain tokens by."""
        pending, former, others = (
            tuple(each.configuration() for each in group) for group in (self.pending, self.former, self.others)
        )
        return MeterRecord(
            self.configuration(),
            pending,
            former,
            others,
            self.supply_groups,
            frozenset(self.accepted),
            {bare_digits(each.token): each.pan.digits for each in self.issued},
            self.remembers,
            CreditKind(self.service, self.counts_money),
        )


@dataclass(frozen=True, slots=True)
class _Register:
    supply_group_code: str
    key_revision_number: int
    vending_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class _KeyFile:
    vending_key: str = field(repr=False)
    register: tuple[_Register, ...] = ()


@dataclass(frozen=True, slots=True)
class VendingKeys:
    """One vending key for all, or others for some supply groups and key revision numbers."""

    general: bytes = field(repr=False)
    registers: dict[tuple[str, int], bytes] = field(default_factory=dict, repr=False)

    def of(self, configuration: StsConfiguration) -> bytes:
        """The one for a meter."""
        register = (configuration.supply_group_code, configuration.key_revision_number)
        return self.registers.get(register, self.general)


def read_sta_tables(path: Path | None) -> StaTables:
    """The tables in `path`, or in the file that the setting names, or the sample tables."""
    from ferraris.cli.settings import read_settings

    chosen = path or read_settings().sts.sta_tables
    if chosen is None:
        return StaTables.SAMPLE
    return load_sta_tables(text_of(chosen), str(chosen))


def read_vending_keys(path: Path) -> VendingKeys:
    """The vending keys in `path`. Raises ConfigError, which never repeats one."""
    try:
        named = parse_toml(private_text_of(path), _KeyFile, str(path))
    except TableError:
        raise ConfigError(f"{path} is no file of keys", expected='vending_key = "hexadecimal digits"') from None
    registers = {
        (each.supply_group_code, each.key_revision_number): vending_key_of(each.vending_key, str(path))
        for each in named.register
    }
    return VendingKeys(vending_key_of(named.vending_key, str(path)), registers)


def vending_key_of(digits: str, place: str) -> bytes:
    """A vending key in hexadecimal digits."""
    try:
        return bytes.fromhex(digits)
    except ValueError:
        raise ConfigError(f"vending key in {place}", expected="hexadecimal digits", got="something else") from None


def read_meter(path: Path) -> StsConfiguration:
    """The meter in `path`."""
    return parse_toml(text_of(path), MeterTable, str(path)).configuration()


def read_record(path: Path) -> MeterRecord:
    """What is known of the meter in `path`."""
    return parse_toml(text_of(path), RecordTable, str(path)).record()
