"""What vending reads for many orders at once: one statement for a whole batch where each order would need one of its own.

What was read ahead is what the same question would be answered with now. It holds until the transaction writes, and no longer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from ferraris.store.vending_rows import DebtRow, MonthTotals
from ferraris.store.vending_statements import DirectConnection, PreparedAmong
from ferraris.store.vending_tables import CONFIGURATION, DEBT, SALE, TOKEN

# Words stand in these statements and are not bound: a state that is bound makes SQLite plan anew at each run, since there is an
# index of the pending sales alone.
_POSTED, _PENDING, _CREDIT, _FREE_ISSUE = map(
    sa.literal_column, ("'posted'", "'pending'", "'credit'", "'free_issue'"), (sa.Text,) * 4
)
_NONE, _ONE = map(sa.literal_column, ("0", "1"), (sa.BigInteger,) * 2)
COUNTS = sa.or_(SALE.c.state == _POSTED, SALE.c.state == _PENDING)
"""Which sales count in a month."""
IS_CREDIT = SALE.c.kind == _CREDIT
MONTH_TOTALS = (
    sa.func.coalesce(sa.func.sum(sa.case((IS_CREDIT, SALE.c.units_tenths), else_=_NONE)), _NONE),
    sa.func.coalesce(sa.func.sum(SALE.c.fixed_minor), _NONE),
    sa.func.coalesce(sa.func.sum(sa.case((SALE.c.kind == _FREE_ISSUE, _ONE), else_=_NONE)), _NONE),
)
"""The sums over an account's sales of a month, in the order of `MonthTotals`."""
_NOTHING = MonthTotals(0, 0, 0)
_MONTHS = PreparedAmong(
    lambda accounts: (
        sa.select(SALE.c.account, *MONTH_TOTALS)
        .where(SALE.c.account.in_(accounts), SALE.c.month == sa.bindparam("month"), COUNTS)
        .group_by(SALE.c.account)
    )
)
_DEBTS = PreparedAmong(
    lambda accounts: (
        sa.select(DEBT).where(DEBT.c.account.in_(accounts)).order_by(DEBT.c.account, DEBT.c.priority, DEBT.c.number)
    )
)
_newest = (  # by meter and base date, so that each is one look at the end of an index
    sa.select(sa.func.max(TOKEN.c.token_identifier))
    .where(TOKEN.c.meter == CONFIGURATION.c.meter, TOKEN.c.base_date == CONFIGURATION.c.base_date)
    .scalar_subquery()
    .label("newest")
)
_IDENTIFIERS = PreparedAmong(
    lambda meters: sa.select(CONFIGURATION.c.meter, CONFIGURATION.c.base_date, _newest).where(
        CONFIGURATION.c.meter.in_(meters)
    )
)


@dataclass(slots=True)
class ReadAhead:
    """Answers that are there already."""

    month_totals: dict[tuple[str, int], MonthTotals] = field(default_factory=dict)
    debts: dict[str, list[DebtRow]] = field(default_factory=dict)
    last_token_identifiers: dict[tuple[str, int], int | None] = field(default_factory=dict)

    def read(self, direct: DirectConnection, accounts: Sequence[str], meters: Sequence[str], month: int) -> None:
        """Read for all these accounts and meters."""
        self.month_totals |= {(account, month): _NOTHING for account in accounts}
        for account, *sums in _MONTHS.run(direct, accounts, month=month):
            self.month_totals[account, month] = MonthTotals(*map(int, sums))
        self.debts |= {account: [] for account in accounts}
        for debt in _DEBTS.rows(direct, DebtRow, accounts):
            self.debts[debt.account].append(debt)
        for meter, base_date, newest in _IDENTIFIERS.run(direct, meters):
            self.last_token_identifiers[meter, base_date] = newest

    def forget(self) -> None:
        """Nothing holds any longer: something is written."""
        self.month_totals.clear()
        self.debts.clear()
        self.last_token_identifiers.clear()
