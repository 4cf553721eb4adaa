"""Who buys and for which meter: customers, accounts, debts, meters with the history of their configurations."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from ferraris.kernel.limits import VENDING_ROWS_MAX
from ferraris.store import (
    AccountRow,
    CustomerRow,
    DebtRow,
    VendingAuditRow,
    VendingMeterRow,
    VendingReader,
    VendingStore,
    VendingWriter,
)
from ferraris.sts import StsConfiguration
from ferraris.vending import ledger
from ferraris.vending.breakdown import DebtDue
from ferraris.vending.errors import AmountError, DebtNumberError, UnknownMeterError, VendingError
from ferraris.vending.ledger import EntryKind, NewEntry, Posting
from ferraris.vending.meters import (
    ConfigurationState,
    KnownMeter,
    configuration_row,
    known_meter,
    meter_sought,
    note_loaded,
    parse_pan,
    want_configuration,
)
from ferraris.vending.orders import check_text
from ferraris.vending.settings import VendingSettings


@dataclass(frozen=True, slots=True)
class FoundMeter:
    """A meter, its account and its customer, as a till looks them up."""

    meter: str
    account: str
    tariff: str
    customer: str
    customer_name: str
    blocked: str
    configuration: StsConfiguration
    key_change_wanted: bool


@dataclass(frozen=True, slots=True)
class NewMeter:
    """A meter to be registered with everything that a sale to it needs."""

    configuration: StsConfiguration
    account: str
    tariff: str
    customer: str
    customer_name: str = ""
    contact: str = ""


class Registry:
    """What is registered, and how it is changed. Every change is audited."""

    def __init__(self, store: VendingStore, settings: VendingSettings) -> None:
        self._store = store
        self._settings = settings

    def register(self, meters: Iterable[NewMeter], operator: str, now_ms: int) -> int:
        """Register meters with their accounts and customers, in one transaction; those that are known stay as they are.

        Returns how many meters were new. The configuration given is taken for the one that the meter has loaded.
        """
        with self._store.writing("register") as writer:
            new = sum(self._register(writer, meter, now_ms) for meter in meters)
            _note(writer, operator, "register", "meters", f"{new} new", now_ms)
        return new

    def _register(self, writer: VendingWriter, new: NewMeter, now_ms: int) -> bool:
        number = new.configuration.meter_pan.decoder_reference_number
        if writer.meter(number) is not None:
            return False
        for name, text in (("account", new.account), ("customer", new.customer)):
            check_text(name, text)
        self._settings.tariffs.at(new.tariff, self._settings.local(now_ms).date())
        if writer.customer(new.customer) is None:
            writer.add([CustomerRow(number=new.customer, name=new.customer_name or new.customer, contact=new.contact)])
        if writer.account(new.account) is None:
            writer.add([AccountRow(number=new.account, customer=new.customer, tariff=new.tariff, opened_ms=now_ms)])
        writer.add([VendingMeterRow(decoder_reference_number=number, account=new.account)])
        writer.add([configuration_row(new.configuration, 1, ConfigurationState.LOADED, now_ms, "as registered")])
        return True

    def save_customer(self, row: CustomerRow, operator: str, now_ms: int) -> None:
        """Add a customer or change its name and contact."""
        check_text("customer", row.number)
        with self._store.writing("save_customer") as writer:
            writer.replace(row)
            _note(writer, operator, "save customer", row.number, "", now_ms)

    def set_tariff(self, account: str, tariff: str, operator: str, now_ms: int) -> None:
        """Put an account on another tariff, from now on."""
        self._settings.tariffs.at(tariff, self._settings.local(now_ms).date())
        with self._store.writing("set_tariff") as writer:
            row = writer.account(account)
            if row is None:
                raise VendingError("no such account", got=repr(account[:40]))
            writer.replace(AccountRow(number=account, customer=row.customer, tariff=tariff, opened_ms=row.opened_ms))
            _note(writer, operator, "set tariff", account, tariff, now_ms)

    def block(self, meter: str, reason: str, operator: str, now_ms: int) -> None:
        """Sell nothing more to the meter; an empty reason lifts the block."""
        with self._store.writing("block") as writer:
            known = known_meter(writer, meter)
            row = VendingMeterRow(decoder_reference_number=meter, account=known.account.number, blocked=reason)
            writer.replace(row)
            _note(writer, operator, "block" if reason else "unblock", meter, reason, now_ms)

    def want(self, configuration: StsConfiguration, operator: str, now_ms: int) -> None:
        """The meter is to have this configuration: the next purchase brings the key change. Raises KeyChangeError."""
        with self._store.writing("want") as writer:
            known = known_meter(writer, configuration.meter_pan.decoder_reference_number)
            position = want_configuration(writer, known, configuration, now_ms)
            _note(writer, operator, "want configuration", known.number, f"position {position}", now_ms)

    def report_loaded(self, meter: str, proof: str, operator: str, now_ms: int) -> None:
        """Somebody has seen at the meter that it has the issued configuration."""
        with self._store.writing("report_loaded") as writer:
            known = known_meter(writer, meter)
            note_loaded(writer, known, known.present.position, now_ms, proof)
            _note(writer, operator, "report loaded", meter, proof, now_ms)

    def report_fault(self, number: str, customer: str, text: str, operator: str, now_ms: int) -> None:
        """Keep what a customer reports about a meter or the supply, under a number that he is given."""
        with self._store.writing("report_fault") as writer:
            _note(writer, operator, "fault reported", number, f"{customer}: {text}", now_ms)

    def open_debt(
        self,
        number: str,
        account: str,
        name: str,
        amount_minor: int,
        operator: str,
        now_ms: int,
        *,
        percent: Decimal = Decimal(0),
        minimum_minor: int = 0,
        priority: int = 0,
    ) -> None:
        """An account owes this much; each purchase pays the percentage of it, and at least the minimum."""
        if amount_minor <= 0 or minimum_minor < 0 or not 0 <= percent < 100 or not (percent or minimum_minor):
            raise AmountError(
                "a debt is above zero and has a share of each purchase: a percentage below 100 or a minimum"
            )
        check_text("debt", number)
        with self._store.writing("open_debt") as writer:
            if writer.account(account) is None:
                raise VendingError("no such account", got=repr(account[:40]))
            if writer.balances(debt_account(number)):
                raise DebtNumberError(
                    "a debt of this number was opened before", expected="a number of its own", got=number
                )
            row = DebtRow(
                number=number,
                account=account,
                name=name,
                percent=f"{percent:f}",
                minimum_minor=minimum_minor,
                priority=priority,
            )
            writer.add([row])
            owed = [Posting(debt_account(number), amount_minor), Posting("debts opened", -amount_minor)]
            opened = NewEntry(EntryKind.DIRECT, f"debt {number}", owed)
            ledger.append(writer, now_ms, self._settings.currency, [opened])
            _note(writer, operator, "open debt", number, f"{amount_minor} minor units on {account}", now_ms)

    # Queries

    def meter(self, text: str) -> KnownMeter:
        """The meter of a decoder reference number or meter PAN. Raises UnknownMeterError."""
        with self._store.reading() as reader:
            return known_meter(reader, parse_pan(text).decoder_reference_number)

    def customer_of(self, meter: KnownMeter) -> CustomerRow:
        """Who buys for the meter."""
        with self._store.reading() as reader:
            found = reader.customer(meter.account.customer)
        if found is None:
            raise UnknownMeterError(f"account {meter.account.number} has no customer")
        return found

    def find(self, text: str, limit: int = 20) -> list[FoundMeter]:
        """Meters by a part of their number, their account, or their customer's number or name."""
        with self._store.reading() as reader:
            rows = reader.search_meters(meter_sought(text), min(limit, VENDING_ROWS_MAX))
            return [_found(reader, known_meter(reader, row.decoder_reference_number)) for row in rows]

    def debts(self, account: str) -> list[DebtDue]:
        """What is left of the account's debts."""
        with self._store.reading() as reader:
            return debts_due(reader, account)


def debts_due(reader: VendingReader, account: str) -> list[DebtDue]:
    """The debts of an account of which something is left once all pending orders are posted."""
    due: list[DebtDue] = []
    for row in reader.debts(account):
        left = reader.balances(debt_account(row.number), with_pending=True).get(debt_account(row.number), 0)
        if left > 0:
            due.append(DebtDue(row.number, row.name, left, Decimal(row.percent), row.minimum_minor))
    return due


def debt_account(number: str) -> str:
    """A debt's account in the ledger."""
    return f"debt:{number}"


def _found(reader: VendingReader, known: KnownMeter) -> FoundMeter:
    customer = reader.customer(known.account.customer)
    return FoundMeter(
        known.number,
        known.account.number,
        known.account.tariff,
        known.account.customer,
        customer.name if customer else "",
        known.meter.blocked,
        known.present.sts,
        known.wanted is not None,
    )


def _note(writer: VendingWriter, actor: str, action: str, subject: str, detail: str, now_ms: int) -> None:
    writer.add([VendingAuditRow(at_ms=now_ms, actor=actor, action=action, subject=subject, detail=detail)])
