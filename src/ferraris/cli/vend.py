"""`ferraris vend`: the till on the command line, over a running system or over a vending directory."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from ferraris.cli import vend_behind
from ferraris.cli.option_groups import with_option_groups
from ferraris.cli.vend_connection import VendRefused
from ferraris.cli.vend_options import (
    DIRECTORY,
    NAME,
    Clerk,
    Json,
    Jsonl,
    Lines,
    MessageId,
    Meter,
    Operator,
    OptionalMeter,
    Place,
    answer_orders,
    order_id,
    receipt_or_json,
    show,
)
from ferraris.cli.vend_text import after_reversal, quote_text, sale_text
from ferraris.kernel.errors import ConfigError, FerrarisError

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Sell prepayment tokens: meters, quotes, sales, receipts, shifts, key changes.",
)
vend_behind.add_to(app)

Amount = Annotated[str, typer.Option("--amount", "-a", help="Money to be paid, such as 100 or 19.50.")]
Units = Annotated[
    str, typer.Option("--units", "-u", help="Instead of --amount: units to be bought, in kWh, m³ or minutes.")
]
Payment = Literal["cash", "card", "transfer", "mobile"]
"""The same as `PaymentKind` of vending, which is too heavy to be loaded for a list of words."""
Number = Annotated[int, typer.Argument(help="The order's number: the receipt's, without its zeros.")]
ORDER_FIELDS = frozenset({"message_id", "till", "operator", "meter"})


@app.command()
def init(
    directory: Annotated[Path, typer.Option("--dir", help="The vending directory to make.")] = DIRECTORY,
    currency: Annotated[str, typer.Option(help="The currency of all tills, three letters.")] = "ZAR",
    utility: Annotated[str, typer.Option(help="The name that heads a receipt.")] = "Ferraris",
    supervisor: Annotated[
        list[str] | None,
        typer.Option(help="Who may take sales back whose tokens may have been used; again for each name."),
    ] = None,
    trial_group: Annotated[
        str,
        typer.Option(
            "--trial-keys", metavar="SGC", help="Make up vending keys of this supply group, to try things out."
        ),
    ] = "",
) -> None:
    """Make a vending directory: settings, a keystore, an empty ledger.

    Real vending keys come from your key management centre: load them with `ferraris sts import-vending-key`. Keys made up
    with --trial-keys sell tokens that no meter in the world takes.
    """
    from ferraris.cli.vend_setup import make_vending

    secret = make_vending(
        directory, currency=currency, utility=utility, supervisors=supervisor or [], trial_group=trial_group
    )
    typer.echo(f"Vending is set up in {directory}.")
    typer.echo(f"The officer's secret, which loads vending keys and stands nowhere else: {secret}")


@app.command()
@with_option_groups
def quote(meter: Meter, amount: Amount = "", units: Units = "", *, place: Place, as_json: Json = False) -> None:
    """Show what a sale would come to, line by line. Nothing is kept."""
    body = {"meter": meter, **_wanted(amount, units)}
    show(place.ask("POST", "quotes", body), as_json, quote_text)


@app.command()
@with_option_groups
def sell(
    meter: OptionalMeter = "",
    amount: Amount = "",
    units: Units = "",
    payment: Annotated[Payment, typer.Option(help="How the customer pays.")] = "cash",
    message_id: MessageId = "",
    *,
    clerk: Clerk,
    place: Place,
    as_json: Json = False,
    jsonl: Jsonl = False,
) -> None:
    """Sell credit and print the receipt with the token.

    With --jsonl each line has `meter` and `amount` or `units`, and an `id`. The id names the order, so answering the same file
    again gives the same tokens and charges nothing twice.
    """
    if jsonl:
        fields = ORDER_FIELDS | {"amount", "units", "payment"}
        lines = Lines("sales", {**clerk.fields, "payment": payment}, fields)
        answer_orders(place, lines, meter=meter, amount=amount, units=units, message_id=message_id)
    else:
        body = {"meter": _needed(meter), **clerk.fields, "payment": payment, **_wanted(amount, units)}
        _order("sales", body, message_id, place, as_json)


@app.command("free-issue")
@with_option_groups
def free_issue(
    meter: OptionalMeter = "",
    message_id: MessageId = "",
    *,
    clerk: Clerk,
    place: Place,
    as_json: Json = False,
    jsonl: Jsonl = False,
) -> None:
    """Issue the month's free units (free basic electricity), once a month and account."""
    _plain_orders("free-issues", meter, message_id, clerk, place, as_json, jsonl)


