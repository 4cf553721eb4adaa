"""What the methods and writable attributes of the payment objects do, each a pure function.

Uncertain, as no public text says it: that `update_unit_charge` changes the passive charge; that an account must be closed to be
reset, and that its credit and debts are gone then; that `enter` succeeds for every token that could be looked at, refused or
not, since what became of it is in the attributes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from ferraris.cosem import Attribute, Obis, obis
from ferraris.cosem.classes.account import Account as AccountObject
from ferraris.cosem.classes.account import AccountStatus
from ferraris.cosem.classes.charge import Charge, ChargeTableElement, ChargeType, UnitCharge
from ferraris.cosem.classes.credit import Credit
from ferraris.cosem.classes.token_gateway import TokenGateway
from ferraris.dlms.apdu import ActionResult
from ferraris.kernel.clock import MS_PER_S
from ferraris.meter.behaviours import CosemObjectView, Outcome, behaviour
from ferraris.meter.changes import EnterToken, Keep, Pay
from ferraris.meter.events import EventCode
from ferraris.meter.payment.account import Account, ChargeKind, Emergency, with_days
from ferraris.meter.payment.prepayment import Prepayment
from ferraris.meter.payment.terms import Terms

_REFUSED: Final = Outcome(result=ActionResult.OTHER_REASON)
PAYMENT_IDS: Final = frozenset((AccountObject.class_id, Credit.class_id, Charge.class_id))
"""Classes whose attributes say on what terms the account is kept."""


def _pays(operation: Callable[[Prepayment, int], bool]) -> Outcome:
    return Outcome((Pay(operation),))


def _changes(change: Callable[[Account, Terms, int, int], Account | None]) -> Outcome:
    """Another account, given the terms, the import register and the meter's clock; None refuses."""

    def operation(payment: Prepayment, now_ms: int) -> bool:
        payment.settle(now_ms)
        meter = payment.meter
        facts = payment.terms, meter.import_mwh, meter.clock_ms(now_ms) // MS_PER_S
        changed = change(payment.account, *facts)
        if changed is None:
            return False
        after = changed
        payment.change(lambda account, terms: after, now_ms)
        return True

    return _pays(operation)


# Token gateway


@behaviour(TokenGateway.enter)
def enter(gateway: CosemObjectView, octets: bytes, now_ms: int) -> Outcome:
    return Outcome((EnterToken(octets),))


# Account


@behaviour(AccountObject.activate_account)
def activate_account(view: CosemObjectView, argument: int, now_ms: int) -> Outcome:
    return _changes_status(AccountStatus.NEW, AccountStatus.ACTIVE, EventCode.ACCOUNT_ACTIVATED)


@behaviour(AccountObject.close_account)
def close_account(view: CosemObjectView, argument: int, now_ms: int) -> Outcome:
    """From now on there is neither credit nor supply."""
    return _changes_status(AccountStatus.ACTIVE, AccountStatus.CLOSED, EventCode.ACCOUNT_CLOSED)


def _changes_status(before: AccountStatus, after: AccountStatus, event: EventCode) -> Outcome:
    def operation(payment: Prepayment, now_ms: int) -> bool:
        if payment.account.status is not before:
            return False
        payment.change(lambda account, terms: replace(account, status=after), now_ms)
        payment.meter.log_event(event, now_ms)
        return True

    return _pays(operation)


@behaviour(AccountObject.reset_account)
def reset_account(view: CosemObjectView, argument: int, now_ms: int) -> Outcome:
    """A closed account becomes a new one: no credit, no debt."""

    def change(account: Account, terms: Terms, import_mwh: int, clock_s: int) -> Account | None:
        if account.status is not AccountStatus.CLOSED:
            return None
        empty = account.with_amount(-account.left(import_mwh))
        return replace(empty, status=AccountStatus.NEW, arrears=0, debt=0, emergency=Emergency.NOT_SELECTED)

    return _changes(change)


# Credit


@behaviour(Credit.update_amount)
def update_amount(credit: CosemObjectView, amount: int, now_ms: int) -> Outcome:
    """So much more, which pays emergency credit back first, or less."""

    def change(account: Account, terms: Terms, import_mwh: int, clock_s: int) -> Account | None:
        left, more = account.left(import_mwh), terms.meant(amount)
        if credit.logical_name == obis.CREDIT_TOKEN:
            return account.with_amount(more) if 0 <= max(0, left) + more <= terms.most else None
        return _emergency(account, terms, import_mwh, terms.emergency_limit + min(0, left) + more)

    return _changes(change)


