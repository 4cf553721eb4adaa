"""Options of the commands on tokens: the meter, by a file or field by field, and the vending key."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

from ferraris.cli.sts_files import VendingKeys, read_meter, read_sta_tables, read_vending_keys, vending_key_of
from ferraris.cli.sts_inputs import configuration_of
from ferraris.kernel.errors import ConfigError
from ferraris.sts import (
    DecoderKey,
    EncryptionAlgorithm,
    KeyDerivation,
    KeyType,
    StaTables,
    StsConfiguration,
    derive_decoder_key,
)

Jsonl = Annotated[
    bool,
    typer.Option(
        "--jsonl",
        help="Read JSON objects from standard input, one a line, as files of vectors have them, and answer each.",
    ),
]
Tables = Annotated[
    Path | None,
    typer.Option(
        "--sta-tables",
        metavar="FILE",
        help="Your own tables of EA07, in TOML; without, those of ferraris.toml, or the sample tables of IEC 62055-41.",
    ),
]
Sgc = Annotated[str, typer.Option("--sgc", metavar="DIGITS", help="Supply group code, six digits.")]
Krn = Annotated[int, typer.Option("--krn", help="Key revision number, 1 to 9.")]
Kt = Annotated[str, typer.Option("--kt", metavar="KT", help="Key type: DITK, DDTK, DUTK or DCTK.")]
Ken = Annotated[int, typer.Option("--ken", help="Key expiry number, 0 to 255; 255 never expires.")]
BaseYear = Annotated[
    int, typer.Option("--base-date", metavar="YEAR", help="Base date of token identifiers: 1993, 2014 or 2035.")
]
Dkga = Annotated[str, typer.Option("--dkga", metavar="DKGA", help="Key derivation: DKGA01 to DKGA04.")]


@dataclass(frozen=True, slots=True)
class MeterOptions:
    """The meter: by a file, or field by field."""

    pan: Annotated[
        str,
        typer.Option(
            "--pan", "--drn", metavar="DIGITS", help="Meter PAN (18 digits) or decoder reference number (11 or 13)."
        ),
    ] = ""
    ea: Annotated[str, typer.Option("--ea", metavar="EA", help="Encryption algorithm: EA07, EA09 or EA11.")] = "EA11"
    sgc: Sgc = ""
    krn: Krn = 1
    kt: Kt = "DUTK"
    ti: Annotated[int, typer.Option("--ti", help="Tariff index, 0 to 99.")] = 1
    ken: Ken = 255
    base_date: BaseYear = 2014
    dkga: Dkga = "DKGA04"
    meter: Annotated[
        Path | None,
        typer.Option(
            "--meter", metavar="FILE", help="The meter's configuration in TOML, instead of --pan, --sgc and the others."
        ),
    ] = None

    def configuration(self) -> StsConfiguration:
        """What the options say of the meter. Raises ConfigError, StsError."""
        if self.meter is not None:
            return read_meter(self.meter)
        if not self.pan or not self.sgc:
            raise ConfigError(
                "no meter is named", expected="--meter FILE, or --pan and --sgc with what differs from its default"
            )
        return configuration_of(
            {
                "pan": self.pan,
                "ea": chosen(EncryptionAlgorithm, self.ea, "--ea"),
                "sgc": self.sgc,
                "krn": self.krn,
                "kt": chosen(KeyType, self.kt, "--kt"),
                "ti": self.ti,
                "ken": self.ken,
                "base_date": self.base_date,
                "dkga": chosen(KeyDerivation, self.dkga, "--dkga"),
            }
        )


@dataclass(frozen=True, slots=True)
class KeyOptions:
    """The vending key, and what a decoder key is derived with."""

    keys: Annotated[
        Path | None,
        typer.Option(
            "--keys", metavar="FILE", envvar="FERRARIS_STS_KEYS", help="File with the vending key, in TOML, mode 0600."
        ),
    ] = None
    vending_key: Annotated[
        str,
        typer.Option(
            "--vending-key",
            metavar="HEX",
            envvar="FERRARIS_STS_VENDING_KEY",
            help="The vending key itself; better in a file, as others may see a command's arguments.",
        ),
    ] = field(default="", repr=False)
    sta_tables: Tables = None
    unverified: Annotated[
        bool, typer.Option("--unverified", help="Allow DKGA01 and DKGA03, which no published key confirms.")
    ] = False

    def vending_keys(self) -> VendingKeys:
        """The vending keys that the options name. Raises ConfigError."""
        if self.keys is not None:
            return read_vending_keys(self.keys)
        if self.vending_key:
            return VendingKeys(vending_key_of(self.vending_key, "--vending-key"))
        raise ConfigError("no vending key is named", expected="--keys FILE or --vending-key HEX")

    def tables(self, algorithm: EncryptionAlgorithm) -> StaTables:
        """The tables that the options name. Says aloud when EA07, which alone needs them, works with the sample tables."""
        if self.sta_tables is None and algorithm is not EncryptionAlgorithm.EA07:
            return StaTables.SAMPLE
        tables = read_sta_tables(self.sta_tables)
        if algorithm is EncryptionAlgorithm.EA07 and tables.is_sample:
            typer.echo("EA07 with the sample tables of IEC 62055-41: no real meter works with them", err=True)
        return tables

    def decoder_key(self, meter: StsConfiguration) -> DecoderKey:
        """The meter's decoder key. Raises ConfigError, StsError."""
        tables = self.tables(meter.encryption_algorithm)
        return derive_decoder_key(self.vending_keys().of(meter), meter, tables=tables, unverified=self.unverified)


def chosen(kind: Any, name: str, option: str) -> Any:
    """The member of an enumeration that an option names. Raises ConfigError."""
    try:
        return kind[name.upper()]
    except KeyError:
        raise ConfigError(option, expected=", ".join(each.name for each in kind), got=repr(name[:40])) from None
