"""What vending answers, as `ferraris vend` shows it: as text for people, as fields for lines of JSON.

Amounts and units are written as vending itself writes them, by functions that are loaded when there is something to show.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any


def fields_of(answer: Any) -> dict[str, Any]:
    """What a line's answer tells: of a sale the token, or the tokens, and what it came to; else all of it."""
    if not isinstance(answer, dict) or "sale" not in answer:
        return answer if isinstance(answer, dict) else {"answer": answer}
    from ferraris.vending import tenths_text

    sale = answer["sale"]
    digits = [token["digits"] for token in sale["tokens"]]
    tokens: dict[str, Any] = {"token": digits[0]} if len(digits) == 1 else {"tokens": digits}
    return {
        **tokens,
        "receipt_number": answer["receipt_number"],
        "message_id": sale["message_id"],
        "state": sale["state"],
        "amount": money(sale["tendered_minor"], sale["minor_digits"]),
        "units": tenths_text(sale["units_tenths"]),
        **_money_credit(sale),
    }


def _money_credit(sale: dict[str, Any]) -> dict[str, str]:
    """What a meter that counts money is credited with; nothing for one that counts units."""
    from ferraris.vending import credit_minor

    carried = (sale.get("breakdown") or {}).get("credit_money")
    digits = sale["minor_digits"]
    return {"credit": money(credit_minor(carried, digits), digits)} if carried else {}


def credited(sold: dict[str, Any]) -> str:
    """What a sale or quote brings to the meter."""
    from ferraris.vending import credit_text

    breakdown = sold.get("breakdown") or {}
    tenths = sold.get("units_tenths", breakdown.get("units_tenths")) or 0
    carried = breakdown.get("credit_money") or 0
    return credit_text(tenths, carried, sold.get("service") or "electricity", sold["currency"], sold["minor_digits"])


def money(minor: int, digits: int) -> str:
    """An amount in minor units, in the base currency."""
    from ferraris.vending import money_text

    return money_text(minor, digits)


def table_text(rows: Sequence[tuple[str, ...]]) -> str:
    """Columns of text, each as wide as its widest cell."""
    if not rows:
        return ""
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def quote_text(answer: Any) -> str:
    """A quote for people."""
    from ferraris.vending import UNIT_OF_SERVICE

    breakdown, digits, currency = answer["breakdown"], answer["minor_digits"], answer["currency"]
    rows = [(f"{answer['customer']}, account {answer['account']}", ""), (f"tariff {answer['tariff']}", "")]
    unit = UNIT_OF_SERVICE[answer.get("service") or "electricity"]
    for line in breakdown["lines"]:
        units = f": {Decimal(line['units_tenths']) / 10} {unit} at {line['price']}" if line["units_tenths"] else ""
        described = f" ({line['description']})" if line.get("description") else ""
        rows.append((f"  {line['name']}{described}{units}", money(line["amount_minor"], digits).rjust(12)))
    rows.append(("to pay", f"{money(breakdown['tendered_minor'], digits):>12} {currency}"))
    rows.append(("credit", f"{credited(answer):>12}"))
    if answer["key_change"]:
        rows.append(("key-change tokens come with it", ""))
    return table_text(rows)


def sale_text(answer: Any) -> str:
    """A sale in one line."""
    sale = answer["sale"]
    paid = money(sale["tendered_minor"], sale["minor_digits"])
    tokens = "  ".join(answer["tokens_in_fours"]) or "no token"
    return f"{answer['receipt_number']}  {sale['state']:<8}  {sale['meter']}  {paid:>10} {sale['currency']}  {credited(sale):>10}  {tokens}"


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
    rows += [("debt", _debt(debt)) for debt in answer["debts"]]
    return table_text(rows)


def debts_text(debts: Any) -> str:
    """What an account owes."""
    return "\n".join(map(_debt, debts))


def _debt(debt: Any) -> str:
    return f"{debt['name']}: {debt['remaining_minor']} minor units, {debt['percent']} %"


def after_reversal(answer: Any) -> str:
    """What is to be done about a sale that was taken back though its token credits the meter; nothing where it does not."""
    sale = answer["sale"]
    if sale.get("delivery") not in ("sent", "typed", "accepted"):
        return ""
    took = "took" if sale["delivery"] == "accepted" else "may have taken"
    told = f"The money goes back, and the meter {took} the token: {credited(sale)}."
    if not sale["tendered_minor"]:
        return told
    owed = money(sale["tendered_minor"], sale["minor_digits"])
    account = shlex.quote(sale.get("account") or "ACCOUNT")
    return f"{told} If it is owed: ferraris vend debt reversal-{sale['number']} --account {account} --amount {owed} --percent 50"


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
        *_credits(totals["credits"], digits),
        ("float", money(totals["float_minor"], digits)),
    ]
    rows += [(one["payment"], money(one["taken_minor"] - one["returned_minor"], digits)) for one in totals["payments"]]
    rows += [
        ("deposited", money(totals["deposited_minor"], digits)),
        ("should be in the drawer", money(totals["expected_cash_minor"], digits)),
    ]
    if totals.get("counted_minor") is not None:
        rows += [
            ("counted", money(totals["counted_minor"], digits)),
            ("difference", money(totals["counted_minor"] - totals["expected_cash_minor"], digits)),
        ]
    return table_text(rows)


def _credits(sold: Any, digits: int) -> Iterator[tuple[str, str]]:
    """What was sold of each service, as units and as credit in money."""
    from ferraris.vending import credit_minor, tenths_text

    for one in sold:
        if one["units_tenths"]:
            yield one["service"], f"{tenths_text(one['units_tenths'])} {one['unit']}"
        if one["credit_money"]:
            yield f"{one['service']} in money", money(credit_minor(one["credit_money"], digits), digits)


def campaign_text(answer: Any) -> str:
    """A campaign, meter by meter."""
    counts = "  ".join(f"{name} {count}" for name, count in answer["counts"].items())
    rows = [(one["meter"], one["state"], one["proof"] or "not entered") for one in answer["progress"]["meters"]]
    return f"{counts}{'  complete' if answer['complete'] else ''}\n{table_text(rows)}"
