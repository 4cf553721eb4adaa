"""The account of a prepayment meter and what time, tokens and consumption do to it: pure functions of integers.

There is one balance. Above 0 it is what tokens brought; below 0 it is what emergency credit has lent, down to its limit once it
is selected. So a token pays emergency credit back before it gives any credit. Charges by time take from credit alone: what
they find no credit for is owed as arrears and taken from the next token, behind emergency credit and before new credit. Debt
is taken as a share of each token or by the day, and never leaves anybody owing more.

In friendly hours credit may run out without anybody being cut off: what flows is owed like emergency credit. An account that was
cut off before them stays so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Final

from ferraris.cosem.classes.account import AccountStatus
from ferraris.meter.events import EventCode
from ferraris.meter.payment.balance import MILLION, Balance
from ferraris.meter.payment.terms import PROPORTION_WHOLE, Terms

NO_MARK: Final = 0


class ChargeKind(IntEnum):
    """Places of the charges in a meter's memory."""

    CONSUMPTION = 0
    DAILY = 1
    DEBT = 2


class Emergency(IntEnum):
    """Where emergency credit stands."""

    NOT_SELECTED = 0
    SELECTED = 1
    IN_USE = 2


@dataclass(frozen=True, slots=True)
class Collection:
    """What a charge has taken: in all, and when (by the meter's clock) and how much the last time."""

    paid: int = 0
    time_s: int = 0
    amount: int = 0

    def with_amount(self, amount: int, clock_s: int) -> Collection:
        return Collection(self.paid + amount, clock_s, amount)


@dataclass(frozen=True, slots=True)
class Account:
    """Amounts are millionths of the amount unit."""

    balance: Balance
    status: AccountStatus
    days_until_s: int
    arrears: int = 0
    debt: int = 0
    credited: int = 0
    collections: tuple[Collection, ...] = (Collection(),) * len(ChargeKind)
    emergency: Emergency = Emergency.NOT_SELECTED
    warned: bool = False
    cut_off: bool = False
    tampered: bool = False
    spared: bool = False
    """Supplied, though nothing is left, since the hours are friendly."""
    provided_s: int = 0
    """When the period began in which shares of payments have come to `provided`."""
    provided: int = 0

    def left(self, import_mwh: int) -> int:
        return self.balance.at(import_mwh)

    def with_amount(self, amount: int) -> Account:
        """So much more, or less, is left."""
        return replace(self, balance=replace(self.balance, amount=self.balance.amount + amount))

    def collected(self, kind: ChargeKind, amount: int, clock_s: int) -> Account:
        """A charge has taken so much."""
        collections = list(self.collections)
        collections[kind] = collections[kind].with_amount(amount, clock_s)
        return replace(self, collections=tuple(collections))

    def floor(self, terms: Terms) -> int:
        """How far the balance may go down."""
        return 0 if self.emergency is Emergency.NOT_SELECTED else -terms.emergency_limit

    def may_supply(self, terms: Terms, import_mwh: int) -> bool:
        """Whether the consumer may be supplied. A new account withholds nothing yet, a closed one everything."""
        if self.tampered or self.status is AccountStatus.CLOSED:
            return False
        if self.status is AccountStatus.NEW or not terms.prepaid:
            return True
        return self.left(import_mwh) > self.floor(terms) or (terms.friendly and not self.cut_off)

    def mark_mwh(self, terms: Terms, import_mwh: int) -> int:
        """The import at which this must be looked at again; at once, where energy flows that must not."""
        if not self.may_supply(terms, import_mwh):
            return import_mwh + 1
        if self.status is not AccountStatus.ACTIVE or not terms.prepaid:
            return NO_MARK
        left = self.left(import_mwh)
        levels = [level for level in (terms.warning, 0, self.floor(terms)) if level < left]
        return (self.balance.mark_mwh(max(levels)) if levels else None) or NO_MARK

    def provision_left(self, terms: Terms, clock_s: int) -> int | None:
        """What payments may still be charged with in the running period; None for as much as they bring."""
        if not terms.provision_max or not terms.provision_period_s:
            return None
        running = self.provided_s <= clock_s < self.provided_s + terms.provision_period_s
        return max(0, terms.provision_max - self.provided) if running else terms.provision_max

    def with_provision(self, share: int, terms: Terms, clock_s: int) -> Account:
        """A payment was charged with so much."""
        if self.provided_s <= clock_s < self.provided_s + terms.provision_period_s:
            return replace(self, provided=self.provided + share)
        return replace(self, provided_s=clock_s, provided=share)


