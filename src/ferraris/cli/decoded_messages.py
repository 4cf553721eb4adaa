"""Captured conversations on the screen: a line for each message, its names and values, its octets on demand."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from ferraris.cli.key_file import read_keys
from ferraris.cli.printable import printable
from ferraris.dlms.inspect import Conversation, InspectionKeys, Message, error_to_json, octet_table
from ferraris.kernel.errors import AuthenticationError, ConfigError
from ferraris.kernel.limits import CAPTURE_FILE_OCTETS_MAX
from ferraris.link import CapturedChunk, is_capture, read_capture, read_json_lines

EXIT_REFUSED: Final = 2
VALUE_CHARACTERS_MAX: Final = 200
OCTETS_A_LINE: Final = 16
_HEXADECIMAL: Final = re.compile(rb"[0-9A-Fa-f\s]+")


def with_key_file(keys: InspectionKeys, path: Path) -> InspectionKeys:
    """The keys with those of a file: symmetric ones, and both ends' key pairs as far as it has them. Raises ConfigError."""
    named = read_keys(path)
    keys = replace(
        keys,
        encryption_key=named.encryption_key,
        authentication_key=named.authentication_key,
        key_encrypting_key=named.master_key or keys.key_encrypting_key,
    )
    pairs, meter = named.key_pairs, named.meter_system_title
    if pairs is None:
        return keys
    signers: dict[bytes, bytes] = {} if pairs.signing is None else {named.system_title: pairs.signing.point}
    agreement = b""
    if meter is not None:
        with suppress(AuthenticationError):  # the file has none
            signers[meter] = pairs.peers.signing_point(meter)
        with suppress(AuthenticationError):
            agreement = pairs.peers.agreement_point(meter)
    private = b"" if pairs.agreement is None else pairs.agreement.octets
    return replace(keys, signers=signers, static_private_key=private, agreement_public_key=agreement)


def messages_of(octets: bytes, keys: InspectionKeys) -> Iterator[Message]:
    """The messages in octets of one direction."""
    conversation = Conversation(keys)
    yield from conversation.feed("", "", octets, datagram=False)
    yield from conversation.finish()


def messages_of_file(path: Path, keys: InspectionKeys) -> Iterator[Message]:
    """The messages in a capture, or in a file of octets, as they are or in hexadecimal digits. Raises ConfigError."""
    with path.open("rb") as file:
        octets = file.read(CAPTURE_FILE_OCTETS_MAX + 1)
    if len(octets) > CAPTURE_FILE_OCTETS_MAX:
        raise ConfigError(f"{path} is too long", expected=f"at most {CAPTURE_FILE_OCTETS_MAX} octets")
    if not octets.strip():
        raise ConfigError(f"{path} holds nothing to decode", expected="a capture, octets or hexadecimal digits")
    if is_capture(octets):
        return _of_chunks(read_capture(octets), keys)
    if octets.lstrip().startswith(b"{"):
        return _of_chunks(read_json_lines(octets.decode("utf-8", "replace").splitlines()), keys)
    if _HEXADECIMAL.fullmatch(octets):
        digits = b"".join(octets.split())
        if len(digits) % 2:
            raise ConfigError(f"{path} is not hexadecimal", expected="pairs of digits", got=f"{len(digits)} digits")
        octets = bytes.fromhex(digits.decode())
    return messages_of(octets, keys)


def _of_chunks(chunks: Iterable[CapturedChunk], keys: InspectionKeys) -> Iterator[Message]:
    conversation = Conversation(keys)
    for chunk in chunks:
        yield from conversation.feed(
            chunk.source,
            chunk.destination,
            chunk.octets,
            datagram=chunk.keeps_boundaries,
            lost=chunk.lost,
            time_ms=chunk.time_ms,
        )
    yield from conversation.finish()


def show_messages(messages: Iterable[Message], *, as_json: bool, octets: bool) -> int:
    """Print the messages; the exit code, which says whether all could be read."""
    console = Console(highlight=False, soft_wrap=True)
    refused = False
    for message in messages:
        refused = refused or message.error is not None
        if as_json:
            print(json.dumps(message_to_json(message, octets=octets)))
            continue
        console.print(headline(message))
        for about in message.about:
            console.print(_about(about))
        if message.error is not None:
            console.print(Text(printable(f"    ! {message.error}"), style="red"))
        if octets:
            console.print(Text(octets_shown(message)))
    return EXIT_REFUSED if refused else 0


def headline(message: Message) -> Text:
    """When, from whom to whom, and what."""
    moment = datetime.fromtimestamp(message.time_ms / 1000, UTC)
    when = f"{moment:%H:%M:%S}.{message.time_ms % 1000:03}Z " if message.time_ms else ""
    ends = f"{message.source} > {message.destination}  " if message.source else ""
    names = ", ".join(message.inspection.names) or _outermost(message)
    warnings = [text for layer in message.inspection.layers for text in layer["warnings"]]
    line = Text.assemble((when, "dim"), (printable(ends), "cyan"), (names, "bold green"))
    if warnings:
        line.append(f"  ! {'; '.join(dict.fromkeys(warnings))}", "yellow")
    return line


def _outermost(message: Message) -> str:
    """What a message without an APDU is."""
    for layer in message.inspection.layers:
        return f"{layer['layer']} {layer.get('frame', '')}".strip()
    return f"{len(message.octets)} octets"


def _about(about: dict[str, Any]) -> Text:
    text = json.dumps(about["value"]) if "value" in about else ""
    if len(text) > VALUE_CHARACTERS_MAX:
        text = text[: VALUE_CHARACTERS_MAX - 1] + "…"
    return Text.assemble("    ", (about["name"], "default"), (printable(f" = {text}") if text else "", "bold"))


def octets_shown(message: Message) -> str:
    """The octet tables of a message, as lines of columns."""
    rows = [("layer", "offset", "octets", "field", "value")]
    for field in octet_table(message.octets, message.apdus, message.inspection.plains, message.asked):
        shown = field.octets[:OCTETS_A_LINE].hex(" ") + (" …" if len(field.octets) > OCTETS_A_LINE else "")
        rows.append((field.layer, str(field.offset), shown, field.name, field.value))
    layer, offset, octets, name, _ = (max(map(len, column)) for column in zip(*rows, strict=True))
    lines = (f"{a:<{layer}}  {b:>{offset}}  {c:<{octets}}  {d:<{name}}  {e}".rstrip() for a, b, c, d, e in rows)
    return "\n".join(lines)


def message_to_json(message: Message, *, octets: bool) -> dict[str, Any]:
    """A message as one JSON object."""
    inspection = message.inspection
    document = {
        "time_ms": message.time_ms,
        "source": message.source,
        "destination": message.destination,
        "hex": message.octets.hex(),
        "layers": inspection.layers,
        "apdu": inspection.apdu,
        "value": inspection.value,
        "about": message.about,
        "error": None if message.error is None else error_to_json(message.error),
    }
    if octets:
        document["octets"] = [
            {"layer": f.layer, "offset": f.offset, "octets": f.octets.hex(), "field": f.name, "value": f.value}
            for f in octet_table(message.octets, message.apdus, inspection.plains, message.asked)
        ]
    return document
