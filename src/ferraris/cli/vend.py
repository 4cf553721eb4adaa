"""`ferraris vend`: the till on the command line, over a running system or over a vending directory."""

from __future__ import annotations

from decimal import Decimal
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any

import typer

from ferraris.cli import vend_behind
from ferraris.cli.vend_connection import VendRefused, connected
from ferraris.cli.vend_options import (
    DIRECTORY,
    OPERATOR,
    TILL,
    Directory,
    Json,
    Jsonl,
    Lines,
    MessageId,
    Meter,
    Operator,
    OptionalMeter,
    Till,
    Url,
    answer_orders,
    credited,
    order_id,
    receipt_or_json,
    show,
    table_text,
)
from ferraris.cli.vend_setup import make_vending
from ferraris.kernel.errors import ConfigError, FerrarisError
from ferraris.vending import UNIT_OF_SERVICE, PaymentKind, money_text

app = typer.Typer(
    no_args_is_help=True, help="Sell prepayment tokens: meters, quotes, sales, receipts, shifts, key changes."
)
vend_behind.add_to(app)

Amount = Annotated[str, typer.Option("--amount", "-a", help="Money to be paid.")]
Units = Annotated[str, typer.Option("--units", "-u", help="Units to be bought, in kWh, m³ or minutes.")]
Number = Annotated[int, typer.Argument(help="The order's number: the receipt's, without its zeros.")]
ORDER_FIELDS = frozenset({"message_id", "till", "operator", "meter"})


