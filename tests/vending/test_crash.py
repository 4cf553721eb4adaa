"""Killed at every single write: money and tokens agree, whatever was cut, and a retry goes on with the same token.

An order is run once to learn its moments (each write of the store before it happens, each commit before and after, and the
security module's answers); then once for every moment, cut off there, and gone on with by another system at the same store.
"""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa

from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import StoreError
from ferraris.store import SaleFilter, open_vending_store
from ferraris.vending import EngineeringKind, EngineeringRequest, Sale, SaleRequest, Vending
from tests.vending.house import (
    MINUTE_MS,
    NOON_MS,
    OPERATOR,
    SUPERVISOR,
    House,
    StreetModule,
    configuration,
    make_house,
    settings,
)

METER = configuration(1).meter_pan.decoder_reference_number
TOGETHER = 3


class Killed(BaseException):
    """The process is gone: nothing may catch this."""


class KillAt:
    """A write hook that kills at its n-th call, and counts them all."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.at = -1

    def __call__(self, moment: str) -> None:
        self.seen.append(moment)
        if len(self.seen) == self.at:
            raise Killed(moment)

    def arm(self, at: int) -> None:
        self.seen, self.at = [], at


def request(message_id: str, amount: str = "100", meter: str = METER) -> SaleRequest:
    return SaleRequest(message_id=message_id, till="T1", operator=OPERATOR, meter=meter, amount=Decimal(amount))


def sell(vending: Vending) -> Sale:
    return vending.sell(request("m1"), NOON_MS)


def sell_with_key_change(vending: Vending) -> Sale:
    present = vending.registry.meter(METER).present.sts
    if present.key_revision_number == 1:
        vending.registry.want(replace(present, key_revision_number=2), SUPERVISOR, NOON_MS)
    return vending.sell(request("m1"), NOON_MS)


def reverse(vending: Vending) -> Sale:
    return vending.reverse(vending.sell(request("m1"), NOON_MS).number, SUPERVISOR, NOON_MS)


def sell_together(vending: Vending) -> Sale:
    sold = vending.sell_together([request(f"m{place}") for place in range(1, TOGETHER + 1)], NOON_MS)
    assert isinstance(sold[0], Sale)
    return sold[0]


def engineering(vending: Vending) -> Sale:
    asked = EngineeringRequest(
        message_id="m1", till="T1", operator=OPERATOR, meter=METER, kind=EngineeringKind.CLEAR_TAMPER
    )
    vending.engineering.request(asked, NOON_MS)
    return vending.engineering.approve("m1", SUPERVISOR, NOON_MS)


ORDERS: dict[str, tuple[Callable[[Vending], Sale], dict[str, int]]] = {
    "a sale": (sell, {"till:T1:cash": 10_000}),
    "a sale with a key change": (sell_with_key_change, {"till:T1:cash": 10_000}),
    "a reversal": (reverse, {"till:T1:cash": 0}),
    "sales together": (sell_together, {"till:T1:cash": 30_000}),
    "an engineering token": (engineering, {}),
}


def bottle(path: Path | str = ":memory:") -> tuple[House, KillAt]:
    hook = KillAt()
    return make_house(path, hook=hook), hook


def moments(order: Callable[[Vending], Sale]) -> tuple[list[str], Sale]:
    house, hook = bottle()
    hook.arm(-1)
    sale = order(house.vending)
    return hook.seen, sale


EVERY_MOMENT = [
    pytest.param(name, at, id=f"{name}, {moment}")
    for name, (order, _) in ORDERS.items()
    for at, moment in enumerate(moments(order)[0], start=1)
]


@pytest.mark.parametrize(("name", "at"), EVERY_MOMENT)
def test_killed_at_a_write_a_retry_ends_as_if_nothing_had_been(name: str, at: int) -> None:
    order, balances = ORDERS[name]
    house, hook = bottle()
    hook.arm(at)
    with pytest.raises(Killed):
        order(house.vending)
    hook.arm(-1)
    sale = order(house.another())
    check(house, sale, balances)


@pytest.mark.parametrize(("name", "at"), EVERY_MOMENT)
def test_killed_at_a_write_recovery_leaves_nothing_open_and_a_retry_agrees(name: str, at: int) -> None:
    order, balances = ORDERS[name]
    house, hook = bottle()
    hook.arm(at)
    with pytest.raises(Killed):
        order(house.vending)
    hook.arm(-1)
    issued_before = Counter(house.module.issued)
    recovery = house.another().recover(NOON_MS + MINUTE_MS)
    assert (recovery.voided, recovery.pending) == (0, 0)
    assert house.vending.verify_ledger().pending == 0
    assert set(issued_before) <= set(house.module.issued)
    check(house, order(house.another()), balances)


def check(house: House, sale: Sale, balances: dict[str, int]) -> None:
    """One order, its tokens issued under one identifier each, the money posted once, the chain whole."""
    assert {name: house.vending.balances().get(name, 0) for name in balances} == balances
    assert sum(house.vending.balances().values()) == 0
    assert house.vending.verify_ledger().pending == 0
    sales = house.vending.sales(SaleFilter())
    assert len({one.message_id for one in sales}) == len(sales)
    digits = [token.digits for one in sales for token in one.tokens]
    assert len(set(digits)) == len(digits)
    identifiers = [token.token_identifier for one in sales for token in one.tokens if token.token_identifier]
    assert len(set(identifiers)) == len(identifiers)
    assert set(house.module.issued) <= set(digits)
    assert house.vending.sale(sale.number) == sale


@pytest.mark.parametrize("name", ORDERS)
def test_killed_while_the_module_issues(name: str) -> None:
    order, balances = ORDERS[name]
    house, _ = bottle()
    house.module.interrupt = Killed("in the module")
    with pytest.raises(Killed):
        order(house.vending)
    house.module.interrupt = None
    check(house, order(house.another()), balances)


def test_killed_at_every_write_of_every_retry_too() -> None:
    """The retry is killed as well, and the one after it, each one write later, until one gets through."""
    house, hook = bottle()
    for at in range(1, 100):
        hook.arm(at)
        try:
            sale = sell(house.another())
        except Killed:
            continue
        hook.arm(-1)
        check(house, sale, {"till:T1:cash": 10_000})
        return
    pytest.fail("no retry ever got through")


# A full store


def test_a_store_that_is_full_at_any_page_loses_nothing(tmp_path: Path) -> None:
    """SQLite may grow by one page more each time: the sale fails wherever it hits the end, and ends well when there is room."""
    path = tmp_path / "vending.sqlite"
    make_house(path).store.close()
    failures: set[str] = set()
    for sold in range(40):
        house = House(open_vending_store(path), StreetModule(), None, [METER])  # type: ignore[arg-type]
        house.vending = Vending(house.store, house.module, SeededEntropy(sold), settings())
        _set_pages(house, 0)
        for more in range(12):
            try:
                sale = house.vending.sell(request(f"m{sold}", "10"), NOON_MS + sold * MINUTE_MS)
                break
            except StoreError as error:
                failures.add(str(error))
                _set_pages(house, more + 1)
                assert house.vending.balances().get("till:T1:cash", 0) == 1_000 * sold
        else:
            pytest.fail("room did not help")
        assert sale.state == "posted"
        assert house.vending.verify_ledger().pending == 0
        house.store.close()
    assert failures
    assert all("full" in failure for failure in failures)


def _set_pages(house: House, more: int) -> None:
    """Let the file grow by so many pages beyond what it has."""
    with house.store.reading() as reader:
        connection: sa.Connection = reader._connection  # type: ignore[attr-defined]
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages + more}")


# Real processes

CHILD = """
import sys
from pathlib import Path
from ferraris.kernel.entropy import SystemEntropy
from ferraris.store import open_vending_store
from ferraris.vending import Vending, VendingError
from tests.vending.house import MINUTE_MS, NOON_MS, StreetModule, settings
from tests.vending.test_crash import METER, request
import os, signal

