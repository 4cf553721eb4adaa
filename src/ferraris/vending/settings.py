"""What an operator decides once for all tills."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo

from ferraris.vending.tariff import TariffBook


@dataclass(frozen=True, slots=True)
class VendingSettings:
    """The tariffs, the currency, the calendar and the bounds of a vending system."""

    tariffs: TariffBook
    currency: str = "ZAR"
    minor_digits: int = 2
    time_zone: tzinfo = UTC
    """Where days and months of tariffs begin. Token identifiers count UTC minutes whatever stands here."""
    utility: str = "Ferraris"
    """The name that heads a receipt."""
    supervisors: frozenset[str] = field(default_factory=frozenset)
    """Who may reverse a sale whose token may still be used, or void a pending one."""
    shift_required: bool = False
    """Whether a till sells only in an open shift."""
    sample_tables: bool = False
    """Whether encryption algorithm 07 has only the sample tables, with which no real meter works."""
    token_identifiers_ahead_max: int = 60
    """How many minutes the next token identifier may lie ahead of the clock: more says that the clock was set back."""

    def local(self, now_ms: int) -> datetime:
        """The operator's local time."""
        return datetime.fromtimestamp(now_ms // 1000, self.time_zone)

    def month(self, now_ms: int) -> int:
        """The local calendar month: 202607."""
        local = self.local(now_ms)
        return local.year * 100 + local.month
