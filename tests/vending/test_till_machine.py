"""A till in any order of sales, retries, kills at any write, a module that comes and goes, clocks that jump, and supervisors.

Beside the till runs a plain model of it: what was asked for under which message id, and what the till has answered. After each
step the ledger must hold, the drawer must have what the answers say, and no token identifier may be there twice.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from hypothesis import settings as profile
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ferraris.keys.security_module import SecurityModuleUnavailable
from ferraris.store import SaleFilter
from ferraris.sts import CreditToken, KeyChangeFirstSection, StsConfiguration
from ferraris.vending import (
    AmountError,
    Delivery,
    KeyChangeError,
    MessageConflictError,
    ReversalError,
    Sale,
    SalePendingError,
    SaleRequest,
    SaleState,
    SaleVoidError,
    TokenKind,
)
from tests.vending.house import MINUTE_MS, NOON_MS, OPERATOR, SUPERVISOR, House, make_house, settings
from tests.vending.test_crash import KillAt, Killed

WRITES_OF_A_SALE = 18
METERS = 3


class Till(RuleBasedStateMachine):
    """The till, and the model beside it."""

    house: House
    hook: KillAt

    @initialize(tariff=st.sampled_from(["flat", "domestic_blocks"]))
    def open(self, tariff: str) -> None:
        self.hook = KillAt()
        self.house = make_house(
            meters=METERS, tariff_name=tariff, hook=self.hook, settings=settings(token_identifiers_ahead_max=10_000)
        )
        self.now_ms = NOON_MS
        self.asked: dict[str, SaleRequest] = {}
        self.answered: dict[str, Sale] = {}
        self.back: set[str] = set()
        self.void: set[str] = set()

    # What people do

    @rule(meter=st.integers(0, METERS - 1), minor=st.integers(1, 60_000), kill_at=st.integers(-6, WRITES_OF_A_SALE))
    def sell(self, meter: int, minor: int, kill_at: int) -> None:
        request = self.house.request(str(Decimal(minor) / 100), meter=self.house.meters[meter])
        self.asked[request.message_id] = request
        self.ask(request, kill_at)

    @precondition(lambda self: self.asked)
    @rule(which=st.integers(0, 99), kill_at=st.integers(-6, WRITES_OF_A_SALE))
    def ask_again(self, which: int, kill_at: int) -> None:
        self.ask(self.asked[sorted(self.asked)[which % len(self.asked)]], kill_at)

    @precondition(lambda self: self.answered)
    @rule(which=st.integers(0, 99))
    def ask_for_something_else_under_the_same_message_id(self, which: int) -> None:
        message_id = self.one_of(self.answered, which)
        other = replace(self.asked[message_id], operator="somebody else")
        try:
            self.house.vending.sell(other, self.now_ms)
        except MessageConflictError:
            return
        raise AssertionError("another request was sold under a message id that was taken")

    @precondition(lambda self: self.answered)
    @rule(which=st.integers(0, 99), who=st.sampled_from([OPERATOR, SUPERVISOR]))
    def take_back(self, which: int, who: str) -> None:
        message_id = self.one_of(self.answered, which)
        sale = self.house.vending.sale(self.answered[message_id].number)
        try:
            self.house.vending.reverse(sale.number, who, self.now_ms)
        except ReversalError:
            assert who == OPERATOR
            assert not sale.worthless
            return
        assert who == SUPERVISOR or sale.worthless or sale.state is SaleState.REVERSED
        self.back.add(message_id)

    @precondition(lambda self: self.answered)
    @rule(
        which=st.integers(0, 99),
        delivery=st.sampled_from([Delivery.SENT, Delivery.ACCEPTED, Delivery.TYPED, Delivery.REFUSED]),
        said=st.sampled_from(["", "old_error", "crc_error"]),
    )
    def deliver(self, which: int, delivery: Delivery, said: str) -> None:
        sale = self.answered[self.one_of(self.answered, which)]
        before = self.house.vending.sale(sale.number).delivery
        after = self.house.vending.mark_delivered(sale.number, delivery, self.now_ms, said).delivery
        assert after is (Delivery.ACCEPTED if before is Delivery.ACCEPTED else delivery)

    @rule(meter=st.integers(0, METERS - 1), revision=st.integers(1, 9))
    def want_another_key(self, meter: int, revision: int) -> None:
        known = self.house.vending.registry.meter(self.house.meters[meter])
        try:
            self.house.vending.registry.want(
                replace(known.present.sts, key_revision_number=revision), SUPERVISOR, self.now_ms
            )
        except KeyChangeError:
            assert known.present.sts.key_revision_number == revision

    @rule(which=st.integers(0, 99))
    def give_the_money_back(self, which: int) -> None:
        pending = self.house.vending.sales(SaleFilter(states=(SaleState.PENDING,)))
        if pending:
            sale = pending[which % len(pending)]
            self.house.vending.cancel(sale.number, SUPERVISOR, self.now_ms)
            self.void.add(sale.message_id)

    # What happens to them

    @rule()
    def the_module_goes(self) -> None:
        self.house.module.failure = SecurityModuleUnavailable("unplugged")

    @rule()
    def the_module_comes(self) -> None:
        self.house.module.failure = None

    @rule(minutes=st.integers(-20, 600))
    def the_clock_moves(self, minutes: int) -> None:
        self.now_ms += minutes * MINUTE_MS

    @rule()
    def the_till_starts_anew(self) -> None:
        self.house.vending = self.house.another()
        away = self.house.module.failure is not None
        waiting = len(self.house.vending.sales(SaleFilter(states=(SaleState.PENDING,))))
        recovery = self.house.vending.recover(self.now_ms)
        assert (recovery.posted, recovery.pending) == ((0, waiting) if away else (waiting, 0))

    # What must be so after each step

    @invariant()
    def the_ledger_holds_and_the_drawer_has_what_was_posted(self) -> None:
        sales = self.house.vending.sales(SaleFilter())
        state = self.house.vending.verify_ledger()
        assert state.pending == sum(sale.state is SaleState.PENDING for sale in sales)
        balances = self.house.vending.balances()
        assert sum(balances.values()) == 0
        posted = sum(sale.tendered_minor for sale in sales if sale.state is SaleState.POSTED)
        assert balances.get("till:T1:cash", 0) == posted

    @invariant()
    def what_was_answered_stays_as_it_was(self) -> None:
        for message_id, answer in self.answered.items():
            sale = self.house.vending.sale_by_message(message_id)
            assert sale is not None
            assert sale.state is (SaleState.REVERSED if message_id in self.back else SaleState.POSTED)
            assert (sale.number, sale.tokens, sale.breakdown) == (answer.number, answer.tokens, answer.breakdown)
        for message_id in self.void:
            sale = self.house.vending.sale_by_message(message_id)
            assert sale is not None
            assert (sale.state, sale.tokens) == (SaleState.VOID, ())

    @invariant()
    def no_token_identifier_is_there_twice(self) -> None:
        sales = self.house.vending.sales(SaleFilter())
        issued = [(sale.meter, token.token_identifier) for sale in sales for token in sale.tokens]
        identified = [one for one in issued if one[1] is not None]
        assert len(set(identified)) == len(identified)

    def teardown(self) -> None:
        """In the end everything is finished, and each request has one sale: the one it was answered with."""
        if not hasattr(self, "house"):
            return
        self.hook.arm(-1)
        self.house.module.failure = None
        self.house.vending.recover(self.now_ms)
        for request in self.asked.values():
            self.ask(request, -1)
        assert len(self.house.vending.sales(SaleFilter())) == len(self.answered) + len(self.void)
        self.the_ledger_holds_and_the_drawer_has_what_was_posted()
        self.what_was_answered_stays_as_it_was()

    # How

    def ask(self, request: SaleRequest, kill_at: int) -> None:
        self.hook.arm(kill_at)
        try:
            sale = self.house.vending.sell(request, self.now_ms)
        except Killed:
            self.house.vending = self.house.another()
        except SalePendingError:
            assert self.house.module.failure is not None
        except SaleVoidError:
            assert request.message_id in self.void
        except AmountError:
            assert self.house.vending.sale_by_message(request.message_id) is None
            del self.asked[request.message_id]
        else:
            self.check(request, sale)
        finally:
            self.hook.arm(-1)

    def check(self, request: SaleRequest, sale: Sale) -> None:
        """The tokens are what was paid for, for this meter, under the keys that the sale names."""
        assert request.amount is not None
        assert sale.tendered_minor == int(request.amount * 100)
        *changes, credit = sale.tokens
        token = self.house.module.verify(sale.configuration, credit.digits)
        assert isinstance(token, CreditToken)
        assert (token.amount, token.token_identifier) == (sale.units_tenths, credit.token_identifier)
        if changes:
            assert {change.kind for change in changes} == {TokenKind.KEY_CHANGE}
            first = self.house.module.verify(self.before(sale), changes[0].digits)
            assert isinstance(first, KeyChangeFirstSection)
            assert first.key_revision_number == sale.configuration.key_revision_number
        self.answered.setdefault(request.message_id, sale)

    def before(self, sale: Sale) -> StsConfiguration:
        """The configuration from which a sale with a key change led away."""
        history = self.house.vending.registry.meter(sale.meter).history
        place = next(place for place, one in enumerate(history) if one.sts == sale.configuration and place)
        return history[place - 1].sts

    @staticmethod
    def one_of(answers: dict[str, Sale], which: int) -> str:
        return sorted(answers)[which % len(answers)]


TestTill = Till.TestCase
TestTill.settings = profile(max_examples=25, stateful_step_count=30, deadline=None)
