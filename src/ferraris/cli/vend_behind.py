"""What `ferraris vend` does behind the till: meters, engineering tokens, shifts, key-change campaigns."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from ferraris.cli.option_groups import with_option_groups
from ferraris.cli.vend_connection import VendingConnection, named
from ferraris.cli.vend_options import (
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
    Till,
    answer_orders,
    order_id,
    receipt_or_json,
    show,
    show_notice,
)
from ferraris.cli.vend_text import campaign_text, debts_text, meter_text, table_text, totals_text, waiting_text
from ferraris.kernel.errors import ConfigError

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
Engineering = Literal[
    "clear_credit",
    "clear_tamper",
    "power_limit",
    "phase_unbalance",
    "tariff_rate",
    "water_factor",
    "extended_set",
    "meter_test",
]
"""The same as `EngineeringKind` of vending, which is too heavy to be loaded for a list of words."""
Name = Annotated[str, typer.Argument(help="The campaign's name.")]


def add_to(app: typer.Typer) -> None:
    """Give `ferraris vend` the commands of this module."""
    app.add_typer(meter_app, name="meter")
    app.add_typer(shift_app, name="shift")
    app.add_typer(campaign_app, name="campaign")
    app.command()(debt)
    app.command()(engineering)
    app.command()(approve)
    app.command()(refuse)
    app.command()(explain)


# Meters


@meter_app.command("add")
@with_option_groups
def add(
    meter: OptionalMeter = "",
    account: Annotated[str, typer.Option(help="The account it buys for.")] = "",
    customer: Annotated[str, typer.Option(help="The customer's number; that of the account if not given.")] = "",
    name: Annotated[str, typer.Option(help="The customer's name.")] = "",
    tariff: Annotated[str, typer.Option(help="The name of the account's tariff.")] = "flat",
    supply_group: Annotated[str, typer.Option("--sgc", help="Supply group code, six digits.")] = "",
    key_revision: Annotated[int, typer.Option("--krn", help="Key revision number, 1 to 9.")] = 1,
    tariff_index: Annotated[int, typer.Option("--ti", help="Tariff index, 0 to 99.")] = 1,
    algorithm: Annotated[str, typer.Option("--ea", help="Encryption algorithm: 07 or 11.")] = "07",
    base_date: Annotated[str, typer.Option(help="Base date: 1993, 2014 or 2035.")] = "2014",
    *,
    operator: Operator = NAME,
    place: Place,
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
        answer_orders(place, lines, meter=meter, account=account, customer=customer, name=name)
        return
    if not (meter and account and supply_group):
        raise ConfigError(MISSING)
    given = {"meter": meter, "account": account, "customer": customer or account, "customer_name": name}
    answer = place.ask("POST", "meters", registration({**defaults, **given}, operator))
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
    from ferraris.sts import BaseDate

    for base_date in BaseDate:
        if text in {base_date.code, str(base_date.year)}:
            return base_date.value
    raise ConfigError("no such base date", expected="1993, 2014 or 2035", got=text[:20])


@meter_app.command("show")
@with_option_groups
def show_meter(meter: Meter, *, place: Place, as_json: Json = False) -> None:
    """Show a meter: customer, account, configuration and its history, debts."""
    show(place.ask("GET", f"meters/{named(meter)}"), as_json, meter_text)


@meter_app.command("find")
@with_option_groups
def find(
    sought: Annotated[str, typer.Argument(help="A part of a number, an account or a customer's name.")],
    *,
    place: Place,
    as_json: Json = False,
) -> None:
    """Find meters as a till does."""
    found = place.ask("GET", "meters", search=sought)
    show(
        found,
        as_json,
        lambda rows: (
            table_text([(one["meter"], one["account"], one["customer_name"], one["blocked"]) for one in rows])
            or "none found"
        ),
    )


@with_option_groups
def debt(
    number: Annotated[str, typer.Argument(help="The debt's number, of your choice: no other debt has it.")],
    account: Annotated[str, typer.Option(help="Which account owes it.")],
    amount: Annotated[str, typer.Option("--amount", "-a", help="How much is owed, such as 100 or 19.50.")],
    percent: Annotated[str, typer.Option(help="The share of each purchase that goes to it.")] = "0",
    minimum: Annotated[str, typer.Option(help="What of each purchase goes to it at least.")] = "0",
    name: Annotated[str, typer.Option(help="As receipts name it; its number if not given.")] = "",
    operator: Operator = NAME,
    *,
    place: Place,
    as_json: Json = False,
) -> None:
    """Open a debt that an account's purchases pay off, such as for a token that a meter took although its sale was taken back."""
    body = {
        "account": account, "name": name or number, "amount": amount, "percent": percent, "minimum": minimum,
        "operator": operator,
    }  # fmt: skip
    answer = place.ask("POST", f"debts/{named(number)}", body)
    show(answer, as_json, lambda debts: f"account {account} pays off:\n{debts_text(debts)}")


# Engineering tokens


@with_option_groups
def engineering(
    meter: Meter,
    kind: Annotated[Engineering, typer.Argument(help="What the token does.")],
    reason: Annotated[str, typer.Option(help="Why it is needed, for the record.")],
    value: Annotated[
        int, typer.Option(min=0, help="The register to clear, the limit in W, or a test's control bits.")
    ] = 0,
    message_id: MessageId = "",
    *,
    clerk: Clerk,
    place: Place,
    as_json: Json = False,
) -> None:
    """Ask for an engineering token. Somebody else approves it with `ferraris vend approve`."""
    body = {
        "meter": meter, "kind": kind, "value": value, "reason": reason, **clerk.fields,
        "message_id": order_id(message_id),
    }  # fmt: skip
    answer = place.ask("POST", "engineering", body)
    show(
        answer,
        as_json,
        lambda row: f"waits for approval: ferraris vend approve {row['message_id']} --operator SOMEBODY-ELSE",
    )


