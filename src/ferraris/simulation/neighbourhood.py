"""The households of a territory's prepaid meters, at its collector's till and at the meters' keypads, watched by the auditor."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from ferraris.simulation.collector import Collector
from ferraris.simulation.household import Display, Temper
from ferraris.simulation.households import Bought, Households
from ferraris.simulation.prepayment_audit import PrepaymentAudit, SoldTokens, TakenTokens, audit_prepayment
from ferraris.simulation.territory import Territory
from ferraris.vending import Delivery, SaleState

LOOK_S: Final = 600.0
AMOUNT_MIN: Final = Decimal(5)
"""They buy little at a time."""
CLUMSY: Final = Temper(types=0.5, slips=0.3, types_twice=0.4, retries=0.4)


class Neighbourhood:
    """All of them, from one seed."""

    def __init__(self, territory: Territory) -> None:
        self._territory = territory
        prepaid = territory.script.settings.prepaid
        seed = territory.script.settings.seed
        self.households = Households(prepaid, self, self, territory.clock.now_ms, self._note, seed, CLUMSY, AMOUNT_MIN)

    @property
    def _collector(self) -> Collector:
        return self._territory.collectors[0]

    async def run(self) -> None:
        """Look along the street every few minutes, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            self.households.look()

    # The till and the keypads

    def sell(self, message_id: str, meter: str, amount: Decimal) -> Bought | None:
        return self._collector.sell(message_id, meter, amount)

    def drawer(self, meter: str) -> tuple[int, Sequence[Bought]] | None:
        return self._collector.drawer(meter)

    def displays(self) -> dict[int, Display]:
        """Those that show something."""
        numbers = range(1, self._territory.script.settings.prepaid + 1)
        shown = {number: self._territory.street_of(number).display(number) for number in numbers}
        return {number: display for number, display in shown.items() if display is not None}

    def type(self, number: int, digits: str) -> str:
        return self._territory.street_of(number).type(number, digits)

    def _note(self, number: int, did: str, what: str, result: str) -> None:
        self._territory.log.record(did, f"meter{number}", what=what if did == "bought" else what[-4:], result=result)

    # What the auditor asks

    def audit(self) -> PrepaymentAudit | None:
        """What was sold against what was taken; None while somebody who must be asked does not run."""
        sales = self._collector.sold()
        taken: dict[str, TakenTokens] = {}
        for street in self._territory.streets:
            of_street = street.taken() if street.prepaid else {}
            if of_street is None:
                return None
            taken |= of_street
        if sales is None:
            return None
        sold = [
            SoldTokens(sale.receipt_number, sale.meter, tuple(token.digits for token in sale.tokens), sale.units_tenths)
            for sale in sales
            if sale.state is SaleState.POSTED
        ]
        return audit_prepayment(sold, taken)

    def unsettled(self) -> str:
        """What is still open, in one line; nothing when every token is in its meter and vending knows."""
        audit, sales = self.audit(), self._collector.sold()
        if audit is None or sales is None:
            return f"{self._collector.name} does not sell, or a street is away"
        if audit.findings:
            return audit.findings[0]
        if problem := self.households.problems:
            return problem[0]
        unkeyed = self._collector.settings.unkeyed
        reached = {row.decoder_reference_number for row in self._collector.settings.rows if row.id not in unkeyed}
        for sale in sales:
            if sale.meter in reached and sale.delivery in (Delivery.NONE, Delivery.SENT):
                return f"meter {sale.meter} has a token of which {self._collector.name} knows nothing"
        return "" if self.households.quiet else "a household has something to type"
