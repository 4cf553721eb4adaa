"""What `ferraris vend` does behind the till: meters, engineering tokens, shifts, key-change campaigns."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

import typer

from ferraris.cli.vend_connection import VendingConnection, connected, named
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
    order_id,
    receipt_or_json,
    show,
    show_notice,
    table_text,
)
from ferraris.kernel.errors import ConfigError
from ferraris.sts import BaseDate
from ferraris.vending import EngineeringKind, money_text

meter_app = typer.Typer(no_args_is_help=True, help="Register prepayment meters and show them.")
shift_app = typer.Typer(no_args_is_help=True, help="Open and close shifts, show their totals, record deposits.")
campaign_app = typer.Typer(no_args_is_help=True, help="Change the keys of many meters, and prove it complete.")
METER_FIELDS = frozenset(
    "meter account tariff customer customer_name contact supply_group_code key_revision_number tariff_index "
    "encryption_algorithm base_date key_expiry_number".split()
)
MISSING = (
    "a meter is registered with its number, its account and its supply group code, such as: "
    "ferraris vend meter add 01000000016 --account A-7 --sgc 600727 --name 'Ann Other'"
)
Name = Annotated[str, typer.Argument(help="The campaign's name.")]
Ea = Annotated[str, typer.Option("--ea", help="Encryption algorithm: 07 or 11.")]
BaseYear = Annotated[str, typer.Option("--base-date", help="Base date: 1993, 2014 or 2035.")]


def add_to(app: typer.Typer) -> None:
    """Give `ferraris vend` the commands of this module."""
    app.add_typer(meter_app, name="meter")
    app.add_typer(shift_app, name="shift")
    app.add_typer(campaign_app, name="campaign")
    app.command()(engineering)
    app.command()(approve)
    app.command()(refuse)
    app.command()(explain)


# Meters


@meter_app.command("add")
def add(
    meter: OptionalMeter = "",
    account: Annotated[str, typer.Option(help="The account it buys for.")] = "",
    customer: Annotated[str, typer.Option(help="The customer's number.")] = "",
    name: Annotated[str, typer.Option(help="The customer's name.")] = "",
    tariff: Annotated[str, typer.Option(help="The account's tariff.")] = "flat",
    supply_group: Annotated[str, typer.Option("--sgc", help="Supply group code, six digits.")] = "",
    key_revision: Annotated[int, typer.Option("--krn", help="Key revision number.")] = 1,
    tariff_index: Annotated[int, typer.Option("--ti", help="Tariff index.")] = 1,
    algorithm: Ea = "07",
    base_date: BaseYear = "2014",
    operator: Operator = OPERATOR,
    url: Url = "",
    directory: Directory = DIRECTORY,
    jsonl: Jsonl = False,
) -> None:
    """Register a meter with its account and customer. One that is known stays as it is.

    With --jsonl each line is a meter: `meter`, `account`, `customer`, `tariff`, `supply_group_code` and what else there is.
    """
    defaults = {
        "tariff": tariff, "key_revision_number": key_revision, "tariff_index": tariff_index,
        "encryption_algorithm": algorithm, "base_date": base_date, "supply_group_code": supply_group,
    }  # fmt: skip
    if jsonl:
        lines = Lines("meters", defaults, METER_FIELDS, named=False, wrap=lambda fields: registration(fields, operator))
        answer_orders(url, directory, lines)
        return
    if not (meter and account and supply_group):
        raise ConfigError(MISSING)
    given = {"meter": meter, "account": account, "customer": customer or account, "customer_name": name}
    with connected(url, directory) as connection:
        answer = connection.ask("POST", "meters", registration({**defaults, **given}, operator))
    show_notice(answer)
    typer.echo(f"meter {meter} registered" if answer["registered"] else f"meter {meter} was registered already")


def registration(fields: dict[str, Any], operator: str) -> dict[str, Any]:
    """The request that registers one meter."""
    configuration_fields = (
        "supply_group_code key_revision_number tariff_index encryption_algorithm base_date key_expiry_number".split()
    )
    configuration = {name: fields[name] for name in configuration_fields if fields.get(name) not in (None, "")}
    if "encryption_algorithm" in configuration:
        configuration["encryption_algorithm"] = algorithm_of(str(configuration["encryption_algorithm"]))
    if "base_date" in configuration:
        configuration["base_date"] = base_date_of(str(configuration["base_date"]))
    entry = {
        name: fields[name] for name in fields if name not in configuration_fields and fields[name] not in (None, "")
    }
    entry.setdefault("customer", entry.get("account", ""))
    return {"operator": operator, "meters": [{**entry, "configuration": configuration}]}


def algorithm_of(text: str) -> int:
    """The number of an encryption algorithm: 07, 7 and EA07 are the same. Raises ConfigError."""
    digits = text.upper().removeprefix("EA")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 2):
        raise ConfigError("no such encryption algorithm", expected="07 or 11", got=text[:20])
    return int(digits)


def base_date_of(text: str) -> int:
    """The code of a base date, from its year or its code. Raises ConfigError."""
    for base_date in BaseDate:
        if text in {base_date.code, str(base_date.year)}:
            return base_date.value
    raise ConfigError("no such base date", expected="1993, 2014 or 2035", got=text[:20])


@meter_app.command("show")
def show_meter(meter: Meter, url: Url = "", directory: Directory = DIRECTORY, as_json: Json = False) -> None:
    """Show a meter: customer, account, configuration and its history, debts."""
    with connected(url, directory) as connection:
        show(connection.ask("GET", f"meters/{named(meter)}"), as_json, meter_text)


@meter_app.command("find")
def find(
    sought: Annotated[str, typer.Argument(help="A part of a number, an account or a customer's name.")],
    url: Url = "",
    directory: Directory = DIRECTORY,
    as_json: Json = False,
) -> None:
    """Find meters as a till does."""
    with connected(url, directory) as connection:
        found = connection.ask("GET", "meters", search=sought)
    show(
        found,
        as_json,
        lambda rows: (
            table_text([(one["meter"], one["account"], one["customer_name"], one["blocked"]) for one in rows])
            or "none found"
        ),
    )


# Engineering tokens


def engineering(
    meter: Meter,
    kind: Annotated[EngineeringKind, typer.Argument(help="Which token.")],
    reason: Annotated[str, typer.Option(help="Why.")],
    value: Annotated[
        int, typer.Option(min=0, help="The register to clear, the limit in W, or a test's control bits.")
    ] = 0,
    message_id: MessageId = "",
    till: Till = TILL,
    operator: Operator = OPERATOR,
    url: Url = "",
    directory: Directory = DIRECTORY,
    as_json: Json = False,
) -> None:
    """Ask for an engineering token. Somebody else approves it with `ferraris vend approve`."""
    body = {
        "meter": meter, "kind": kind.value, "value": value, "reason": reason, "till": till, "operator": operator,
        "message_id": order_id(message_id),
    }  # fmt: skip
    with connected(url, directory) as connection:
        answer = connection.ask("POST", "engineering", body)
    show(
        answer,
        as_json,
        lambda row: f"waits for approval: ferraris vend approve {row['message_id']} --operator SOMEBODY-ELSE",
    )


def approve(
    message_id: Annotated[str, typer.Argument(help="The request; without: list those that wait.")] = "",
    operator: Operator = OPERATOR,
    url: Url = "",
    directory: Directory = DIRECTORY,
    as_json: Json = False,
) -> None:
    """Approve somebody else's engineering token and print it, or list what waits."""
    with connected(url, directory) as connection:
        if not message_id:
            show(connection.ask("GET", "engineering"), as_json, waiting_text)
            return
        body = {"message_id": message_id, "operator": operator}
        receipt_or_json(connection, connection.ask("POST", "engineering/approve", body), as_json)


