"""`ferraris decode`: any frame or APDU in hexadecimal digits, as text, as JSON, or line by line."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from ferraris.cli.answered_lines import answer_lines
from ferraris.kernel.errors import ConfigError, FerrarisError, LocalProtocolError
from ferraris.kernel.limits import INSPECTION_LINE_OCTETS_MAX

EXIT_REFUSED: Final = 2


def decode(
    hexadecimal: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="HEX", help="A frame or an APDU; without, it is read from standard input.", show_default=False
        ),
    ] = None,
    *,
    ek: Annotated[str, typer.Option("--ek", metavar="HEX", help="Encryption key.")] = "",
    ak: Annotated[str, typer.Option("--ak", metavar="HEX", help="Authentication key.")] = "",
    system_title: Annotated[
        str, typer.Option(metavar="HEX", help="Sender's system title, for glo- and ded- APDUs.")
    ] = "",
    dedicated: Annotated[str, typer.Option(metavar="HEX", help="Dedicated key.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    jsonl: Annotated[bool, typer.Option("--jsonl", help="Read and write one JSON object a line.")] = False,
    file: Annotated[
        Path | None, typer.Option(help="A pcap or pcapng file, a capture in lines of JSON, or a file of octets.")
    ] = None,
    keys_file: Annotated[
        Path | None, typer.Option("--keys", envvar="FERRARIS_KEYS", help="File of keys, in TOML.")
    ] = None,
    octets: Annotated[bool, typer.Option("--octets", help="Show the field of each octet.")] = False,
) -> None:
    """Turn a frame, an APDU or a captured conversation into readable text or JSON.

    Digits come as arguments or on standard input, blanks allowed; --file reads captures and files of octets. Flags, addresses,
    wrapper, LLC, segments, blocks and ciphering are recognised by themselves. With --jsonl each line is
    {"id", "hex", "keys": {"ek", "ak", "system_title", "dedicated"}},
    and each answer {"id", "ok", "layers", "apdu", "value", "error"}.
    """
    from ferraris.dlms.inspect import Inspection, InspectionKeys, answer_line, error_to_json, inspect

    if jsonl and (hexadecimal or file is not None or ek or ak or system_title or dedicated):
        raise ConfigError("--jsonl reads standard input alone", expected="digits and keys in its lines, and no --file")
    if file is not None and hexadecimal:
        raise ConfigError("digits beside --file", expected="one of them", got=" ".join(hexadecimal)[:40])
    if jsonl:
        answer_lines(sys.stdin.buffer, sys.stdout, answer_line)
        return
    keys = InspectionKeys.of({"ek": ek, "ak": ak, "system_title": system_title, "dedicated": dedicated})
    if keys_file is not None:
        from ferraris.cli.decoded_messages import with_key_file

        keys = with_key_file(keys, keys_file)
    if file is not None:
        from ferraris.cli.decoded_messages import messages_of_file, show_messages

        raise typer.Exit(show_messages(messages_of_file(file, keys), as_json=as_json, octets=octets))
    digits = "".join(hexadecimal) if hexadecimal else sys.stdin.read(INSPECTION_LINE_OCTETS_MAX)
    if octets:
        from ferraris.cli.decoded_messages import messages_of, show_messages

        raise typer.Exit(show_messages(messages_of(_octets(digits), keys), as_json=as_json, octets=True))
    result = Inspection()
    error = None
    try:
        inspect(_octets(digits), keys, result)
    except FerrarisError as failure:
        error = failure
    if as_json:
        document = {"ok": error is None, "layers": result.layers, "apdu": result.apdu, "value": result.value}
        print(json.dumps({**document, "error": None if error is None else error_to_json(error)}, indent=2))
    else:
        from ferraris.cli.decoded_tree import show_inspection

        show_inspection(result)
        if error is not None:
            raise error
    raise typer.Exit(0 if error is None else EXIT_REFUSED)


def _octets(digits: str) -> bytes:
    try:
        octets = bytes.fromhex("".join(digits.split()).removeprefix("0x"))
    except ValueError:
        if _is_file(digits):
            raise ConfigError(
                "the name of a file, where hexadecimal digits are wanted",
                expected=f"`ferraris decode --file {digits}`, or its digits on standard input",
            ) from None
        raise LocalProtocolError(
            "not hexadecimal", expected="pairs of hexadecimal digits", got=repr(digits[:40])
        ) from None
    if not octets:
        raise ConfigError("there is nothing to decode", expected="hexadecimal digits as arguments or on standard input")
    return octets


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except (OSError, ValueError):  # too long for a name, or not one
        return False
