"""The options that the commands of `ferraris vend` share, and how their orders are answered."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final
from uuid import uuid4

import typer

from ferraris.cli.answered_lines import answer_lines
from ferraris.cli.vend_connection import VendingConnection, VendRefused, connected
from ferraris.cli.vend_text import fields_of
from ferraris.kernel.errors import ConfigError, FerrarisError
from ferraris.kernel.json_text import read_json_object

URL_VARIABLE: Final = "FERRARIS_URL"
OPERATOR_VARIABLE: Final = "FERRARIS_OPERATOR"
TILL_VARIABLE: Final = "FERRARIS_TILL"

DIRECTORY: Final = Path("ferraris-data")
"""The same as of `ferraris serve`, whose module is too heavy to be loaded for a sale."""
NAME: Final = "cli"
"""Of the till and of the operator, where nobody says another."""

Operator = Annotated[str, typer.Option("--operator", envvar=OPERATOR_VARIABLE, help="Your name, for the record.")]
Till = Annotated[str, typer.Option("--till", envvar=TILL_VARIABLE, help="The till's name.")]
Json = Annotated[bool, typer.Option("--json", help="Print the whole answer as JSON.")]
Jsonl = Annotated[
    bool, typer.Option("--jsonl", help="Read orders from standard input, one JSON object a line, and answer each.")
]
MessageId = Annotated[
    str, typer.Option("--message-id", help="Names the order: give the same again to get the same token, not a new one.")
]
Meter = Annotated[str, typer.Argument(help="Decoder reference number (11 or 13 digits) or meter PAN (18 digits).")]
OptionalMeter = Annotated[
    str,
    typer.Argument(
        help="Decoder reference number (11 or 13 digits) or meter PAN (18 digits); with --jsonl the lines name it.",
        show_default=False,
    ),
]


@dataclass(frozen=True, slots=True)
class Place:
    """Which vending is asked: a running system, or a directory."""

    url: Annotated[
        str,
        typer.Option("--url", envvar=URL_VARIABLE, help="Ask a running system there, such as http://127.0.0.1:8080."),
    ] = ""
    directory: Annotated[Path, typer.Option("--dir", help="Without --url: the vending directory to use.")] = DIRECTORY

    def connected(self) -> AbstractContextManager[VendingConnection]:
        """Several questions to it. Raises ConfigError."""
        return connected(self.url, self.directory)

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None, **query: Any) -> Any:
        """One question to it: what the REST function at `path` answers. Raises ConfigError, LinkError, VendRefused."""
        with self.connected() as connection:
            return connection.ask(method, path, body, **query)


@dataclass(frozen=True, slots=True)
class Clerk:
    """Who sells, and where."""

    till: Till = NAME
    operator: Operator = NAME

    @property
    def fields(self) -> dict[str, str]:
        """As an order names them."""
        return {"till": self.till, "operator": self.operator}


@dataclass(frozen=True, slots=True)
class Lines:
    """How a line of `--jsonl` becomes a request."""

    path: str
    defaults: Mapping[str, Any]
    fields: frozenset[str]
    named: bool = True
    """Whether the request is an order with a message id."""
    wrap: Callable[[dict[str, Any]], dict[str, Any]] = dict
    """Makes the request of a line's fields."""


def order_id(given: str) -> str:
    """The message id of an order: the one given, or a new one."""
    return given or f"cli-{uuid4().hex}"


def show(answer: Any, as_json: bool, text: Callable[[Any], str]) -> None:
    """Print an answer, for people or for programs."""
    typer.echo(json.dumps(answer, ensure_ascii=False, indent=2) if as_json else text(answer).rstrip("\n"))


def show_notice(answer: Any) -> None:
    """Say beside the answer what is to be known about tokens, where there is something."""
    if answer.get("notice"):
        typer.echo(answer["notice"], err=True)


def receipt_or_json(connection: VendingConnection, answer: Any, as_json: bool) -> None:
    """Print what a sale came to: the receipt, or all of it as JSON."""
    if as_json:
        show(answer, True, str)
        return
    octets = connection.ask("GET", f"sales/{answer['sale']['number']}/receipt")
    typer.echo(octets.decode("utf-8").rstrip("\n"))
    show_notice(answer)


def answer_orders(place: Place, lines: Lines, **beside: str) -> None:
    """Answer every line of standard input: {"id", "ok", …} with tokens or fields, or with an error.

    `beside` is what lines say for themselves. Raises ConfigError when the command says it too.
    """
    if told := [name for name, value in beside.items() if value]:
        raise ConfigError("with --jsonl each line says for itself", expected="no " + " and no ".join(told))
    with place.connected() as connection:
        answer_lines(sys.stdin.buffer, sys.stdout, lambda line: answer_order(connection, lines, line))


def answer_order(connection: VendingConnection, lines: Lines, line: bytes) -> str:
    """One line of orders, answered with one of JSON. An order without message id is named after its id."""
    name: Any = None
    try:
        row = read_json_object(line, "a line", expected="one JSON object", fractions_as_text=True)
        name = row.pop("id", None)
        strange = row.keys() - lines.fields
        if strange:
            raise ConfigError(f"unknown field {min(strange)}", expected=", ".join(sorted(lines.fields)))
        body = {**lines.defaults, **row}
        if lines.named and not body.get("message_id"):
            body["message_id"] = f"jsonl/{body.get('till', '')}/{name}" if name is not None else order_id("")
        answer = {"id": name, "ok": True, **fields_of(connection.ask("POST", lines.path, lines.wrap(body)))}
    except VendRefused as error:
        answer = {"id": name, "ok": False, "error": error.result or error.error or "refused", "detail": str(error)}
    except (FerrarisError, ValueError) as error:
        answer = {"id": name, "ok": False, "error": "bad_line", "detail": str(error)}
    return json.dumps(answer, ensure_ascii=False)