def refuse(
    message_id: Annotated[str, typer.Argument(help="The request.")],
    operator: Operator = OPERATOR,
    url: Url = "",
    directory: Directory = DIRECTORY,
) -> None:
    """Refuse somebody else's engineering token."""
    with connected(url, directory) as connection:
        connection.ask("POST", "engineering/refuse", {"message_id": message_id, "operator": operator})
    typer.echo("refused")


def explain(
    meter: Meter,
    token: Annotated[str, typer.Argument(help="The digits as they were typed.")],
    url: Url = "",
    directory: Directory = DIRECTORY,
    as_json: Json = False,
) -> None:
    """Say why a meter may have refused a token, as far as the record of sales tells."""
    with connected(url, directory) as connection:
        show(
            connection.ask("POST", "explain", {"meter": meter, "token": token}), as_json, lambda told: str(told["text"])
        )


# Shifts


@shift_app.command("open")
def open_shift(
    drawer: Annotated[str, typer.Option("--float", help="Money in the drawer.")] = "0",
    till: Till = TILL,
    operator: Operator = OPERATOR,
    url: Url = "",
    directory: Directory = DIRECTORY,
) -> None:
    """Open the till's shift."""
    with connected(url, directory) as connection:
        row = connection.ask("POST", "shifts", {"till": till, "operator": operator, "float_amount": drawer})
    typer.echo(f"shift {row['number']} of {row['operator']} at {row['till']} is open")


