"""A million random sales, retries and kills under a seed: no double token, no double charge, the ledger balanced.

    python -m tests.vending.million --sales 1000000 --seed 1 --processes 2

Sales come in streets: each has its own store in memory, its own seed, and two vending systems at that store, as two processes
would have them. A street keeps no second ledger: it remembers what each message id was answered with, and what its meters, which
take every token identifier once, were credited with. At the end of a street everything is compared.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter, deque
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from decimal import Decimal
from random import Random

from ferraris.keys.security_module import SecurityModuleUnavailable, VendingKeyNotFound
from ferraris.store import SaleFilter
from ferraris.sts import CreditToken
from ferraris.vending import (
    AmountError,
    IssueRefusedError,
    MessageConflictError,
    Sale,
    SalePendingError,
    SaleRequest,
    SaleState,
    SaleVoidError,
    TokenIdentifierError,
    Vending,
    VendingError,
)
from tests.vending.house import MINUTE_MS, NOON_MS, OPERATOR, SUPERVISOR, House, make_house

STREET_SALES = 20_000
METERS = 100
REMEMBERED = 400
BATCHES = (1, 20, 80, 200)
MOMENTS_MAX = 40
"""A kill is set for one of so many writes ahead; an order alone has about ten."""


class Killed(BaseException):
    """The process is gone."""


@dataclass
class Meter:
    """What a meter was credited with: every token identifier of a base date once."""

    taken: set[tuple[int, int]] = field(default_factory=set)
    credited_tenths: int = 0


@dataclass
class Street:
    """One street's random life."""

    seed: str
    sales: int
    counts: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self.fuse = -1
        self.house: House = make_house(meters=METERS, tariff_name="domestic_blocks", hook=self._hook, seed=self.seed)
        self.tills = [self.house.vending, self.house.another()]
        self.meters = {number: Meter() for number in self.house.meters}
        self.open: deque[SaleRequest] = deque()
        self.answered: deque[tuple[SaleRequest, tuple[str, ...]]] = deque(maxlen=REMEMBERED)
        self.now_ms = NOON_MS

    def _hook(self, moment: str) -> None:
        if self.fuse > 0:
            self.fuse -= 1
            if self.fuse == 0:
                raise Killed(moment)

    def live(self) -> None:
        """Sell until enough was ordered, then let everything that is open come to its end."""
        ordered = 0
        while ordered < self.sales:
            self._weather()
            requests = [self._request(ordered + place) for place in range(self.random.choice(BATCHES))]
            ordered += len(requests)
            self._order([*requests, *self._again()])
        self.house.module.failure = None
        self.fuse = -1
        for vending in self.tills:
            vending.recover(self.now_ms)
        while self.open:
            self._order([self.open.popleft() for _ in range(min(100, len(self.open)))])

    def _weather(self) -> None:
        """Time, the module, kills, key changes and reversals."""
        draw = self.random.random
        self.now_ms += self.random.choice((-10, 0, 1, 60, 1_440)) * MINUTE_MS
        module = self.house.module
        module.failure = None
        if draw() < 0.05:
            module.failure = SecurityModuleUnavailable("away")
        elif draw() < 0.02:
            module.failure = VendingKeyNotFound("not loaded")
        self.fuse = self.random.randrange(1, MOMENTS_MAX) if draw() < 0.4 else -1
        if draw() < 0.03:
            self._guarded(self._want_key_change)
        if draw() < 0.05 and self.answered:
            self._guarded(self._reverse)

    def _guarded(self, work: object) -> None:
        assert callable(work)
        try:
            work()
        except Killed:
            self.counts["kills"] += 1
            self.fuse = -1

    def _want_key_change(self) -> None:
        meter = self.house.vending.registry.meter(self.random.choice(self.house.meters))
        index = (meter.present.sts.tariff_index + 1) % 100
        self.house.vending.registry.want(replace(meter.present.sts, tariff_index=index), SUPERVISOR, self.now_ms)
        self.counts["key changes"] += 1

    def _reverse(self) -> None:
        request, _ = self.random.choice(self.answered)
        sale = self.house.vending.sale_by_message(request.message_id)
        assert sale is not None
        if sale.state is SaleState.POSTED:
            self.house.vending.reverse(sale.number, SUPERVISOR, self.now_ms)
            self.counts["reversals"] += 1

    def _request(self, number: int) -> SaleRequest:
        return SaleRequest(
            message_id=f"{self.seed}/{number}",
            till=f"T{self.random.randrange(4)}",
            operator=OPERATOR,
            meter=self.random.choice(self.house.meters),
            amount=Decimal(self.random.randrange(900, 60_000)) / 100,
        )

    def _again(self) -> list[SaleRequest]:
        """Retries: of what is open, and of what was answered long since."""
        again = [self.open.popleft() for _ in range(min(len(self.open), 40))]
        if self.answered and self.random.random() < 0.5:
            again += [request for request, _ in self.random.sample(self.answered, min(10, len(self.answered)))]
        return again

    def _order(self, requests: Sequence[SaleRequest]) -> None:
        vending = self.random.choice(self.tills)
        try:
            results = self._sell(vending, requests)
        except Killed:
            self.counts["kills"] += 1
            self.fuse = -1
            self.open.extend(requests)
            if self.random.random() < 0.3:
                self._recover()
            return
        for request, result in zip(requests, results, strict=True):
            self._note(request, result)

    def _recover(self) -> None:
        try:
            self.random.choice(self.tills).recover(self.now_ms)
        except Killed:
            self.counts["kills"] += 1

    def _sell(self, vending: Vending, requests: Sequence[SaleRequest]) -> list[Sale | VendingError]:
        if len(requests) > 3:
            return vending.sell_together(requests, self.now_ms)
        results: list[Sale | VendingError] = []
        for request in requests:
            try:
                results.append(vending.sell(request, self.now_ms))
            except VendingError as error:
                results.append(error)
        return results

    def _note(self, request: SaleRequest, result: Sale | VendingError) -> None:
        if isinstance(result, Sale):
            digits = tuple(token.digits for token in result.tokens)
            known = next((kept for asked, kept in self.answered if asked.message_id == request.message_id), None)
            if known is None:
                self.answered.append((request, digits))
            else:
                assert known == digits, f"{request.message_id}: another token"
                self.counts["retries of answered sales"] += 1
        elif isinstance(result, SalePendingError):
            self.open.append(request)
            self.counts["module away"] += 1
        elif isinstance(result, IssueRefusedError | SaleVoidError):
            self.counts["void"] += 1
        else:
            assert isinstance(result, AmountError | TokenIdentifierError), result
            assert not isinstance(result, MessageConflictError)
            self.counts["refused"] += 1

    def check(self) -> None:
        """Everything that must be true of a street that has come to rest."""
        vending = self.house.vending
        taken_minor: Counter[str] = Counter()
        sold_tenths = 0
        seen: set[str] = set()
        below: int | None = None
        while page := vending.sales(SaleFilter(below=below, limit=2_000)):
            below = page[-1].number
            for sale in page:
                assert sale.message_id not in seen, f"{sale.message_id} was charged twice"
                seen.add(sale.message_id)
                assert sale.state is not SaleState.PENDING
                if sale.state is SaleState.POSTED:
                    taken_minor[f"till:{sale.till}:{sale.payment}"] += sale.tendered_minor
                    sold_tenths += sale.units_tenths
                    self._enter(sale)
                    self.counts["posted"] += 1
        balances = vending.balances()
        tills = {name: balance for name, balance in balances.items() if name.startswith("till:") and balance}
        assert tills == {name: taken for name, taken in taken_minor.items() if taken}
        assert sum(balances.values()) == 0
        assert sum(meter.credited_tenths for meter in self.meters.values()) == sold_tenths
        assert vending.verify_ledger().pending == 0

    def _enter(self, sale: Sale) -> None:
        """The meter takes the token: its identifier must be new to it, its amount what was sold."""
        assert sale.credit_token is not None
        token = self.house.module.verify(sale.configuration, sale.credit_token.digits)
        assert isinstance(token, CreditToken)
        meter = self.meters[sale.meter]
        key = (sale.configuration.base_date, token.token_identifier)
        assert key not in meter.taken, f"receipt {sale.number}: a token identifier issued twice"
        assert token.amount == sale.units_tenths
        meter.taken.add(key)
        meter.credited_tenths += token.amount


def run_street(seed: str, sales: int) -> Counter[str]:
    """One street, lived and checked; what happened in it."""
    street = Street(seed, sales)
    street.live()
    street.check()
    street.house.store.close()
    street.counts["ordered"] = sales
    return street.counts


def main() -> int:
    """Run the streets and print what happened; an AssertionError is the only other way this ends."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sales", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    chosen = parser.parse_args()
    streets = [
        (f"{chosen.seed}-{number}", min(STREET_SALES, chosen.sales - start))
        for number, start in enumerate(range(0, chosen.sales, STREET_SALES))
    ]
    total: Counter[str] = Counter()
    began = time.monotonic()
    with ProcessPoolExecutor(chosen.processes) as pool:
        for done, counts in enumerate(pool.map(run_street, *zip(*streets, strict=True)), start=1):
            total += counts
            print(f"\r{done} of {len(streets)} streets", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    for name, count in sorted(total.items()):
        print(f"{name:28}{count:>12,}")
    print(f"{'seconds':28}{time.monotonic() - began:>12,.0f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