@app.command()
def init(
    directory: Directory = DIRECTORY,
    currency: Annotated[str, typer.Option(help="The currency of all tills, three letters.")] = "ZAR",
    utility: Annotated[str, typer.Option(help="The name that heads a receipt.")] = "Ferraris",
    supervisor: Annotated[list[str] | None, typer.Option(help="Who may take sales back; again for each.")] = None,
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
    secret = make_vending(
        directory, currency=currency, utility=utility, supervisors=supervisor or [], trial_group=trial_group
    )
    typer.echo(f"Vending is set up in {directory}.")
    typer.echo(f"The officer's secret, which loads vending keys and stands nowhere else: {secret}")


@app.command()
def quote(
    meter: Meter,
    amount: Amount = "",
    units: Units = "",
    url: Url = "",
    directory: Directory = DIRECTORY,
    as_json: Json = False,
) -> None:
    """Show what a sale would come to, line by line. Nothing is kept."""
    body = {"meter": meter, **_wanted(amount, units)}
    with connected(url, directory) as connection:
        show(connection.ask("POST", "quotes", body), as_json, quote_text)


@app.command()
def sell(
    meter: OptionalMeter = "",
    amount: Amount = "",
    units: Units = "",
    payment: Annotated[PaymentKind, typer.Option(help="How the customer pays.")] = PaymentKind.CASH,
    message_id: MessageId = "",
    till: Till = TILL,
    operator: Operator = OPERATOR,
    url: Url = "",
    directory: Directory = DIRECTORY,
    as_json: Json = False,
    jsonl: Jsonl = False,
) -> None:
    """Sell credit and print the receipt with the token.

    With --jsonl each line has `meter` and `amount` or `units`, and an `id`. The id names the order, so answering the same file
    again gives the same tokens and charges nothing twice.
    """
    if jsonl:
        fields = ORDER_FIELDS | {"amount", "units", "payment"}
        defaults = {"till": till, "operator": operator, "payment": payment.value}
        answer_orders(url, directory, Lines("sales", defaults, fields))
        return
    body = {
        "meter": _needed(meter),
        "till": till,
        "operator": operator,
        "payment": payment.value,
        **_wanted(amount, units),
    }
    _order("sales", body, message_id, url, directory, as_json)


@app.command("free-issue")
def free_issue(
    meter: OptionalMeter = "",
    message_id: MessageId = "",
    till: Till = TILL,
    operator: Operator = OPERATOR,
    url: Url = "",
    directory: Directory = DIRECTORY,
    as_json: Json = False,
    jsonl: Jsonl = False,
) -> None:
    """Issue the month's free units (free basic electricity), once a month and account."""
    if jsonl:
        answer_orders(url, directory, Lines("free-issues", {"till": till, "operator": operator}, ORDER_FIELDS))
        return
    _order(
        "free-issues",
        {"meter": _needed(meter), "till": till, "operator": operator},
        message_id,
        url,
        directory,
        as_json,
    )


@app.command("key-change")
def key_change(
    meter: OptionalMeter = "",
    message_id: MessageId = "",
    till: Till = TILL,
    operator: Operator = OPERATOR,
    url: Url = "",
    directory: Directory = DIRECTORY,
    as_json: Json = False,
    jsonl: Jsonl = False,
) -> None:
    """Issue the key-change tokens that a meter waits for, or once more those it was given."""
    if jsonl:
        answer_orders(url, directory, Lines("key-changes", {"till": till, "operator": operator}, ORDER_FIELDS))
        return
    _order(
        "key-changes",
        {"meter": _needed(meter), "till": till, "operator": operator},
        message_id,
        url,
        directory,
        as_json,
    )


@app.command()
def reprint(
    number: Number,
    operator: Operator = OPERATOR,
    url: Url = "",
    directory: Directory = DIRECTORY,
    as_json: Json = False,
) -> None:
    """Print the same receipt once more; copies are counted."""
    with connected(url, directory) as connection:
        receipt_or_json(connection, connection.ask("POST", f"sales/{number}/reprint", {"operator": operator}), as_json)


@app.command()
def reverse(
    number: Number,
    reason: Annotated[str, typer.Option(help="Why.")],
    operator: Operator = OPERATOR,
    url: Url = "",
    directory: Directory = DIRECTORY,
    as_json: Json = False,
) -> None:
    """Take a sale back. One whose token a meter may have used is taken back by supervisors only."""
    with connected(url, directory) as connection:
        body = {"operator": operator, "reason": reason}
        show(connection.ask("POST", f"sales/{number}/reversal", body), as_json, sale_text)


@app.command()
def receipt(
    number: Number,
    pdf: Annotated[Path | None, typer.Option("--pdf", help="Write it as PDF to this file instead.")] = None,
    url: Url = "",
    directory: Directory = DIRECTORY,
) -> None:
    """Print a receipt, the digits in fours. Unlike `reprint` this leaves no trace."""
    with connected(url, directory) as connection:
        octets = connection.ask("GET", f"sales/{number}/receipt", format="text" if pdf is None else "pdf")
    if pdf is None:
        typer.echo(octets.decode("utf-8").rstrip("\n"))
    else:
        pdf.write_bytes(octets)
        typer.echo(f"{pdf} written")


@app.command()
def sales(
    meter: Annotated[str, typer.Option(help="Only of this meter.")] = "",
    till: Annotated[str, typer.Option(help="Only of this till.")] = "",
    state: Annotated[str, typer.Option(help="Only those pending, posted, void or reversed.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 20,
    url: Url = "",
    directory: Directory = DIRECTORY,
    as_json: Json = False,
) -> None:
    """List sales, the newest first."""
    with connected(url, directory) as connection:
        found = connection.ask("GET", "sales", meter=meter, till=till, state=state, limit=limit)
    show(found, as_json, lambda listed: "\n".join(map(sale_text, listed)) or "no sales")


def _order(path: str, body: dict[str, Any], message_id: str, url: str, directory: Path, as_json: bool) -> None:
    """Send an order. When it fails, its message id is told, so that it can be sent again."""
    key = order_id(message_id)
    with connected(url, directory) as connection:
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


def quote_text(answer: Any) -> str:
    """A quote for people."""
    breakdown, digits, currency = answer["breakdown"], answer["minor_digits"], answer["currency"]
    rows = [(f"{answer['customer']}, account {answer['account']}", ""), (f"tariff {answer['tariff']}", "")]
    unit = UNIT_OF_SERVICE[answer.get("service", "electricity")]
    for line in breakdown["lines"]:
        units = f": {Decimal(line['units_tenths']) / 10} {unit} at {line['price']}" if line["units_tenths"] else ""
        described = f" ({line['description']})" if line.get("description") else ""
        rows.append((f"  {line['name']}{described}{units}", money_text(line["amount_minor"], digits).rjust(12)))
    rows.append(("to pay", f"{money_text(breakdown['tendered_minor'], digits):>12} {currency}"))
    rows.append(("credit", f"{credited(answer):>12}"))
    if answer["key_change"]:
        rows.append(("key-change tokens come with it", ""))
    return table_text(rows)


def sale_text(answer: Any) -> str:
    """A sale in one line."""
    sale = answer["sale"]
    money = money_text(sale["tendered_minor"], sale["minor_digits"])
    tokens = "  ".join(answer["tokens_in_fours"]) or "no token"
    return f"{answer['receipt_number']}  {sale['state']:<8}  {sale['meter']}  {money:>10} {sale['currency']}  {credited(sale):>10}  {tokens}"
