"""Prepayment of one meter: takes tokens, keeps the account, and lets the load switch follow.

The account is settled whenever something may have changed it: a token, a mark on the import register, midnight, the begin and the
end of friendly hours, a time that was appointed, an order to the switch, an attribute that was set, the return of power. Settling looks at the state, not at what happened, so that whatever was
cut off between two commits is put right by the next time. When credit falls, metering is told of the nearer mark before the
account changes, and after it when credit rises: so it never passes a mark that holds.

A token that is accepted is remembered and credited by one commit, which is on the disk before anybody hears of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Final

import numpy as np

from ferraris import __version__
from ferraris.cosem import ControlMode, ControlState
from ferraris.cosem.classes.account import AccountStatus
from ferraris.cosem.classes.token_gateway import TokenDeliveryMethod
from ferraris.kernel.clock import MS_PER_S
from ferraris.kernel.limits import COLLECTED_DAYS_MAX
from ferraris.meter.disconnector import Command
from ferraris.meter.events import EventCode
from ferraris.meter.load import Quantity
from ferraris.meter.mapped_file import Rows
from ferraris.meter.memory import NEVER_S
from ferraris.meter.meter import Meter
from ferraris.meter.payment.acceptance import Acceptance, Purse, accept, credited_amount
from ferraris.meter.payment.account import (
    NO_MARK,
    Account,
    Emergency,
    amount_of,
    cleared,
    rebased,
    settled,
    with_days,
    with_token,
)
from ferraris.meter.payment.appointments import Deed
from ferraris.meter.payment.balance import Balance, whole
from ferraris.meter.payment.decoder import Decoder
from ferraris.meter.payment.display import Shown, lines
from ferraris.meter.payment.identity import PaymentManufacture, decoder_key, sts_configuration
from ferraris.meter.payment.objects import Owner, activate_unit_charge, limit_phases, limit_power
from ferraris.meter.payment.outcome import TokenOutcome
from ferraris.meter.payment.row import (
    NO_LIMIT,
    account_of,
    decoder_of,
    fitting,
    number,
    put_account,
    put_decoder,
    put_text,
)
from ferraris.meter.payment.rules import Rules
from ferraris.meter.payment.terms import Terms
from ferraris.sts import (
    RESULT_NUMBERS,
    ClearCreditToken,
    ClearTamperToken,
    CreditToken,
    CurrencyCreditToken,
    EncryptionAlgorithm,
    ExtendedSetToken,
    PhaseUnbalanceToken,
    PowerLimitToken,
    StsConfiguration,
    TariffRateToken,
    Token,
    TokenResult,
    WaterFactorToken,
)

MWH_PER_WH: Final = 1_000
WH_PER_TENTH: Final = 100
MONEY_PER_TENTH: Final = 10_000
"""Hundred-thousandths of the base currency in a tenth of it."""
_STATUSES: Final = {
    Deed.ACTIVATE_ACCOUNT: (AccountStatus.NEW, AccountStatus.ACTIVE, EventCode.ACCOUNT_ACTIVATED),
    Deed.CLOSE_ACCOUNT: (AccountStatus.ACTIVE, AccountStatus.CLOSED, EventCode.ACCOUNT_CLOSED),
}
"""From which status an account is brought to which, and what is logged."""


class Prepayment:
    """Prepayment of the owner's meter."""

    def __init__(self, owner: Owner, seed: int, made: PaymentManufacture, control_mode: ControlMode) -> None:
        """A meter that has no payment row yet is set up as it leaves the works."""
        self._owner = owner
        self._meter = meter = owner.meter
        self._made = made
        self._works = sts_configuration(meter.number, made)
        self._rows = meter.memory.payment
        self._place = np.array([meter.index])
        self._known_rules: Rules | None = None
        self.tampering = False
        """Somebody's hand is in the meter."""
        self._keeping = False
        """An appointment is being kept."""
        meter.collect_through(self.settle)
        now_ms = meter.time_ms
        if not number(self._row(), "made"):
            meter.set_control_mode(control_mode, now_ms)
            self._set_up(seed)
        algorithm = EncryptionAlgorithm(number(self._row(), "encryption_algorithm"))
        if (
            algorithm is not made.encryption_algorithm
        ):  # of a fleet that is opened with other words than it was made with
            self._works = sts_configuration(meter.number, replace(made, encryption_algorithm=algorithm))
        self.settle(now_ms)

    def _set_up(self, seed: int) -> None:
        terms, meter, row = self.terms, self._meter, self._row()
        clock_s = meter.clock_ms(meter.time_ms) // MS_PER_S
        per_tenth = MONEY_PER_TENTH if terms.counts_money else WH_PER_TENTH
        credit = amount_of(self._made.credit_tenths * per_tenth)
        balance = Balance(credit, meter.import_mwh, terms.prices[meter.rate])
        put_account(row, Account(balance, terms.first_status, clock_s))
        key = decoder_key(seed, self._works, self._made.tables)
        put_decoder(row, Decoder(self._works, key))
        row["power_limit_w"] = row["phase_unbalance_limit_w"] = NO_LIMIT
        row["appointments_s"] = clock_s
        row["made"] = 1
        self._rows.commit(self._place, row)

    @property
    def meter(self) -> Meter:
        return self._meter

    @property
    def works(self) -> StsConfiguration:
        """What the meter was for a token when it left the works."""
        return self._works

    # What there is

    @property
    def terms(self) -> Terms:
        """As the payment objects are set now."""
        return self._rules.terms

    @property
    def _rules(self) -> Rules:
        """Worked out when something was set."""
        if self._known_rules is None:
            self._known_rules = Rules(self._owner)
        return self._known_rules

    def terms_changed(self, now_ms: int) -> None:
        """A payment object or the calendar of friendly hours was set. What was due until now was due on the terms before."""
        self.settle(now_ms)
        appointed = self._rules.appointments
        self._known_rules = None
        if self._rules.appointments != appointed and not self._keeping:
            row = self._row()
            row["appointments_s"] = self._clock_s(now_ms)
            self._rows.commit(self._place, row)
        self.settle(now_ms)

    def _clock_s(self, now_ms: int) -> int:
        return self._meter.clock_ms(now_ms) // MS_PER_S

    @property
    def account(self) -> Account:
        return account_of(self._row())

    @property
    def decoder(self) -> Decoder:
        return self._decoder(self._row())

    @property
    def row(self) -> Rows:
        """The row as it was committed last."""
        return self._row()

    def left(self, now_ms: int) -> int:
        """Millionths of the amount unit: credit above 0, lent by emergency credit below."""
        return self.account.left(self._import_mwh(now_ms))

    def _import_mwh(self, now_ms: int) -> int:
        """The import register at `now_ms`, without moving the meter on."""
        return self._meter.import_mwh_at(now_ms)

    def display(self, now_ms: int) -> dict[str, str | int | bool | None]:
        """What everybody can see: credit (in Wh too, where it is energy), and whether the lamps burn."""
        meter = self._meter
        if not meter.powered:
            return {"credit": None, "credit_wh": None, "supplied": False}
        meter.advance(now_ms)
        left, money = self.left(now_ms), self.terms.counts_money
        credit_wh = None if money else whole(left)
        return {
            "credit": credit_text(left, counts_money=money),
            "credit_wh": credit_wh,
            "supplied": meter.output_state,
        }

    # What happens

    def enter_token(self, digits: str, delivery: TokenDeliveryMethod, now_ms: int) -> TokenOutcome:
        """A token comes, as its 20 digits. What the meter answers; whatever it accepted is on the disk by then."""
        if not self._meter.powered:
            return TokenOutcome(TokenResult.NOT_READY, None, ())
        self.settle(now_ms)
        row = self._row()
        decoder, account = self._decoder(row), account_of(row)
        left = account.left(self._meter.import_mwh)
        terms = self._rules.terms_at(self._clock_s(now_ms))
        purse = Purse(terms.counts_money, whole(left), terms.amount_max)
        acceptance = accept(decoder, digits, delivery, purse, now_ms)
        if account.status is AccountStatus.CLOSED and acceptance.token is not None:
            acceptance = Acceptance(decoder, TokenResult.FUNCTION_ERROR, acceptance.token)
        taken = acceptance.result is TokenResult.ACCEPT
        if taken:
            account = self._carried_out(row, account, acceptance.token, terms, now_ms)
        put_decoder(row, acceptance.decoder)
        put_account(row, account)
        display = lines(acceptance.result, acceptance.token, acceptance.key_change, self._shown(row, terms, now_ms))
        self._note(row, digits, delivery, acceptance.result, display, now_ms)
        self._store(row, account, terms)
        self._rows.flush(self._meter.index)
        self._log_token(decoder, acceptance, now_ms)
        self.settle(now_ms)
        return TokenOutcome(acceptance.result, acceptance.token, display)

    def _carried_out(self, row: Rows, account: Account, token: Token | None, terms: Terms, now_ms: int) -> Account:
        """The account after an accepted token; what else it sets goes into the row."""
        clock_s = self._clock_s(now_ms)
        match token:
            case CreditToken() | CurrencyCreditToken():
                amount = amount_of(credited_amount(token))
                return with_token(account, amount, terms, self._meter.import_mwh, clock_s)
            case ClearCreditToken():
                return cleared(account, self._meter.import_mwh)
            case ClearTamperToken():
                return replace(account, tampered=account.tampered and self.tampering)
            case PowerLimitToken(limit_w=limit_w):
                limit_power(self._owner, limit_w, now_ms)  # first: entered again after a crash, the token sets it again
                row["power_limit_w"] = limit_w
            case PhaseUnbalanceToken(limit_w=limit_w):
                limit_phases(self._owner, limit_w, now_ms)
                row["phase_unbalance_limit_w"] = limit_w
            case TariffRateToken(rate=rate):
                row["tariff_rate"] = rate
            case WaterFactorToken(factor=factor):
                row["water_factor"] = factor
            case ExtendedSetToken(index=index, value=value):
                row["extended_set"] = index << 10 | value
        return account

    def _note(
        self,
        row: Rows,
        digits: str,
        delivery: TokenDeliveryMethod,
        result: TokenResult,
        display: tuple[str, ...],
        now_ms: int,
    ) -> None:
        """What the token gateway shows of the last token."""
        put_text(row, "token", digits.encode("ascii", "replace"))
        put_text(row, "display", fitting(display))
        row["token_s"] = self._clock_s(now_ms)
        row["token_delivery"] = int(delivery)
        row["token_result"] = RESULT_NUMBERS[result]
        row["tokens_accepted" if result.is_accepted else "tokens_refused"] += np.uint32(1)

    def _log_token(self, before: Decoder, acceptance: Acceptance, now_ms: int) -> None:
        log = self._meter.log_event
        log(EventCode.TOKEN_ACCEPTED if acceptance.result.is_accepted else EventCode.TOKEN_REFUSED, now_ms)
        if acceptance.key_change is not None:
            log(EventCode.DECODER_KEY_CHANGED, now_ms)
        if acceptance.decoder.locked_until_ms > before.locked_until_ms:
            log(EventCode.KEYPAD_LOCKED, now_ms)
        cleared_tamper = isinstance(acceptance.token, ClearTamperToken) and acceptance.result is TokenResult.ACCEPT
        if cleared_tamper and not self.tampering:
            log(EventCode.TAMPER_CLEARED, now_ms)

    def tamper(self, now_ms: int) -> None:
        """Somebody has tampered with the meter: no supply until a token clears it, which none does while `tampering`."""
        if not self.account.tampered:
            self.change(lambda account, terms: replace(account, tampered=True), now_ms)
            self._meter.log_event(EventCode.TAMPER_DETECTED, now_ms)

    def select_emergency(self, now_ms: int) -> bool:
        """The consumer selects emergency credit. Whether there is any, and credit is low enough for it."""
        self.settle(now_ms)
        account, terms = self.account, self.terms
        left = account.left(self._meter.import_mwh)
        if terms.emergency_limit <= 0 or left > max(0, terms.emergency_from) or left <= -terms.emergency_limit:
            return False
        if account.emergency is Emergency.NOT_SELECTED:
            self.change(lambda account, terms: replace(account, emergency=Emergency.SELECTED), now_ms)
        return True

    def reconnect(self, now_ms: int) -> bool:
        """The consumer presses the meter's button to be supplied again. Whether the switch is closed now."""
        self._meter.command(Command.MANUAL_RECONNECT, now_ms)
        self.settle(now_ms)
        return self._meter.output_state

    def change(self, changed: Callable[[Account, Terms], Account], now_ms: int) -> None:
        """Another account from now on."""
        self.settle(now_ms)
        row, terms = self._row(), self._rules.terms_at(self._clock_s(now_ms))
        account = changed(account_of(row), terms)
        put_account(row, account)
        self._store(row, account, terms)
        self.settle(now_ms)

    def settle(self, now_ms: int) -> None:
        """Bring account, marks and switch in line with what is now. Moves the meter on, which settles at marks before."""
        if not self._meter.powered:
            return
        self._meter.move_on(now_ms)
        self._settle_account(now_ms)
        if self._keep_appointments(now_ms):
            self._settle_account(now_ms)

    def _settle_account(self, now_ms: int) -> None:
        row, terms = self._row(), self._rules.terms_at(self._clock_s(now_ms))
        before = account_of(row)
        account, events = self._as_due(before, terms, now_ms)
        for event in events:
            self._meter.log_event(event, now_ms)
        if account != before:
            put_account(row, account)
            self._store(row, account, terms)
        else:
            self._meter.set_marks(*self._marks(account, terms))
        self._follow(account, terms, now_ms)

    def _as_due(self, account: Account, terms: Terms, now_ms: int) -> tuple[Account, list[EventCode]]:
        """The account with everything that time and consumption have done to it."""
        meter = self._meter
        clock_s, import_mwh = self._clock_s(now_ms), meter.import_mwh
        active = account.status is AccountStatus.ACTIVE
        price = terms.prices[meter.rate] if active else 0
        if price != account.balance.price:
            account = rebased(account, import_mwh, price, clock_s)
        if not self.terms.charges_days:
            account = replace(account, days_until_s=0)
        elif not account.days_until_s:  # from now on; until now there was no such charge
            account = replace(account, days_until_s=clock_s)
        else:
            midnights, until_s = self._midnights(account.days_until_s, clock_s)
            account = replace(account, days_until_s=until_s)
            charged = active and (meter.output_state or terms.charged_when_off)
            for midnight_s in midnights if charged else ():
                account = with_days(account, 1, self._rules.terms_at(midnight_s), import_mwh, clock_s)
        return settled(account, terms, import_mwh)

    def _midnights(self, until_s: int, clock_s: int) -> tuple[list[int], int]:
        """Local midnights behind `until_s` up to `clock_s`, and up to when all is done. After a long absence not all count."""
        found: list[int] = []
        while len(found) < COLLECTED_DAYS_MAX and (midnight_s := self._next_midnight_s(until_s)) <= clock_s:
            found.append(midnight_s)
            until_s = midnight_s
        return found, until_s if len(found) < COLLECTED_DAYS_MAX else clock_s

    def _next_midnight_s(self, clock_s: int) -> int:
        return int(self._meter.zone.next_midnight_s(np.array([clock_s]))[0])

    def _marks(self, account: Account, terms: Terms) -> tuple[int, int]:
        """At which import and when this must be looked at next."""
        next_s = self._rules.next_s(self._clock_s(self._meter.time_ms))
        midnight_s = self._next_midnight_s(account.days_until_s) if account.days_until_s else NEVER_S
        return account.mark_mwh(terms, self._meter.import_mwh), min(midnight_s, next_s)

    def _store(self, row: Rows, account: Account, terms: Terms) -> None:
        """Commit the row, with the marks in the order in which none that holds can be passed."""
        marks = self._marks(account, terms)
        present = self._meter.marks[0]
        if marks[0] != NO_MARK and (present == NO_MARK or marks[0] < present):
            self._meter.set_marks(*marks)
        self._rows.commit(self._place, row)
        self._meter.set_marks(*marks)

    def _follow(self, account: Account, terms: Terms, now_ms: int) -> None:
        """The load switch, as far as the control mode lets the meter itself move it."""
        meter = self._meter
        if not account.may_supply(terms, meter.import_mwh):
            if meter.output_state:
                meter.command(Command.LOCAL_DISCONNECT, now_ms)
            if meter.output_state:  # a mode in which it never opens: nothing is to be watched either
                meter.set_marks(NO_MARK, meter.marks[1])
            return
        if not account.cut_off:
            return
        if meter.control_state is ControlState.READY_FOR_RECONNECTION:
            meter.command(Command.LOCAL_RECONNECT, now_ms)
        if meter.output_state:
            meter.log_event(EventCode.CREDIT_RESTORED, now_ms)
            row = self._row()
            row["cut_off"] = 0
            self._rows.commit(self._place, row)

    def _keep_appointments(self, now_ms: int) -> bool:
        """Do what was appointed up to now; whether anything was. Whoever dies in between does all of it again, to the same end."""
        clock_s = self._clock_s(now_ms)
        due = self._rules.appointments.due(number(self._row(), "appointments_s"), clock_s)
        if not due or self._keeping:
            return False
        self._keeping = True
        try:
            for one in due:
                if one.deed is Deed.ACTIVATE_UNIT_CHARGE:
                    activate_unit_charge(self._owner, one.name, now_ms)
        finally:
            self._keeping = False
        self._known_rules = None  # the device tells of it only once it is whole
        row, events = self._row(), []
        for one in due:
            status = AccountStatus(number(row, "account_status"))
            if one.deed in _STATUSES and status is _STATUSES[one.deed][0]:
                row["account_status"] = int(_STATUSES[one.deed][1])
                events.append(_STATUSES[one.deed][2])
        row["appointments_s"] = clock_s
        self._rows.commit(self._place, row)
        for event in events:
            self._meter.log_event(event, now_ms)
        return True

    # Its parts

    def _row(self) -> Rows:
        return self._rows.read(self._place)

    def _decoder(self, row: Rows) -> Decoder:
        return decoder_of(row, self._works.meter_pan, self._works.three_token_key_change, self._made.tables)

    def _shown(self, row: Rows, terms: Terms, now_ms: int) -> Shown:
        meter = self._meter
        return Shown(
            self._decoder(row).configuration,
            credit_text(account_of(row).left(meter.import_mwh), counts_money=terms.counts_money),
            meter.import_mwh // MWH_PER_WH,
            lambda: int(meter.power(now_ms)[Quantity.ACTIVE_IMPORT]),
            meter.output_state,
            limit_of(row, "power_limit_w"),
            limit_of(row, "phase_unbalance_limit_w"),
            bool(number(row, "tampered")),
            number(row, "tariff_rate"),
            number(row, "water_factor"),
            f"ferraris {__version__}",
        )


def limit_of(row: Rows, field: str) -> int | None:
    """A limit that a token has set; None when none has."""
    limit = number(row, field)
    return None if limit == NO_LIMIT else limit


def credit_text(left: int, *, counts_money: bool) -> str:
    """What is left, as people read it: rounded down, never more than there is."""
    units = whole(left)
    if counts_money:
        return f"{Decimal(units // 1_000) / 100}"
    return f"{Decimal(units) / 1_000} kWh"
