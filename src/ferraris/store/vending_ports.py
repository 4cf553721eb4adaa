"""The port of the vending store: what vending may read, and what it may write in one durable transaction.

One transaction writes at a time, however many tills and processes there are: the next one waits for its turn, and then sees
all that the one before has written. That is what makes "the last token identifier plus one" safe. A transaction ends with
the commit, on the disk, or with nothing written.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from ferraris.store.vending_rows import (
    AccountRow,
    CampaignMeterRow,
    ConfigurationRow,
    CustomerRow,
    DebtRow,
    DepositRow,
    EngineeringRow,
    EntryRow,
    MonthTotals,
    PostingRow,
    SaleRow,
    ShiftRow,
    SoldTokenRow,
    VendingAuditRow,
    VendingCampaignRow,
    VendingMeterRow,
)

VendingRow = (
    CustomerRow
    | AccountRow
    | DebtRow
    | VendingMeterRow
    | ConfigurationRow
    | SaleRow
    | SoldTokenRow
    | EntryRow
    | PostingRow
    | ShiftRow
    | DepositRow
    | EngineeringRow
    | VendingCampaignRow
    | CampaignMeterRow
    | VendingAuditRow
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleFilter:
    """Which sales: all that fit every field given. `states`, `kinds` and `deliveries` empty: any."""

    meter: str | None = None
    account: str | None = None
    till: str | None = None
    operator: str | None = None
    shift: int | None = None
    states: Collection[str] = ()
    kinds: Collection[str] = ()
    deliveries: Collection[str] = ()
    from_ms: int | None = None
    until_ms: int | None = None
    below: int | None = None
    """Only sales with a smaller number: the page after the one that ended there."""
    above: int | None = None
    limit: int | None = None


class Registered(NamedTuple):
    """A meter, the account that it belongs to, and the history of its configurations, the first first."""

    meter: VendingMeterRow
    account: AccountRow
    history: list[ConfigurationRow]


class VendingReader(Protocol):
    """Reads that all see one state of the store."""

    # Who buys, and what is registered
    def customer(self, number: str) -> CustomerRow | None: ...
    def account(self, number: str) -> AccountRow | None: ...
    def debts(self, account: str) -> list[DebtRow]:
        """By priority."""
        ...

    def meter(self, decoder_reference_number: str) -> VendingMeterRow | None: ...
    def registered(self, decoder_reference_numbers: Sequence[str]) -> dict[str, Registered]:
        """Those of the meters that there are."""
        ...

    def search_meters(self, text: str, limit: int) -> list[VendingMeterRow]:
        """Meters whose number, account, or customer's name or number begins with or contains the text."""
        ...

    def meters(self, after: str = "", limit: int | None = None) -> list[VendingMeterRow]: ...
    def configurations(self, meter: str) -> list[ConfigurationRow]:
        """The meter's history, the first first."""
        ...

    def newest_configurations(self, states: Collection[str]) -> list[ConfigurationRow]:
        """Of each meter the newest configuration in one of these states, by meter."""
        ...

    # Sales
    def sale(self, number: int) -> SaleRow | None: ...
    def sale_by_message(self, message_id: str) -> SaleRow | None: ...
    def sales_by_messages(self, message_ids: Sequence[str]) -> list[SaleRow]: ...
    def sales(self, wanted: SaleFilter) -> list[SaleRow]:
        """The newest first."""
        ...

    def numbered_sales(self, numbers: Sequence[int]) -> list[SaleRow]:
        """The sales of these numbers, by number."""
        ...

    def sale_states(self, numbers: Sequence[int]) -> dict[int, str]:
        """The state of each of these sales that there is."""
        ...

    def tokens(self, sales: Sequence[int]) -> list[SoldTokenRow]:
        """By sale and position."""
        ...

    def month_totals(self, account: str, month: int) -> MonthTotals:
        """Of sales that are pending or posted."""
        ...

    def last_purchase_month(self, account: str, before: int) -> int | None:
        """The latest month before that one with a credit sale that is pending or posted."""
        ...

    def last_token_identifier(self, meter: str, base_date: int) -> int | None: ...

    # The ledger
    def ledger_head(self) -> EntryRow | None: ...
    def entries(self, after: int, limit: int) -> list[EntryRow]: ...
    def postings(self, after: int, upto: int) -> list[PostingRow]:
        """Of entries above `after`, up to and including `upto`; by entry and position."""
        ...

    def balances(self, account: str | None = None, *, with_pending: bool = False) -> dict[str, int]:
        """The sum of posted postings by account; with those of pending entries too, when asked."""
        ...

    def movements(self, prefix: str, after: int, upto: int | None) -> dict[str, tuple[int, int]]:
        """Debits and credits that took effect with entries above `after`, up to and including `upto`, by account below `prefix`."""
        ...

    # The rest
    def open_shift(self, till: str) -> ShiftRow | None: ...
    def shift(self, number: int) -> ShiftRow | None: ...
    def shifts(self, till: str | None = None, batch: int | None = None, limit: int | None = None) -> list[ShiftRow]: ...
    def unbatched_shifts(self, till: str) -> list[ShiftRow]:
        """Closed shifts that belong to no batch yet."""
        ...

    def next_number(self, of: type[ShiftRow]) -> int: ...
    def next_batch(self) -> int: ...
    def deposits(self, till: str | None = None, shift: int | None = None) -> list[DepositRow]: ...
    def deposit(self, message_id: str) -> DepositRow | None: ...
    def engineering(self, message_id: str) -> EngineeringRow | None: ...
    def engineering_in(self, state: str, limit: int | None = None) -> list[EngineeringRow]: ...
    def campaign(self, name: str) -> VendingCampaignRow | None: ...
    def campaigns(self) -> list[VendingCampaignRow]: ...
    def campaign_meters(self, campaign: str) -> list[CampaignMeterRow]: ...
    def audit(self, limit: int | None = None, subject: str | None = None) -> list[VendingAuditRow]:
        """The newest first."""
        ...


