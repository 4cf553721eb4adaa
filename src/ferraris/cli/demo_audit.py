"""The audit of the demo's prepaid meters: what vending's store says was sold, against what the meters' memory says was taken.

`settled` may be asked while everything runs; `audited` is asked when all processes have ended, and reads what is on the disk.
"""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from ferraris.cli.demo_vending import is_hybrid
from ferraris.cli.vending_place import opened_vending
from ferraris.kernel.clock import Clock
from ferraris.kernel.errors import StoreError
from ferraris.meter import EventCode, decoder_reference_number, payment_file, read_events
from ferraris.meter.committed_rows import CommittedRows
from ferraris.meter.memory import DIRECTORY, FleetMemory
from ferraris.simulation import Households, SoldTokens, TakenTokens, audit_prepayment
from ferraris.store import VENDING_FILE, SaleFilter, open_vending_store
from ferraris.vending import Delivery, LedgerError, SaleState

MILLION: Final = 1_000_000
SOLD: Final = (SaleState.POSTED.value,)
REVERSED: Final = SaleFilter(states=(SaleState.REVERSED.value,), deliveries=(Delivery.ACCEPTED.value,))
"""Sales that were reversed when the meter had taken their tokens, or before it did."""


@dataclass(frozen=True, slots=True)
class PrepaidPlaces:
    """Where a street keeps what is audited."""

    meters: Path
    head_end: Path
    count: int
    """Of all meters of the street."""
    prepaid: int


def settled(places: PrepaidPlaces, households: Households) -> bool:
    """Whether every token that was sold is in its meter, and vending knows of all that the head-end brings."""
    if not places.prepaid:
        return True
    try:
        return households.quiet and not audit_prepayment(_sold(places), _taken(places)).findings and not _open(places)
    except StoreError:
        return False


def audited(places: PrepaidPlaces, clock: Clock, households: Households) -> dict[str, Any]:
    """What the demo's summary says of prepayment."""
    audit = audit_prepayment(_sold(places), _taken(places))
    findings = [*audit.findings, *households.problems]
    balanced = True
    with opened_vending(places.head_end, clock) as vending:
        try:
            if vending.verify_ledger().pending:
                findings.append("orders are pending in the ledger")
        except LedgerError as error:
            findings.append(str(error))
            balanced = False
        balanced = balanced and sum(vending.balances().values()) == 0
        accepted = len(vending.sales(SaleFilter(states=SOLD, deliveries=(Delivery.ACCEPTED.value,))))
        accepted += len(audit.paid_back)
    switched = _switchings(places)
    return {
        "prepaid_meters": places.prepaid,
        "tokens_sold": audit.tokens_sold,
        "tokens_accepted": audit.tokens_accepted,
        "tokens_refused": audit.tokens_refused,
        "units_sold_kwh": _kwh(audit.units_sold_tenths * 100),
        "units_credited_kwh": _kwh(audit.units_credited_wh),
        "disconnections_on_credit": switched[EventCode.CREDIT_EXHAUSTED],
        "reconnections_on_credit": switched[EventCode.CREDIT_RESTORED],
        "delivered_remotely": accepted,
        "typed": audit.tokens_accepted - accepted,
        "taken_after_reversal": len(audit.paid_back),
        "ledger_balanced": balanced,
        "audit_findings": findings,
    }


def _sold(places: PrepaidPlaces) -> list[SoldTokens]:
    path = places.head_end / VENDING_FILE
    if not path.exists():
        raise StoreError(f"{path} is not there yet")
    with closing(open_vending_store(path)) as store, store.reading() as reader:
        rows = reader.sales(SaleFilter(states=SOLD)) + reader.sales(REVERSED)
        tokens: dict[int, list[str]] = {}
        for token in reader.tokens([row.number for row in rows]):
            tokens.setdefault(token.sale, []).append(token.digits or "")
    return [
        SoldTokens(
            str(row.number),
            row.meter,
            tuple(tokens[row.number]),
            row.units_tenths,
            reversed=row.state == SaleState.REVERSED,
        )
        for row in rows
    ]


def _open(places: PrepaidPlaces) -> bool:
    """Whether a token is still under way to a meter that the head-end can talk with."""
    with closing(open_vending_store(places.head_end / VENDING_FILE)) as store, store.reading() as reader:
        rows = reader.sales(SaleFilter(states=SOLD, deliveries=(Delivery.NONE.value, Delivery.SENT.value)))
    reached = {decoder_reference_number(number) for number in range(1, places.prepaid + 1) if is_hybrid(number)}
    return any(row.meter in reached for row in rows)


def _taken(places: PrepaidPlaces) -> dict[str, TakenTokens]:
    """Read beside the meters' own process: it alone writes, and a row that it is just writing is read as it was."""
    file = payment_file(places.meters / DIRECTORY, places.count)
    if file is None:
        raise StoreError("the meters have no memory of payments yet")
    rows = CommittedRows(file)
    accepted, refused, credited = (
        rows.column(name).tolist() for name in ("tokens_accepted", "tokens_refused", "credited")
    )
    return {
        decoder_reference_number(place + 1): TakenTokens(accepted[place], refused[place], credited[place] // MILLION)
        for place in range(places.prepaid)
    }


def _switchings(places: PrepaidPlaces) -> Counter[int]:
    """How often meters have switched for want of credit, and back, from their event logs."""
    with closing(FleetMemory(places.meters)) as memory:
        return Counter(event.code for place in range(places.prepaid) for event in read_events(memory, place))


def _kwh(energy_wh: int) -> str:
    return f"{Decimal(energy_wh) / 1000:.1f}"