@shift_app.command("close")
def close_shift(
    counted: Annotated[str, typer.Argument(help="Money counted in the drawer.")],
    till: Till = TILL,
    operator: Operator = OPERATOR,
    url: Url = "",
    directory: Directory = DIRECTORY,
    as_json: Json = False,
) -> None:
    """Close the till's shift with what was counted."""
    with connected(url, directory) as connection:
        body = {"till": till, "operator": operator, "counted": counted}
        _show_totals(connection, connection.ask("POST", "shifts/close", body), as_json)


@shift_app.command("totals")
def totals(
    number: Annotated[int, typer.Argument(help="The shift; without: the till's newest.")] = 0,
    till: Till = TILL,
    url: Url = "",
    directory: Directory = DIRECTORY,
    as_json: Json = False,
) -> None:
    """Show what a shift has taken, and what should be in the drawer."""
    with connected(url, directory) as connection:
        if not number:
            rows = connection.ask("GET", "shifts", till=till, limit=1)
            if not rows:
                raise ConfigError(f"till {till} has had no shift")
            number = rows[0]["number"]
        _show_totals(connection, connection.ask("GET", f"shifts/{number}"), as_json)


def _show_totals(connection: VendingConnection, totals: Any, as_json: bool) -> None:
    digits = 0 if as_json else int(connection.ask("GET", "settings")["minor_digits"])
    show(totals, as_json, lambda found: totals_text(found, digits))


@shift_app.command("deposit")
def deposit(
    amount: Annotated[str, typer.Argument(help="Money brought to the bank.")],
    reference: Annotated[str, typer.Option(help="The bank's slip.")],
    message_id: MessageId = "",
    till: Till = TILL,
    operator: Operator = OPERATOR,
    url: Url = "",
    directory: Directory = DIRECTORY,
) -> None:
    """Record money that goes from the till to the bank."""
    body = {
        "till": till,
        "operator": operator,
        "amount": amount,
        "reference": reference,
        "message_id": order_id(message_id),
    }
    with connected(url, directory) as connection:
        connection.ask("POST", "deposits", body)
    typer.echo("the deposit is on record")


# Campaigns


@campaign_app.command("start")
def start_campaign(
    name: Name,
    meter: Annotated[list[str] | None, typer.Option(help="Only these meters; again for each. Without: all.")] = None,
    supply_group: Annotated[str, typer.Option("--sgc", help="New supply group code.")] = "",
    key_revision: Annotated[int | None, typer.Option("--krn", help="New key revision number.")] = None,
    tariff_index: Annotated[int | None, typer.Option("--ti", help="New tariff index.")] = None,
    base_date: Annotated[str, typer.Option(help="New base date: 1993, 2014 or 2035.")] = "",
    operator: Operator = OPERATOR,
    url: Url = "",
    directory: Directory = DIRECTORY,
) -> None:
    """Want new keys for meters: each one's next purchase brings them, or `issue` does at once."""
    goal = {
        "supply_group_code": supply_group or None, "key_revision_number": key_revision, "tariff_index": tariff_index,
        "base_date": base_date_of(base_date) if base_date else None,
    }  # fmt: skip
    with connected(url, directory) as connection:
        answer = connection.ask("POST", "campaigns", {"name": name, "operator": operator, "meters": meter, **goal})
    count = answer["meters"]
    typer.echo(f"{count} meter{'' if count == 1 else 's'} to change")
    for number, why in answer["left_out"]:
        typer.echo(f"left out: {number}: {why}")


