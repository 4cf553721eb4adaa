"""The options that the commands of `ferraris vend` share, and how their answers are shown."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final
from uuid import uuid4

import typer

from ferraris.cli.answered_lines import answer_lines
from ferraris.cli.vend_connection import VendingConnection, VendRefused, connected
from ferraris.kernel.errors import ConfigError, FerrarisError
from ferraris.kernel.json_text import read_json_object
from ferraris.vending import credit_minor, credit_text, money_text, tenths_text

URL_VARIABLE: Final = "FERRARIS_URL"
OPERATOR_VARIABLE: Final = "FERRARIS_OPERATOR"
TILL_VARIABLE: Final = "FERRARIS_TILL"

Url = Annotated[
    str, typer.Option("--url", envvar=URL_VARIABLE, help="A running system, such as http://127.0.0.1:8080.")
]
Directory = Annotated[Path, typer.Option("--dir", help="The vending directory, when no --url is given.")]
Operator = Annotated[str, typer.Option("--operator", envvar=OPERATOR_VARIABLE, help="Your name, for the record.")]
Till = Annotated[str, typer.Option("--till", envvar=TILL_VARIABLE, help="The till.")]
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
DIRECTORY: Final = Path("ferraris-data")
"""The same as of `ferraris serve`, whose module is too heavy to be loaded for a sale."""
OPERATOR: Final = "cli"
TILL: Final = "cli"


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


def answer_orders(url: str, directory: Path, lines: Lines) -> None:
    """Answer every line of standard input: {"id", "ok", …} with tokens or fields, or with an error."""
    with connected(url, directory) as connection:
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


def fields_of(answer: Any) -> dict[str, Any]:
    """What a line's answer tells: of a sale the token, or the tokens, and what it came to; else all of it."""
    if not isinstance(answer, dict) or "sale" not in answer:
        return answer if isinstance(answer, dict) else {"answer": answer}
    sale = answer["sale"]
    digits = [token["digits"] for token in sale["tokens"]]
    tokens: dict[str, Any] = {"token": digits[0]} if len(digits) == 1 else {"tokens": digits}
    return {
        **tokens,
        "receipt_number": answer["receipt_number"],
        "message_id": sale["message_id"],
        "state": sale["state"],
        "amount": money_text(sale["tendered_minor"], sale["minor_digits"]),
        "units": tenths_text(sale["units_tenths"]),
        **_money_credit(sale),
    }


def _money_credit(sale: dict[str, Any]) -> dict[str, str]:
    """What a meter that counts money is credited with; nothing for one that counts units."""
    money = (sale.get("breakdown") or {}).get("credit_money", 0)
    digits = sale["minor_digits"]
    return {"credit": money_text(credit_minor(money, digits), digits)} if money else {}


def credited(sold: dict[str, Any]) -> str:
    """What a sale or quote brings to the meter."""
    breakdown = sold.get("breakdown") or {}
    tenths = sold.get("units_tenths", breakdown.get("units_tenths", 0))
    money = breakdown.get("credit_money", 0)
    return credit_text(tenths, money, sold.get("service", "electricity"), sold["currency"], sold["minor_digits"])


def table_text(rows: Sequence[tuple[str, ...]]) -> str:
    """Columns of text, each as wide as its widest cell."""
    if not rows:
        return ""
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