class VendingWriter(VendingReader, Protocol):
    """One transaction: it sees what it has written itself."""

    def read_ahead(self, accounts: Sequence[str], meters: Sequence[str], month: int) -> None:
        """Read at once what `month_totals`, `debts` and `last_token_identifier` will be asked for, until something is written."""
        ...

    def add(self, rows: Sequence[VendingRow]) -> None:
        """Insert rows of one kind. StoreError when the database refuses one: a number or message id that is taken."""
        ...

    def replace(self, row: CustomerRow | AccountRow | DebtRow | VendingMeterRow | ConfigurationRow) -> None:
        """Insert a row of the registry, or overwrite the one of its key."""
        ...

    def finish_sales(self, numbers: Sequence[int], state: str, finished_ms: int) -> None: ...
    def deliver_sale(self, number: int, delivery: str, delivered_ms: int, detail: str) -> None: ...
    def count_reprint(self, number: int) -> None: ...
    def set_digits(self, digits: Mapping[int, Sequence[str]]) -> None:
        """Give the tokens of these sales their digits, in order of their positions."""
        ...

    def close_shift(self, number: int, closed_ms: int, closed_entry: int, counted_minor: int) -> None: ...
    def batch_shifts(self, shifts: Sequence[int], batch: int) -> None: ...
    def decide_engineering(self, message_id: str, state: str, decided_by: str, decided_ms: int) -> None: ...
    def close_campaign(self, name: str, closed_ms: int) -> None: ...


class VendingStore(Protocol):
    """Where vending keeps everything."""

    def reading(self) -> AbstractContextManager[VendingReader]: ...
    def writing(self, operation: str) -> AbstractContextManager[VendingWriter]:
        """A transaction of that name: committed when the block ends, rolled back when it raises."""
        ...

    def close(self) -> None: ...
