"""Options of the commands on tokens: the meter, by a file or field by field, and the vending key."""

from __future__ import annotations

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
    bool, typer.Option("--jsonl", help="Read and write one JSON object a line, as files of vectors have them.")
]
Tables = Annotated[
    Path | None,
    typer.Option(
        "--sta-tables", metavar="FILE", help="Tables of EA07 in TOML; without, the sample tables of IEC 62055-41."
    ),
]
Meter = Annotated[Path | None, typer.Option("--meter", metavar="FILE", help="The meter's configuration in TOML.")]
Pan = Annotated[str, typer.Option("--pan", "--drn", metavar="DIGITS", help="Meter PAN or decoder reference number.")]
Ea = Annotated[str, typer.Option("--ea", metavar="EA", help="Encryption algorithm: EA07, EA09 or EA11.")]
Sgc = Annotated[str, typer.Option("--sgc", metavar="DIGITS", help="Supply group code.")]
Krn = Annotated[int, typer.Option("--krn", help="Key revision number.")]
Kt = Annotated[str, typer.Option("--kt", metavar="KT", help="Key type: DITK, DDTK, DUTK or DCTK.")]
Ti = Annotated[int, typer.Option("--ti", help="Tariff index.")]
Ken = Annotated[int, typer.Option("--ken", help="Key expiry number.")]
BaseYear = Annotated[int, typer.Option("--base-date", metavar="YEAR", help="1993, 2014 or 2035.")]
Dkga = Annotated[str, typer.Option("--dkga", metavar="DKGA", help="Key derivation: DKGA01 to DKGA04.")]
Keys = Annotated[
    Path | None,
    typer.Option(
        "--keys", metavar="FILE", envvar="FERRARIS_STS_KEYS", help="File with the vending key, in TOML, mode 0600."
    ),
]
VendingKey = Annotated[
    str,
    typer.Option(
        "--vending-key", metavar="HEX", envvar="FERRARIS_STS_VENDING_KEY", help="The vending key; better in a file."
    ),
]
Unverified = Annotated[
    bool, typer.Option("--unverified", help="Allow DKGA01 and DKGA03, which no published key confirms.")
]


def _named(kind: Any, name: str, option: str) -> Any:
    try:
        return kind[name.upper()]
    except KeyError:
        raise ConfigError(option, expected=", ".join(each.name for each in kind), got=repr(name[:40])) from None


def meter_of(
    file: Path | None, pan: str, ea: str, sgc: str, krn: int, kt: str, ti: int, ken: int, base_date: int, dkga: str
) -> StsConfiguration:
    """The meter that the options name: a file, or field by field."""
    if file is not None:
        return read_meter(file)
    if not pan or not sgc:
        raise ConfigError(
            "no meter is named", expected="--meter FILE, or --pan and --sgc with what differs from its default"
        )
    return configuration_of(
        {
            "pan": pan,
            "ea": _named(EncryptionAlgorithm, ea, "--ea"),
            "sgc": sgc,
            "krn": krn,
            "kt": _named(KeyType, kt, "--kt"),
            "ti": ti,
            "ken": ken,
            "base_date": base_date,
            "dkga": _named(KeyDerivation, dkga, "--dkga"),
        }
    )


def vending_keys_named(keys: Path | None, digits: str) -> VendingKeys:
    """The vending keys that the options name."""
    if keys is not None:
        return read_vending_keys(keys)
    if digits:
        return VendingKeys(vending_key_of(digits, "--vending-key"))
    raise ConfigError("no vending key is named", expected="--keys FILE or --vending-key HEX")


def tables_named(tables: Path | None, algorithm: EncryptionAlgorithm) -> StaTables:
    """The tables that the options name. Says aloud when EA07 works with the sample tables."""
    chosen = read_sta_tables(tables)
    if algorithm is EncryptionAlgorithm.EA07 and chosen.is_sample:
        typer.echo("EA07 with the sample tables of IEC 62055-41: no real meter works with them", err=True)
    return chosen


def decoder_key_of(
    meter: StsConfiguration, keys: Path | None, digits: str, tables: Path | None, *, unverified: bool
) -> DecoderKey:
    """The meter's decoder key."""
    chosen = tables_named(tables, meter.encryption_algorithm)
    vending_key = vending_keys_named(keys, digits).of(meter)
    return derive_decoder_key(vending_key, meter, tables=chosen, unverified=unverified)
