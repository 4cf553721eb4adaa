"""The ledger: two-phase, double-entry, and every entry carries the hash of the one before it.

A *pending* entry says what is to happen; a *post* or a *void* ends it, once. A *direct* entry takes effect at once (a deposit, a
reversal, a debt). The postings of an entry add up to zero: debits above, credits below. An account's balance is the sum of its
posted postings and nothing that is kept beside them.

The hash of an entry goes over all its fields, its postings and the digest of what it is about (the order with its tokens), and
over the hash of its predecessor. Whoever alters or removes a row must therefore rewrite all that follows; the hash of the
newest entry, noted elsewhere (shift totals print it), shows even that.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from operator import attrgetter

from ferraris.store import EntryRow, PostingRow, SaleFilter, SaleRow, SoldTokenRow, VendingReader, VendingWriter
from ferraris.vending.errors import LedgerError

GENESIS = "0" * 64
_PAGE = 2_000
_CHUNK = 500
_ORDERED = (
    "message_id digest kind till operator approver shift meter account month payment currency tendered_minor units_tenths "
    "fixed_minor tariff breakdown detail configuration created_ms"
)
_of_order = attrgetter(*_ORDERED.split())
_of_plan = attrgetter(*"position meter kind configuration base_date token_identifier random value".split())
_REVERSAL = "reversal of "
_JSON = json.JSONEncoder(separators=(",", ":"))


class EntryKind(StrEnum):
    """What an entry does."""

    PENDING = "pending"
    POST = "post"
    VOID = "void"
    DIRECT = "direct"


@dataclass(frozen=True, slots=True)
class Posting:
    """One account's part: debit above zero, credit below."""

    account: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class ChainState:
    """How far the ledger reaches: the number of its entries and the newest hash."""

    entries: int
    hash: str
    pending: int = 0
    """Entries that wait for their end."""


@dataclass(frozen=True, slots=True)
class NewEntry:
    """An entry before it has its place in the chain."""

    kind: EntryKind
    subject: str
    postings: Sequence[Posting] = ()
    digest: str = ""
    pending: int | None = None


def append(writer: VendingWriter, at_ms: int, currency: str, entries: Sequence[NewEntry]) -> list[EntryRow]:
    """Write the next entries of the chain. LedgerError, and nothing written, when one does not add up to zero."""
    head = writer.ledger_head()
    number, previous = (head.number, head.hash) if head else (0, GENESIS)
    rows: list[EntryRow] = []
    postings: list[PostingRow] = []
    for new in entries:
        if sum(posting.amount_minor for posting in new.postings):
            raise LedgerError(f"{new.subject}: an entry adds up to zero")
        number += 1
        kind = new.kind.value
        own = _entry_hash(
            previous, number, kind, at_ms, new.subject, new.pending, currency, new.digest, postings=new.postings
        )
        row = EntryRow(
            number=number,
            kind=kind,
            at_ms=at_ms,
            subject=new.subject,
            pending=new.pending,
            currency=currency,
            digest=new.digest,
            previous_hash=previous,
            hash=own,
        )
        rows.append(row)
        previous = own
        postings += [
            PostingRow(entry=number, position=place, account=one.account, amount_minor=one.amount_minor)
            for place, one in enumerate(new.postings, start=1)
        ]
    writer.add(rows)
    writer.add(postings)
    return rows


def next_number(reader: VendingReader) -> int:
    """The number that the next entry will have, inside the transaction that writes it."""
    head = reader.ledger_head()
    return head.number + 1 if head else 1


def hash_of(entry: EntryRow, postings: Iterable[Posting]) -> str:
    """The hash of an entry: of everything in it but the hash itself."""
    return _entry_hash(
        entry.previous_hash,
        entry.number,
        entry.kind,
        entry.at_ms,
        entry.subject,
        entry.pending,
        entry.currency,
        entry.digest,
        postings=postings,
    )


def _entry_hash(*fields: str | int | None, postings: Iterable[Posting]) -> str:
    return _hash([*fields, [[one.account, one.amount_minor] for one in postings]])


def order_digest(sale: SaleRow, tokens: Iterable[SoldTokenRow]) -> str:
    """What a pending entry says of the order: everything that was decided before the security module was asked."""
    return _hash([_of_order(sale), [_of_plan(token) for token in tokens]])


def digits_digest(digits: Iterable[str | None]) -> str:
    """What a post says of the tokens that were issued."""
    return _hash(list(digits))