path, name, count, kill_at = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
seen = 0
def hook(moment):
    global seen
    seen += 1
    if seen == kill_at:
        os.kill(os.getpid(), signal.SIGKILL)
vending = Vending(open_vending_store(path, hook), StreetModule(), SystemEntropy(), settings(token_identifiers_ahead_max=500))
print("ready", flush=True)
sys.stdin.readline()
for place in range(count):
    sale = vending.sell(request(f"{name} {place}", "10"), NOON_MS)
    print(sale.number, sale.tokens[0].token_identifier, sale.tokens[0].digits, flush=True)
"""


def till(path: Path, name: str, count: int, kill_at: int = -1) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", CHILD, str(path), name, str(count), str(kill_at)]
    started = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    )
    assert started.stdout is not None
    assert started.stdout.readline() == "ready\n"
    return started


def test_two_tills_in_two_processes_at_one_meter_in_one_minute(tmp_path: Path) -> None:
    path = tmp_path / "vending.sqlite"
    make_house(path).store.close()
    tills = [till(path, name, 40) for name in ("left", "right")]
    for one in tills:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    sold = [line.split() for one in tills for line in one.communicate(timeout=120)[0].splitlines()]
    assert [one.returncode for one in tills] == [0, 0]
    assert len({number for number, _, _ in sold}) == 80
    first = min(int(identifier) for _, identifier, _ in sold)
    assert sorted(int(identifier) for _, identifier, _ in sold) == list(range(first, first + 80))
    assert len({digits for _, _, digits in sold}) == 80
    store = open_vending_store(path)
    vending = Vending(store, StreetModule(), SeededEntropy(1), settings())
    assert vending.balances()["till:T1:cash"] == 80_000
    assert vending.verify_ledger().pending == 0
    store.close()


@pytest.mark.parametrize("kill_at", [4, 7, 8, 9, 13, 14, 20, 31])
def test_a_process_that_is_killed_leaves_what_it_had_committed(tmp_path: Path, kill_at: int) -> None:
    path = tmp_path / "vending.sqlite"
    make_house(path).store.close()
    victim = till(path, "m", 5, kill_at)
    said = victim.communicate("go\n", timeout=60)[0].splitlines()
    assert victim.returncode == -signal.SIGKILL
    store = open_vending_store(path)
    vending = Vending(store, StreetModule(), SeededEntropy(1), settings())
    recovery = vending.recover(NOON_MS)
    assert recovery.posted <= 1
    again = [vending.sell(request(f"m {place}", "10"), NOON_MS) for place in range(5)]
    for line, sale in zip(said, again, strict=False):
        assert line.split() == [str(sale.number), str(sale.tokens[0].token_identifier), sale.tokens[0].digits]
    assert vending.balances()["till:T1:cash"] == 5_000
    assert vending.verify_ledger().pending == 0
    store.close()


def test_a_disk_that_is_full_is_told_apart_and_does_no_harm(tmp_path: Path) -> None:
    """A limit on the size of files, as the operating system sets it, in a process of its own."""
    path = tmp_path / "vending.sqlite"
    make_house(path).store.close()
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
        ended = 1
        try:
            store = open_vending_store(path)
            vending = Vending(store, StreetModule(), SeededEntropy(1), settings())
            for place in range(500):
                vending.sell(request(f"m {place}", "10"), NOON_MS + place * MINUTE_MS)
        except StoreError:
            ended = 7
        finally:
            os._exit(ended)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    store = open_vending_store(path)
    vending = Vending(store, StreetModule(), SeededEntropy(1), settings())
    vending.recover(NOON_MS)
    posted = vending.sales(SaleFilter(states=("posted",)))
    assert vending.balances()["till:T1:cash"] == 1_000 * len(posted)
    assert vending.verify_ledger().pending == 0
    store.close()
