"""The payment memory: made when it is needed, whole or not at all; credit and tokens through kill -9 at any moment."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ferraris.cosem import obis
from ferraris.cosem.classes.account import Account, AccountStatus
from ferraris.cosem.classes.charge import Charge
from ferraris.kernel.errors import StoreError
from ferraris.meter.committed_rows import CommittedRows, Indices
from ferraris.meter.fleet import Fleet
from ferraris.meter.mapped_file import MappedFile, Rows
from ferraris.meter.memory import STATE, FleetMemory
from ferraris.meter.payment import PaymentManufacture
from ferraris.meter.payment_memory import FILE, PAYMENT, create_payment_file, payment_file
from ferraris.sts import TokenResult
from tests.meter.payment.prepaid import KWH, Prepaid, laboratory
from tests.meter.payment.test_appointments import HOUR_MS, appoint, new_price
from tests.meter.payment.test_friendly import befriend
from tests.meter.steady import MONDAY_MS, STEADY, Maker

STARTED = PaymentManufacture(credit_tenths=20)


def make(directory: Path, count: int = 3) -> FleetMemory:
    return FleetMemory.create(directory, np.zeros(count, STATE))


def test_a_fleet_without_prepayment_meters_has_no_payment_memory(tmp_path: Path) -> None:
    make(tmp_path).close()
    assert not (tmp_path / "nvm" / FILE).exists()
    assert payment_file(tmp_path / "nvm", 3) is None


def test_it_is_made_when_a_meter_asks_and_found_again(tmp_path: Path) -> None:
    memory = make(tmp_path)
    rows = memory.payment.read(np.array([1]))
    rows["balance"] = 5
    memory.payment.commit(np.array([1]), rows)
    memory.close()
    memory = FleetMemory(tmp_path)
    assert memory.payment.column("balance").tolist() == [0, 5, 0]
    memory.flush()
    memory.close()


def test_what_a_broken_off_making_left_is_made_anew(tmp_path: Path) -> None:
    make(tmp_path).close()
    (tmp_path / "nvm" / f"{FILE}.part").write_bytes(b"half")
    file = create_payment_file(tmp_path / "nvm", 3)
    assert file.rows.dtype == PAYMENT
    assert not (tmp_path / "nvm" / f"{FILE}.part").exists()


def test_that_of_another_fleet_is_refused_and_the_lock_given_up(tmp_path: Path) -> None:
    make(tmp_path).close()
    create_payment_file(tmp_path / "nvm", 4)
    with pytest.raises(StoreError, match="another number of meters"):
        FleetMemory(tmp_path)
    (tmp_path / "nvm" / FILE).unlink()
    FleetMemory(tmp_path).close()


def test_nobody_but_the_owner_can_read_it(tmp_path: Path) -> None:
    make(tmp_path).payment  # noqa: B018
    assert (tmp_path / "nvm" / FILE).stat().st_mode & 0o077 == 0


# Kill -9

VICTIM = """
import sys
from pathlib import Path
from ferraris.kernel.entropy import SeededEntropy
from ferraris.meter.fleet import Fleet
from tests.meter.payment.prepaid import Prepaid
from tests.meter.steady import MONDAY_MS, PERFECT, STEADY
from tests.meter.test_payment_memory import STARTED

fleet = Fleet.create(Path(sys.argv[1]), PERFECT, STEADY, SeededEntropy(5), MONDAY_MS)
meters = [Prepaid(fleet, index=index, made=STARTED) for index in range(3)]
step = 0
while True:
    step += 1
    now_ms = MONDAY_MS + step * 400_000
    fleet.advance(now_ms)
    meter = meters[step % 3]
    meter.now_ms = now_ms
    token = meter.credit(step % 7 + 1)
    result = meter.enter(token)
    # What the customer has seen: from here on the token must never be taken again, and its credit must be there.
    print(step, token, result, now_ms, flush=True)