def verify_chain(reader: VendingReader) -> ChainState:
    """Reckon the whole ledger again, with the orders and tokens that it is about. LedgerError names the first fault."""
    state = ChainState(0, GENESIS)
    waiting: dict[int, EntryRow] = {}
    direct: set[str] = set()
    while entries := reader.entries(state.entries, _PAGE):
        last = entries[-1].number
        postings: dict[int, list[Posting]] = {}
        for row in reader.postings(state.entries, last):
            postings.setdefault(row.entry, []).append(Posting(row.account, row.amount_minor))
        orders = _Orders(reader, sorted({entry.pending or entry.number for entry in entries}))
        for entry in entries:
            _check_entry(entry, state, postings.pop(entry.number, []))
            _check_phase(entry, waiting, orders)
            if entry.kind == EntryKind.DIRECT:
                direct.add(entry.subject)
            state = ChainState(entry.number, entry.hash)
        if postings:
            raise LedgerError("a posting of no entry", got=min(postings))
    _check_tail(reader, state, waiting)
    _check_reversals(reader, direct)
    return ChainState(state.entries, state.hash, len(waiting))


class _Orders:
    """The orders, and their tokens, that a page of entries is about."""

    def __init__(self, reader: VendingReader, numbers: Sequence[int]) -> None:
        self.sales: dict[int, SaleRow] = {}
        self.tokens: dict[int, list[SoldTokenRow]] = {}
        for start in range(0, len(numbers), _CHUNK):
            chunk = numbers[start : start + _CHUNK]
            self.sales |= {sale.number: sale for sale in reader.numbered_sales(chunk)}
            for token in reader.tokens(chunk):
                self.tokens.setdefault(token.sale, []).append(token)


def _check_entry(entry: EntryRow, before: ChainState, postings: list[Posting]) -> None:
    if entry.number != before.entries + 1:
        raise LedgerError("entries are missing", expected=f"entry {before.entries + 1}", got=entry.number)
    if entry.previous_hash != before.hash:
        raise LedgerError(f"entry {entry.number} does not follow its predecessor")
    if entry.hash != hash_of(entry, postings):
        raise LedgerError(f"entry {entry.number} was altered")
    if sum(posting.amount_minor for posting in postings):
        raise LedgerError(f"entry {entry.number} does not add up to zero")


def _check_phase(entry: EntryRow, waiting: dict[int, EntryRow], orders: _Orders) -> None:
    """A pending entry is about an order that is as it says; its end comes once, and the order's state is that end."""
    if entry.kind == EntryKind.PENDING:
        sale = orders.sales.get(entry.number)
        if sale is None or order_digest(sale, orders.tokens.get(entry.number, [])) != entry.digest:
            raise LedgerError(f"the order of entry {entry.number} was altered or removed")
        waiting[entry.number] = entry
    elif entry.kind in (EntryKind.POST, EntryKind.VOID):
        if entry.pending is None or waiting.pop(entry.pending, None) is None:
            raise LedgerError(f"entry {entry.number} ends nothing that is pending", got=entry.pending)
        sale = orders.sales.get(entry.pending)
        if sale is None:
            raise LedgerError(f"the order of entry {entry.pending} was removed")
        fitting = ("posted", "reversed") if entry.kind == EntryKind.POST else ("void",)
        if sale.state not in fitting:
            raise LedgerError(
                f"order {sale.number}: its state was altered", expected=" or ".join(fitting), got=sale.state
            )
        digits = [token.digits for token in orders.tokens.get(entry.pending, [])]
        if entry.kind == EntryKind.POST and digits_digest(digits) != entry.digest:
            raise LedgerError(f"the tokens of order {sale.number} were altered")
        if entry.kind == EntryKind.VOID and any(digits):
            raise LedgerError(f"order {sale.number} was voided and has tokens")


def _check_tail(reader: VendingReader, state: ChainState, waiting: dict[int, EntryRow]) -> None:
    """Nothing is left beyond the last entry, and what is pending in the ledger is what is pending at the tills."""
    beyond = reader.sales(SaleFilter(above=state.entries, limit=1))
    if beyond or reader.postings(state.entries, 2**62):
        raise LedgerError("entries at the end are missing", expected=f"nothing after entry {state.entries}")
    pending = {sale.number for sale in reader.sales(SaleFilter(states=("pending",)))}
    if pending != set(waiting):
        odd = min(pending ^ set(waiting))
        raise LedgerError(f"order {odd}: its state was altered, or its end is missing")
    for number, tokens in _Orders(reader, sorted(pending)).tokens.items():
        if any(token.digits for token in tokens):
            raise LedgerError(f"order {number} is pending and has tokens")


def _check_reversals(reader: VendingReader, direct: set[str]) -> None:
    """The orders that were taken back are those whose money went back."""
    reversed_orders = {reversal_of(sale.message_id) for sale in reader.sales(SaleFilter(states=("reversed",)))}
    odd = reversed_orders ^ {subject for subject in direct if subject.startswith(_REVERSAL)}
    if odd:
        raise LedgerError(f"{min(odd)}: the state of the order was altered, or its counter-entry is missing")


def reversal_of(message_id: str) -> str:
    """What the counter-entry of an order is about."""
    return f"{_REVERSAL}{message_id}"


def _hash(content: object) -> str:
    return hashlib.sha256(_JSON.encode(content).encode()).hexdigest()