def rebased(account: Account, import_mwh: int, price: int, clock_s: int) -> Account:
    """From this import on another price holds."""
    consumed = account.balance.consumed(import_mwh)
    after = account.collected(ChargeKind.CONSUMPTION, consumed, clock_s) if consumed else account
    return replace(after, balance=Balance(account.left(import_mwh), import_mwh, price))


def with_token(account: Account, amount: int, terms: Terms, import_mwh: int, clock_s: int) -> Account:
    """A token has brought `amount`: its share goes to debt, then come emergency credit and arrears, then credit."""
    share = min(account.debt, max(0, amount) * terms.debt_share // PROPORTION_WHOLE)
    most = account.provision_left(terms, clock_s)
    share = share if most is None else min(share, most)
    after = replace(account, credited=account.credited + amount, debt=account.debt - share).with_amount(amount - share)
    if share:
        after = after.collected(ChargeKind.DEBT, share, clock_s).with_provision(share, terms, clock_s)
    return _take_arrears(after, import_mwh, clock_s)


def with_days(account: Account, days: int, terms: Terms, import_mwh: int, clock_s: int) -> Account:
    """So many midnights have passed: charges by time fall due."""
    after = replace(account, arrears=account.arrears + days * terms.a_day)
    after = _take_arrears(after, import_mwh, clock_s)
    due = min(after.debt, days * terms.debt_a_day, max(0, after.left(import_mwh)))
    if due <= 0:
        return after
    after = replace(after, debt=after.debt - due).with_amount(-due)
    return after.collected(ChargeKind.DEBT, due, clock_s)


def _take_arrears(account: Account, import_mwh: int, clock_s: int) -> Account:
    taken = min(account.arrears, max(0, account.left(import_mwh)))
    if taken <= 0:
        return account
    after = replace(account, arrears=account.arrears - taken).with_amount(-taken)
    return after.collected(ChargeKind.DAILY, taken, clock_s)


def cleared(account: Account, import_mwh: int) -> Account:
    """Credit is gone; what emergency credit has lent is still owed."""
    return account.with_amount(-max(0, account.left(import_mwh)))


def settled(account: Account, terms: Terms, import_mwh: int) -> tuple[Account, list[EventCode]]:
    """Thresholds: what the balance means now, and what is to be logged. The switch is left to whoever moves it."""
    if account.status is not AccountStatus.ACTIVE or not terms.prepaid:
        return _cut(replace(account, spared=False), terms, import_mwh, [])
    left, events = account.left(import_mwh), []
    if left > max(0, terms.emergency_from):
        account = replace(account, emergency=Emergency.NOT_SELECTED)
    elif left <= 0 and terms.emergency_limit > 0:
        if account.emergency is Emergency.NOT_SELECTED and terms.emergency_automatic:
            account = replace(account, emergency=Emergency.SELECTED)
        if account.emergency is Emergency.SELECTED:
            account = replace(account, emergency=Emergency.IN_USE)
            events.append(EventCode.EMERGENCY_CREDIT_IN_USE)
    low = terms.warning > 0 and left <= terms.warning
    if low and not account.warned:
        events.append(EventCode.CREDIT_LOW)
    spared = terms.friendly and not account.cut_off and left <= account.floor(terms)
    if spared and not account.spared:
        events.append(EventCode.FRIENDLY_CREDIT_IN_USE)
    return _cut(replace(account, warned=low, spared=spared), terms, import_mwh, events)


def _cut(account: Account, terms: Terms, import_mwh: int, events: list[EventCode]) -> tuple[Account, list[EventCode]]:
    if account.cut_off or account.may_supply(terms, import_mwh):
        return account, events
    if not account.tampered and account.status is AccountStatus.ACTIVE:
        events.append(EventCode.CREDIT_EXHAUSTED)
    return replace(account, cut_off=True), events


def amount_of(units: int) -> int:
    """Amount units in the millionths that the account counts."""
    return units * MILLION