@with_option_groups
def approve(
    message_id: Annotated[
        str, typer.Argument(help="The request's message id; without it, those that wait are listed.")
    ] = "",
    *,
    operator: Operator = NAME,
    place: Place,
    as_json: Json = False,
) -> None:
    """Approve somebody else's engineering token and print it, or list what waits."""
    with place.connected() as connection:
        if not message_id:
            show(connection.ask("GET", "engineering"), as_json, waiting_text)
            return
        body = {"message_id": message_id, "operator": operator}
        receipt_or_json(connection, connection.ask("POST", "engineering/approve", body), as_json)


@with_option_groups
def refuse(
    message_id: Annotated[str, typer.Argument(help="The request's message id, as `approve` lists it.")],
    *,
    operator: Operator = NAME,
    place: Place,
) -> None:
    """Refuse somebody else's engineering token."""
    place.ask("POST", "engineering/refuse", {"message_id": message_id, "operator": operator})
    typer.echo("refused")


@with_option_groups
def explain(
    meter: Meter,
    token: Annotated[str, typer.Argument(help="The digits as they were typed.")],
    *,
    place: Place,
    as_json: Json = False,
) -> None:
    """Say why a meter may have refused a token, as far as the record of sales tells."""
    show(place.ask("POST", "explain", {"meter": meter, "token": token}), as_json, lambda told: str(told["text"]))


# Shifts


@shift_app.command("open")
@with_option_groups
def open_shift(
    drawer: Annotated[str, typer.Option("--float", help="Money in the drawer to begin with.")] = "0",
    *,
    clerk: Clerk,
    place: Place,
) -> None:
    """Open the till's shift."""
    row = place.ask("POST", "shifts", {**clerk.fields, "float_amount": drawer})
    typer.echo(f"shift {row['number']} of {row['operator']} at {row['till']} is open")


@shift_app.command("close")
@with_option_groups
def close_shift(
    counted: Annotated[str, typer.Argument(help="Money counted in the drawer.")],
    *,
    clerk: Clerk,
    place: Place,
    as_json: Json = False,
) -> None:
    """Close the till's shift with what was counted."""
    with place.connected() as connection:
        body = {**clerk.fields, "counted": counted}
        _show_totals(connection, connection.ask("POST", "shifts/close", body), as_json)


@shift_app.command("totals")
@with_option_groups
def totals(
    number: Annotated[
        int, typer.Argument(help="The shift's number; without it, the till's newest.", show_default=False)
    ] = 0,
    *,
    till: Till = NAME,
    place: Place,
    as_json: Json = False,
) -> None:
    """Show what a shift has taken, and what should be in the drawer."""
    with place.connected() as connection:
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
@with_option_groups
def deposit(
    amount: Annotated[str, typer.Argument(help="Money brought to the bank.")],
    reference: Annotated[str, typer.Option(help="The number of the bank's slip.")],
    message_id: MessageId = "",
    *,
    clerk: Clerk,
    place: Place,
) -> None:
    """Record money that goes from the till to the bank."""
    body = {**clerk.fields, "amount": amount, "reference": reference, "message_id": order_id(message_id)}
    place.ask("POST", "deposits", body)
    typer.echo("the deposit is on record")


# Campaigns


@campaign_app.command("start")
@with_option_groups
def start_campaign(
    name: Name,
    meter: Annotated[list[str] | None, typer.Option(help="Only this meter; again for each. Without it, all.")] = None,
    supply_group: Annotated[str, typer.Option("--sgc", help="New supply group code.")] = "",
    key_revision: Annotated[int | None, typer.Option("--krn", help="New key revision number.")] = None,
    tariff_index: Annotated[int | None, typer.Option("--ti", help="New tariff index.")] = None,
    base_date: Annotated[str, typer.Option(help="New base date: 1993, 2014 or 2035.")] = "",
    *,
    operator: Operator = NAME,
    place: Place,
) -> None:
    """Want new keys for meters: each one's next purchase brings them, or `issue` does at once."""
    goal = {
        "supply_group_code": supply_group or None, "key_revision_number": key_revision, "tariff_index": tariff_index,
        "base_date": base_date_of(base_date) if base_date else None,
    }  # fmt: skip
    answer = place.ask("POST", "campaigns", {"name": name, "operator": operator, "meters": meter, **goal})
    count = answer["meters"]
    typer.echo(f"{count} meter{'' if count == 1 else 's'} to change")
    for number, why in answer["left_out"]:
        typer.echo(f"left out: {number}: {why}")


@campaign_app.command("show")
@with_option_groups
def show_campaign(name: Name, *, place: Place, as_json: Json = False) -> None:
    """Show how far each meter is, with the proof of those that are through."""
    show(place.ask("GET", f"campaigns/{named(name)}"), as_json, campaign_text)


@campaign_app.command("issue")
@with_option_groups
def issue_campaign(name: Name, *, clerk: Clerk, place: Place, as_json: Json = False) -> None:
    """Issue the tokens of all meters that wait for them."""
    sales = place.ask("POST", f"campaigns/{named(name)}/issue", clerk.fields)
    show(
        sales,
        as_json,
        lambda listed: (
            "\n".join(f"{one['sale']['meter']}  {'  '.join(one['tokens_in_fours'])}" for one in listed) or "none waits"
        ),
    )


@campaign_app.command("close")
@with_option_groups
def close_campaign(name: Name, *, operator: Operator = NAME, place: Place) -> None:
    """Close a campaign whose meters have all entered their tokens."""
    place.ask("POST", f"campaigns/{named(name)}/close", {"operator": operator})
    typer.echo(f"campaign {name} is closed")