@campaign_app.command("show")
def show_campaign(name: Name, url: Url = "", directory: Directory = DIRECTORY, as_json: Json = False) -> None:
    """Show how far each meter is, with the proof of those that are through."""
    with connected(url, directory) as connection:
        show(connection.ask("GET", f"campaigns/{named(name)}"), as_json, campaign_text)


@campaign_app.command("issue")
def issue_campaign(
    name: Name,
    till: Till = TILL,
    operator: Operator = OPERATOR,
    url: Url = "",
    directory: Directory = DIRECTORY,
    as_json: Json = False,
) -> None:
    """Issue the tokens of all meters that wait for them."""
    with connected(url, directory) as connection:
        sales = connection.ask("POST", f"campaigns/{named(name)}/issue", {"till": till, "operator": operator})
    show(
        sales,
        as_json,
        lambda listed: (
            "\n".join(f"{one['sale']['meter']}  {'  '.join(one['tokens_in_fours'])}" for one in listed) or "none waits"
        ),
    )


@campaign_app.command("close")
def close_campaign(name: Name, operator: Operator = OPERATOR, url: Url = "", directory: Directory = DIRECTORY) -> None:
    """Close a campaign whose meters have all entered their tokens."""
    with connected(url, directory) as connection:
        connection.ask("POST", f"campaigns/{named(name)}/close", {"operator": operator})
    typer.echo(f"campaign {name} is closed")


# Text


def meter_text(answer: Any) -> str:
    """A meter for people."""
    rows = [
        ("meter", answer["meter"]),
        ("customer", f"{answer['customer']['name']} ({answer['customer']['number']})"),
        ("account", f"{answer['account']['number']}, tariff {answer['account']['tariff']}"),
        ("blocked", answer["blocked"] or "no"),
    ]
    for one in answer["history"]:
        text = (
            f"SGC {one['supply_group_code']} KRN {one['key_revision_number']} TI {one['tariff_index']:02d} "
            f"EA{one['encryption_algorithm']:02d} base date {one['base_date']:02d} KEN {one['key_expiry_number']}"
        )
        rows.append((one["state"], text))
    rows += [
        ("debt", f"{debt['name']}: {debt['remaining_minor']} minor units, {debt['percent']} %")
        for debt in answer["debts"]
    ]
    return table_text(rows)


def waiting_text(rows: Any) -> str:
    """Requests that wait for a second person."""
    listed = [
        (row["message_id"], row["kind"], str(row["value"]), row["meter"], row["requested_by"], row["reason"])
        for row in rows
    ]
    return table_text(listed) or "nothing waits"


def totals_text(totals: Any, digits: int) -> str:
    """A shift's slip."""
    rows = [
        (f"shift {totals['number']}", f"{totals['operator']} at {totals['till']}"),
        ("sales", str(totals["sales"])),
        ("units", str(Decimal(totals["units_tenths"]) / 10)),
        ("float", money_text(totals["float_minor"], digits)),
    ]
    rows += [
        (one["payment"], money_text(one["taken_minor"] - one["returned_minor"], digits)) for one in totals["payments"]
    ]
    rows += [
        ("deposited", money_text(totals["deposited_minor"], digits)),
        ("should be in the drawer", money_text(totals["expected_cash_minor"], digits)),
    ]
    if totals["counted_minor"] is not None:
        rows += [
            ("counted", money_text(totals["counted_minor"], digits)),
            ("difference", money_text(totals["counted_minor"] - totals["expected_cash_minor"], digits)),
        ]
    return table_text(rows)


def campaign_text(answer: Any) -> str:
    """A campaign, meter by meter."""
    counts = "  ".join(f"{name} {count}" for name, count in answer["counts"].items())
    rows = [(one["meter"], one["state"], one["proof"] or "not entered") for one in answer["progress"]["meters"]]
    return f"{counts}{'  complete' if answer['complete'] else ''}\n{table_text(rows)}"