@app.command("key-change")
@with_option_groups
def key_change(
    meter: OptionalMeter = "",
    message_id: MessageId = "",
    *,
    clerk: Clerk,
    place: Place,
    as_json: Json = False,
    jsonl: Jsonl = False,
) -> None:
    """Issue the key-change tokens that a meter waits for, or once more those it was given."""
    _plain_orders("key-changes", meter, message_id, clerk, place, as_json, jsonl)


@app.command()
@with_option_groups
def reprint(number: Number, *, operator: Operator = NAME, place: Place, as_json: Json = False) -> None:
    """Print the same receipt once more; copies are counted."""
    with place.connected() as connection:
        receipt_or_json(connection, connection.ask("POST", f"sales/{number}/reprint", {"operator": operator}), as_json)


@app.command()
@with_option_groups
def reverse(
    number: Number,
    reason: Annotated[str, typer.Option(help="Why it is taken back, for the record.")],
    operator: Operator = NAME,
    *,
    place: Place,
    as_json: Json = False,
) -> None:
    """Take a sale back. Supervisors only, unless the meter refuses its token for ever: nothing recalls a token."""
    body = {"operator": operator, "reason": reason}
    answer = place.ask("POST", f"sales/{number}/reversal", body)
    show(answer, as_json, sale_text)
    if told := after_reversal(answer):
        typer.echo(told, err=True)


@app.command()
@with_option_groups
def receipt(
    number: Number,
    pdf: Annotated[Path | None, typer.Option("--pdf", help="Write it as PDF to this file instead.")] = None,
    *,
    place: Place,
) -> None:
    """Print a receipt, the digits in fours. Unlike `reprint` this leaves no trace."""
    octets = place.ask("GET", f"sales/{number}/receipt", format="text" if pdf is None else "pdf")
    if pdf is None:
        typer.echo(octets.decode("utf-8").rstrip("\n"))
    else:
        pdf.write_bytes(octets)
        typer.echo(f"{pdf} written")


@app.command()
@with_option_groups
def sales(
    meter: Annotated[str, typer.Option(help="Only of this meter.")] = "",
    till: Annotated[str, typer.Option(help="Only of this till.")] = "",
    state: Annotated[str, typer.Option(help="Only those pending, posted, void or reversed.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 20,
    *,
    place: Place,
    as_json: Json = False,
) -> None:
    """List sales, the newest first."""
    found = place.ask("GET", "sales", meter=meter, till=till, state=state, limit=limit)
    show(found, as_json, lambda listed: "\n".join(map(sale_text, listed)) or "no sales")


def _plain_orders(
    path: str, meter: str, message_id: str, clerk: Clerk, place: Place, as_json: bool, jsonl: bool
) -> None:
    """An order of a meter and nothing more, or lines of them."""
    if jsonl:
        answer_orders(place, Lines(path, clerk.fields, ORDER_FIELDS), meter=meter, message_id=message_id)
    else:
        _order(path, {"meter": _needed(meter), **clerk.fields}, message_id, place, as_json)


def _order(path: str, body: dict[str, Any], message_id: str, place: Place, as_json: bool) -> None:
    """Send an order. When it fails, its message id is told, so that it can be sent again."""
    key = order_id(message_id)
    with place.connected() as connection:
        try:
            sold = connection.ask("POST", path, {**body, "message_id": key})
        except FerrarisError as error:
            if not isinstance(error, VendRefused) or error.status == HTTPStatus.SERVICE_UNAVAILABLE:
                typer.echo(f"To send the same order again: --message-id {key}", err=True)
            raise
        receipt_or_json(connection, sold, as_json)


def _wanted(amount: str, units: str) -> dict[str, str]:
    """Money or units, one of them. Raises ConfigError."""
    if bool(amount) == bool(units):
        raise ConfigError("say how much", expected="--amount or --units, one of them")
    return {"amount": amount} if amount else {"units": units}


def _needed(meter: str) -> str:
    if not meter:
        raise ConfigError("which meter? Give its number, or orders on standard input with --jsonl")
    return meter
