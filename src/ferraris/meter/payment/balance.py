"""Credit as a function of the import register: what is left now, and at which reading it will be down to a level.

Amounts are millionths of the amount unit, so that price times 1/1000 Wh is exact: consumption at `price` amount units for a
kWh costs `price` millionths for each 1/1000 Wh. The unit is 1 Wh where credit is energy, and 1/100,000 of the base currency
where it is money.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MILLION: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Balance:
    """`amount` was left when the import read `reference_mwh`; below 0 it is what emergency credit has lent."""

    amount: int
    reference_mwh: int
    price: int

    def at(self, import_mwh: int) -> int:
        return self.amount - self.consumed(import_mwh)

    def consumed(self, import_mwh: int) -> int:
        """What the energy since the reference has cost."""
        return self.price * (import_mwh - self.reference_mwh)

    def mark_mwh(self, level: int) -> int | None:
        """The reading at which no more than `level` will be left; None when consumption never brings it there."""
        if self.price <= 0:
            return None
        return self.reference_mwh - (level - self.amount) // self.price


def whole(amount: int) -> int:
    """Amount units, rounded down: credit is never shown that is not there."""
    return amount // MILLION