"""


@pytest.mark.parametrize("lines", [2, 9, 33, 61])
def test_killed_at_any_moment_credit_is_exact_and_no_token_is_taken_twice(tmp_path: Path, lines: int) -> None:
    """The victim goes on while its lines are read, so the kill comes somewhere in one of the next steps."""
    victim = subprocess.Popen([sys.executable, "-c", VICTIM, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert victim.stdout is not None
    seen = [victim.stdout.readline() for _ in range(lines)]
    victim.send_signal(signal.SIGKILL)
    seen += victim.stdout.readlines()
    victim.wait()
    steps = [line.split() for line in seen if line.endswith("\n")]
    last_ms = int(steps[-1][3])
    fleet = Fleet.open(tmp_path, STEADY, last_ms + 10_000_000)
    for index in range(3):
        meter = Prepaid(fleet, index=index, made=STARTED, now_ms=last_ms + 10_000_000)
        mine = [step for step in steps if int(step[0]) % 3 == index]
        assert {step[2] for step in mine} <= {"accept"}
        account = meter.payment.account
        seen_credit = sum(int(step[0]) % 7 + 1 for step in mine) * KWH // 10
        # The kill may have come between the commit of one more token and its line.
        last = int(mine[-1][0]) if mine else (index or 3) - 3
        unseen = ((last + 3) % 7 + 1) * KWH // 10
        assert account.credited in (seen_credit, seen_credit + unseen)
        assert meter.left == 2 * KWH + account.credited - 1_000 * meter.device.meter.import_mwh
        assert meter.left >= 0
        for step in mine:
            assert meter.enter(step[1]) is TokenResult.USED_ERROR
    fleet.close()


# Cut off at every single write


class CutOffError(Exception):
    """The process died."""


class Doomed:
    """Counts the commits of a fleet's memory, and dies in one of them: before it, in its middle, or behind it."""

    def __init__(self, memory: FleetMemory, after: int, how: str) -> None:
        self.left = after
        self.how = how
        self.names: list[str] = []
        rooms = (memory.state, "state"), (memory.payment, "payment"), (memory.settings, "settings")
        for rows, name in rooms:
            self._hook(rows, name)

    def _hook(self, rows: CommittedRows, name: str) -> None:
        commit: Callable[[Indices, Rows], None] = rows.commit

        def doomed(meters: Indices, changed: Rows) -> None:
            self.names.append(name)
            self.left -= 1
            if self.left < 0:
                if self.how == "torn":
                    self._tear(rows, meters, changed)
                if self.how == "behind":
                    commit(meters, changed)
                raise CutOffError
            commit(meters, changed)

        rows.commit = doomed  # type: ignore[method-assign]

    def _tear(self, rows: CommittedRows, meters: Indices, changed: Rows) -> None:
        other = np.int8(1) - rows._current[meters]
        torn = rows._slots[meters, other]
        octets, new = (array.view(np.uint8).reshape(len(meters), -1) for array in (torn, changed))
        octets[:, : changed.dtype.itemsize // 2] = new[:, : changed.dtype.itemsize // 2]
        rows._slots[meters, other] = torn


def life(meter: Prepaid, tokens: list[str], heard: list[TokenResult]) -> None:
    """Consumes all credit, is cut off, types a token, consumes it, types one that is refused, and a key change."""
    meter.passes(19_000_000)
    heard.append(meter.enter(tokens[0]))
    meter.passes(4_000_000)
    heard.append(meter.enter(tokens[0]))
    heard.append(meter.enter(tokens[1]))
    for digits in tokens[2:]:
        heard += [meter.enter(digits)]
    meter.passes(20_000_000)


def tokens_of(meter: Prepaid) -> list[str]:
    return [meter.credit(10), meter.credit(5), *meter.key_change(key_revision_number=2)[2]]


@pytest.mark.parametrize("how", ["before", "torn", "behind"])
def test_cut_off_at_every_single_commit(make_fleet: Maker, tmp_path: Path, how: str) -> None:
    fleet = make_fleet(name=f"whole-{how}")
    meter = Prepaid(fleet, made=STARTED)
    whole = Doomed(fleet.memory, 10**9, how)
    heard: list[TokenResult] = []
    life(meter, tokens_of(meter), heard)
    assert [str(result) for result in heard[:3]] == ["accept", "used_error", "accept"]
    assert heard[-1] is TokenResult.ACCEPT
    assert {"state", "payment"} == set(whole.names)
    for place in range(len(whole.names)):
        cut_off_at(make_fleet(name=f"{how}-{place}"), tmp_path / f"{how}-{place}", place, how)


def cut_off_at(fleet: Fleet, folder: Path, place: int, how: str) -> None:
    meter = Prepaid(fleet, made=STARTED)
    tokens, heard = tokens_of(meter), []
    Doomed(fleet.memory, place, how)
    with pytest.raises(CutOffError):
        life(meter, tokens, heard)
    now_ms = meter.now_ms
    FleetMemory.close(fleet.memory)
    fleet = Fleet.open(folder, STEADY, now_ms)
    again = Prepaid(fleet, made=STARTED, now_ms=now_ms)
    account = again.payment.account
    accepted = [heard[place] for place in (0, 2) if place < len(heard)]
    most = [KWH, KWH // 2]
    # What was heard is there; what was not heard is there once or not at all.
    assert sum(most[: len(accepted)]) <= account.credited <= sum(most[: len(accepted) + 1])
    assert again.left == 2 * KWH + account.credited - 1_000 * again.device.meter.import_mwh
    # One look at the mark too late, after the restart: a thousandth of a Wh.
    assert again.left >= -1_000
    assert again.supplied is (again.left > 0)
    again.key, again.configuration = meter.key, meter.configuration
    if again.payment.decoder.key == meter.key:
        for token, worth in zip(tokens[:2], most, strict=True):
            before = again.payment.account.credited
            result = again.enter(token)
            after = again.payment.account.credited
            assert (result, after - before) in ((TokenResult.ACCEPT, worth), (TokenResult.USED_ERROR, 0))
            assert again.enter(token) is TokenResult.USED_ERROR
        assert again.payment.account.credited == KWH + KWH // 2
    fleet.close()


RICH = PaymentManufacture(credit_tenths=40)
TERMS = """
CHARGE_DEBT = { values.proportion = 5000 }
ACCOUNT = { values.max_provision = 300, values.max_provision_period = 86400 }
"""
"""Half of each payment goes to debt, but no more than 0.3 kWh a day."""


def prepared(fleet: Fleet) -> Prepaid:
    """A price of 2 from 04:00 on, closure at 14:00, friendly hours from 02:00 to 08:00 local time, a debt of 1 kWh."""
    meter = Prepaid(fleet, laboratory(TERMS), RICH)
    befriend(meter, 2, 8)
    new_price(meter, 2)
    appoint(meter, Charge.unit_charge_activation_time, MONDAY_MS + 4 * HOUR_MS, obis.CHARGE_CONSUMPTION)
    appoint(meter, Account.account_closure_time, MONDAY_MS + 14 * HOUR_MS)
    meter.payment.change(lambda account, terms: replace(account, debt=KWH), meter.now_ms)
    return meter


def day(meter: Prepaid, tokens: list[str], heard: list[TokenResult]) -> None:
    """From now on to 16:00: spared until 08:00, cut off; two tokens of 1.5 kWh, one before and one after."""
    for place, hour in enumerate((5, 11)):
        if meter.now_ms < MONDAY_MS + hour * HOUR_MS:
            meter.passes(MONDAY_MS + hour * HOUR_MS - meter.now_ms)
        heard.append(meter.enter(tokens[place]))
    meter.passes(MONDAY_MS + 16 * HOUR_MS - meter.now_ms)


@pytest.mark.parametrize("how", ["before", "torn", "behind"])
def test_prices_closure_and_provision_come_once_wherever_it_is_cut_off(
    make_fleet: Maker, tmp_path: Path, how: str
) -> None:
    fleet = make_fleet(name=f"day-{how}")
    meter = prepared(fleet)
    tokens = [meter.credit(15), meter.credit(15)]
    whole = Doomed(fleet.memory, 10**9, how)
    day(meter, tokens, [])
    assert {"state", "payment", "settings"} == set(whole.names)
    expected = end_of(meter)
    assert expected[:3] == (AccountStatus.CLOSED, 2_000, 7 * KWH // 10)
    for place in range(len(whole.names)):
        name = f"day-{how}-{place}"
        meter = prepared(make_fleet(name=name))
        heard: list[TokenResult] = []
        Doomed(meter.fleet.memory, place, how)
        with pytest.raises(CutOffError):
            day(meter, tokens, heard)
        FleetMemory.close(meter.fleet.memory)
        fleet = Fleet.open(tmp_path / name, STEADY, meter.now_ms)
        again = Prepaid(fleet, meter.model, RICH, now_ms=meter.now_ms)
        day(again, tokens, heard)
        assert end_of(again) == expected
        fleet.close()


def end_of(meter: Prepaid) -> tuple[AccountStatus, int, int, int, int]:
    """Status and price, debt, what tokens brought, and what nothing accounts for."""
    account, import_mwh = meter.payment.account, meter.device.meter.import_mwh
    paid = sum(collection.paid for collection in account.collections) + account.balance.consumed(import_mwh)
    price = meter.payment.terms.prices[0]
    return account.status, price, account.debt, account.credited, 4 * KWH + account.credited - paid - meter.left


def test_the_memorys_file_has_two_slots_for_each_meter(tmp_path: Path) -> None:
    file = create_payment_file(tmp_path, 2)
    assert isinstance(file, MappedFile)
    assert file.rows.shape == (2, 2)
    assert PAYMENT.itemsize < 1_024


def test_the_time_at_which_the_fleet_was_made_does_not_matter(make_fleet: Maker) -> None:
    """A fleet that has lived without prepayment can be given prepayment meters: they begin at the reading there is."""
    fleet = make_fleet()
    fleet.advance(MONDAY_MS + 86_400_000)
    meter = Prepaid(fleet, made=STARTED, now_ms=MONDAY_MS + 86_400_000)
    assert meter.left == 2 * KWH
