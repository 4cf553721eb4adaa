"""`ferraris sts`: tokens of 20 digits made, read, and explained; decoder keys derived."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from ferraris.cli.answered_lines import answer_lines
from ferraris.cli.option_groups import with_option_groups
from ferraris.cli.prismtoken import serve_prismtoken
from ferraris.cli.sts_explain import explain_row, explanation_fields, now_ms
from ferraris.cli.sts_files import read_meter, read_record, read_sta_tables
from ferraris.cli.sts_inputs import issue_ms
from ferraris.cli.sts_options import Jsonl, KeyOptions, MeterOptions
from ferraris.cli.sts_rows import Answer, answer, decode_row, derive_row, encode_row, fields_of, refuse_expired
from ferraris.cli.sts_tokens import KINDS, token_named
from ferraris.cli.vending_keys import add_to
from ferraris.kernel.entropy import SystemEntropy
from ferraris.kernel.errors import ConfigError
from ferraris.sts import (
    BaseDate,
    DecoderKey,
    StaTables,
    StsConfiguration,
    Token,
    bare_digits,
    decode_token,
    derive_decoder_key,
    encode_key_change,
    encode_token,
    explain_token,
    from_digits,
    in_groups,
    ordinary_token_identifier,
    token_identifier_at,
)

CLEAR_CLASS: Final = 1
EXIT_WOULD_BE_REFUSED: Final = 1
KEY_CHANGE: Final = "key-change"
CLEAR_KINDS: Final = ("test", "wide-test", "read")
_HIDDEN: Final = (
    "kind",
    "token_class",
    "subclass",
    "block",
    "tid",
    "issue",
    "rnd",
    "field16",
    "random",
    "mfr_code",
    "token_identifier",
)

app: Final = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Make, read and explain prepayment tokens; derive decoder keys."
)


@app.command()
@with_option_groups
def encode(
    kind: Annotated[str, typer.Argument(metavar="KIND", help=", ".join((*KINDS, KEY_CHANGE)), show_default=False)] = "",
    value: Annotated[
        str,
        typer.Argument(
            metavar="VALUE",
            help="What the token brings: units (credit), money (currency), W (power-limit), a number (the others).",
            show_default=False,
        ),
    ] = "",
    *,
    service: Annotated[str, typer.Option(help="What is sold: electricity, water, gas or time.")] = "electricity",
    issue: Annotated[str, typer.Option(metavar="TIME", help="Time of issue, UTC; now if not given.")] = "",
    token_identifier: Annotated[
        int | None, typer.Option(help="The token identifier itself, instead of a time of issue.")
    ] = None,
    new_meter: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The meter's configuration after a key change, in TOML.")
    ] = None,
    new_keys: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="File with the vending key after a key change, where that is another one."),
    ] = None,
    random: Annotated[int | None, typer.Option(help="The four random bits, 0 to 15; by chance if not given.")] = None,
    meter: MeterOptions,
    key: KeyOptions,
    jsonl: Jsonl = False,
) -> None:
    """Make a token: `ferraris sts encode credit 25.6 --meter meter.toml --keys keys.toml`."""
    if jsonl:
        _answer_lines(encode_row, key.sta_tables)
        return
    if kind in CLEAR_KINDS:
        _show_token(encode_token(token_named(kind, value, service, 0, 0), None))
        return
    configuration = meter.configuration()
    decoder_key = key.decoder_key(configuration)
    if kind == KEY_CHANGE:
        new = read_meter(_needed(new_meter))
        new_key = replace(key, keys=new_keys, vending_key="") if new_keys else key
        for digits in encode_key_change(new_key.decoder_key(new), new, decoder_key, configuration):
            _show_token(digits)
        return
    identifier = _identifier(configuration.base_date, issue, token_identifier)
    chance = SystemEntropy().octets(1)[0] & 0xF if random is None else random
    token = token_named(kind, value, service, identifier, chance)
    refuse_expired(token, configuration.key_expiry_number)
    digits = encode_token(token, decoder_key)
    _show_token(digits)
    _show_fields(decode_token(digits, decoder_key), configuration.base_date)


@app.command()
@with_option_groups
def decode(
    token: Annotated[
        list[str] | None,
        typer.Argument(metavar="TOKEN", help="Its 20 digits, with or without blanks.", show_default=False),
    ] = None,
    *,
    meter: MeterOptions,
    key: KeyOptions,
    jsonl: Jsonl = False,
) -> None:
    """Show what a token says. Blanks and hyphens between its digits do not matter."""
    if jsonl:
        _answer_lines(decode_row, key.sta_tables)
        return
    digits = bare_digits("".join(token or ()))
    if not digits:
        raise ConfigError("there is no token to decode", expected="20 digits")
    if from_digits(digits)[0] == CLEAR_CLASS:
        _show_fields(decode_token(digits, None), BaseDate.of_year(meter.base_date))
        return
    configuration = meter.configuration()
    decoder_key = key.decoder_key(configuration)
    _show_fields(decode_token(digits, decoder_key), configuration.base_date)


@app.command()
@with_option_groups
def derive(
    *,
    reveal: Annotated[
        bool, typer.Option("--reveal", help="Print the decoder key itself, not only its check value.")
    ] = False,
    meter: MeterOptions,
    key: KeyOptions,
    jsonl: Jsonl = False,
) -> None:
    """Derive a meter's decoder key and show its check value.

    With --jsonl the decoder key is in each answer, as the vending key is in each row.
    """
    if jsonl:
        _answer_lines(derive_row, key.sta_tables)
        return
    configuration = meter.configuration()
    decoder_key = key.decoder_key(configuration)
    typer.echo(
        f"{configuration.meter_pan}  {configuration.encryption_algorithm.name}  check value {decoder_key.check_value}"
    )
    if reveal:
        typer.echo(decoder_key.octets.hex())


@app.command()
@with_option_groups
def explain(
    token: Annotated[
        list[str] | None,
        typer.Argument(metavar="TOKEN", help="Its 20 digits, with or without blanks.", show_default=False),
    ] = None,
    *,
    meter: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The meter's configuration in TOML, with what is known of it.")
    ] = None,
    key: KeyOptions,
    now: Annotated[
        str, typer.Option(metavar="TIME", help="The time at which the meter is asked, UTC; now if not given.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    jsonl: Jsonl = False,
) -> None:
    """Say what a token is to a meter, and why the meter refuses it.

    The file of --meter has the meter's configuration, and what is known of it: former and pending configurations, other
    meters, token identifiers accepted, tokens issued.
    """
    if jsonl:
        _answer_lines(explain_row, key.sta_tables)
        return
    if meter is None or not token:
        raise ConfigError("nothing to explain", expected="20 digits, and --meter FILE")
    record = read_record(meter)
    tables = key.tables(record.present.encryption_algorithm)
    known = key.vending_keys()

    def derive_key(configuration: StsConfiguration) -> DecoderKey:
        return derive_decoder_key(known.of(configuration), configuration, tables=tables, unverified=key.unverified)

    found = explain_token("".join(token), record, derive_key, issue_ms(now) if now else now_ms())
    if as_json:
        typer.echo(json.dumps(explanation_fields(found), indent=2))
    else:
        typer.echo(f"{found.result}: {found.text}")
        if found.token is not None and found.configuration is not None:
            _show_fields(found.token, found.configuration.base_date)
    raise typer.Exit(0 if found.result.is_accepted else EXIT_WOULD_BE_REFUSED)


def _answer_lines(compute: Callable[[Mapping[str, Any], StaTables], Answer], tables_file: Path | None) -> None:
    tables = read_sta_tables(tables_file)
    answer_lines(sys.stdin.buffer, sys.stdout, lambda line: answer(line, compute, tables))


def _needed(new_meter: Path | None) -> Path:
    if new_meter is None:
        raise ConfigError("a key change brings a new configuration", expected="--new-meter FILE")
    return new_meter


def _identifier(base_date: BaseDate, issue: str, given: int | None) -> int:
    if given is not None:
        return given
    moment = issue_ms(issue) if issue else now_ms()
    return ordinary_token_identifier(token_identifier_at(base_date, moment))


def _show_token(digits: str) -> None:
    typer.echo(in_groups(digits))


def _show_fields(token: Token, base_date: BaseDate) -> None:
    fields = fields_of(token, base_date)
    typer.echo(f"{fields['kind']}, class {fields['token_class']}, subclass {fields['subclass']}")
    if "issue" in fields:
        typer.echo(f"  issued            {fields['issue']} UTC (token identifier {fields['tid']})")
    for name, value in fields.items():
        if name not in _HIDDEN:
            typer.echo(f"  {name:<17} {value}")


add_to(app)
app.command("serve-prismtoken")(serve_prismtoken)