@behaviour(Credit.set_amount_to_value)
def set_amount_to_value(credit: CosemObjectView, amount: int, now_ms: int) -> Outcome:
    """That much, and for the credit from tokens nothing is lent any more; none leaves what is lent as it is."""

    def change(account: Account, terms: Terms, import_mwh: int, clock_s: int) -> Account | None:
        left, wanted = account.left(import_mwh), terms.meant(amount)
        if credit.logical_name != obis.CREDIT_TOKEN:
            return _emergency(account, terms, import_mwh, wanted)
        if not 0 <= wanted <= terms.most:
            return None
        return account.with_amount(wanted - left if wanted else -max(0, left))

    return _changes(change)


def _emergency(account: Account, terms: Terms, import_mwh: int, wanted: int) -> Account | None:
    """Emergency credit can be set while it is in use, between nothing and its limit."""
    left = account.left(import_mwh)
    if account.emergency is not Emergency.IN_USE or left > 0 or not 0 <= wanted <= terms.emergency_limit:
        return None
    return account.with_amount(wanted - terms.emergency_limit - left)


@behaviour(Credit.invoke_credit)
def invoke_credit(credit: CosemObjectView, argument: int, now_ms: int) -> Outcome:
    """Emergency credit is selected; that of tokens needs no selection."""
    if credit.logical_name != obis.CREDIT_EMERGENCY:
        return _REFUSED
    return _pays(lambda payment, now_ms: payment.select_emergency(now_ms))


# Charge


@behaviour(Charge.update_unit_charge)
def update_unit_charge(charge: CosemObjectView, elements: tuple[ChargeTableElement, ...], now_ms: int) -> Outcome:
    """Elements of the passive table take the place of those with their index."""
    passive: UnitCharge = charge.read(Charge.unit_charge_passive)
    table = {element.index: element for element in (*passive.charge_table, *elements)}
    return Outcome((_keep(Charge.unit_charge_passive, replace(passive, charge_table=tuple(table.values()))),))


@behaviour(Charge.activate_passive_unit_charge)
def activate_passive_unit_charge(charge: CosemObjectView, argument: int, now_ms: int) -> Outcome:
    return Outcome((_keep(Charge.unit_charge_active, charge.read(Charge.unit_charge_passive)),))


@behaviour(Charge.collect)
def collect(charge: CosemObjectView, argument: int, now_ms: int) -> Outcome:
    """One day's charge, now. Consumption is collected as it flows, a share of payments with the payment."""
    if charge.read(Charge.charge_type) is not ChargeType.TIME_BASED:
        return _REFUSED
    own = _KINDS.get(charge.logical_name)

    def change(account: Account, terms: Terms, import_mwh: int, clock_s: int) -> Account | None:
        if own is None:
            return None
        alone = replace(terms, debt_a_day=0) if own is ChargeKind.DAILY else replace(terms, a_day=0)
        return with_days(account, 1, alone, import_mwh, clock_s)

    return _changes(change)


@behaviour(Charge.update_total_amount_remaining)
def update_total_amount_remaining(charge: CosemObjectView, amount: int, now_ms: int) -> Outcome:
    return _sets_remaining(charge.logical_name, lambda present, terms: present + terms.meant(amount))


@behaviour(Charge.set_total_amount_remaining)
def set_total_amount_remaining(charge: CosemObjectView, amount: int, now_ms: int) -> Outcome:
    return _sets_remaining(charge.logical_name, lambda present, terms: terms.meant(amount))


def _sets_remaining(name: Obis, amount_after: Callable[[int, Terms], int]) -> Outcome:
    """What is still owed: arrears of the charge by time, the debt of the other."""
    field = {ChargeKind.DAILY: "arrears", ChargeKind.DEBT: "debt"}.get(_KINDS.get(name, ChargeKind.CONSUMPTION))
    if field is None:
        return _REFUSED

    def change(account: Account, terms: Terms, import_mwh: int, clock_s: int) -> Account | None:
        wanted = amount_after(getattr(account, field), terms)
        if not 0 <= wanted <= terms.most:
            return None
        return replace(account, arrears=wanted) if field == "arrears" else replace(account, debt=wanted)

    return _changes(change)


_KINDS: Final = {obis.CHARGE_DAILY: ChargeKind.DAILY, obis.CHARGE_DEBT: ChargeKind.DEBT}


def _keep(attribute: Attribute[Any], value: Any) -> Keep:
    return Keep(attribute, attribute.datatype.encode(value))
