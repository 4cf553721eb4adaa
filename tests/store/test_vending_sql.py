"""The vending store on SQLite and on PostgreSQL: one writer at a time, commits that last, and a database that guards itself."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa

from ferraris.kernel.errors import StoreError
from ferraris.store import (
    AccountRow,
    ConfigurationRow,
    CustomerRow,
    EntryRow,
    PostingRow,
    SaleFilter,
    SaleRow,
    SoldTokenRow,
    VendingMeterRow,
    VendingStore,
    open_vending_store,
)
from ferraris.vending import Sale, SaleState
from tests.store.postgresql import cluster, new_database
from tests.vending.house import NOON_MS, make_house

_NAMES = (f"vending{number}" for number in itertools.count())


@pytest.fixture(scope="module")
def postgresql() -> Iterator[str]:
    with cluster() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a fresh store may be opened, in each database."""
    if request.param == "sqlite":
        return str(tmp_path / "vending.sqlite")
    return new_database(request.getfixturevalue("postgresql"), next(_NAMES))


@pytest.fixture
def store(place: str) -> Iterator[VendingStore]:
    opened = open_vending_store(place)
    with opened.writing("fill") as writer:
        writer.add([CustomerRow(number="C1", name="Ann")])
        writer.add([AccountRow(number="A1", customer="C1", tariff="flat", opened_ms=0)])
        writer.add([VendingMeterRow(decoder_reference_number="01000000016", account="A1")])
        writer.add([configuration(1)])
        writer.add([entry(1, "pending"), entry(2, "direct")])
        writer.add([PostingRow(entry=1, position=1, account="a", amount_minor=5)])
        writer.add([sale(1, "m1")])
        writer.add([token(1, 1, 100)])
    yield opened
    opened.close()


def configuration(position: int) -> ConfigurationRow:
    return ConfigurationRow(
        meter="01000000016",
        position=position,
        state="loaded",
        issuer_identification_number="600727",
        encryption_algorithm=11,
        supply_group_code="123456",
        key_revision_number=1,
        key_type=2,
        tariff_index=1,
        base_date=14,
        key_expiry_number=255,
        key_derivation=4,
        three_token_key_change=False,
        from_ms=0,
    )


def entry(number: int, kind: str, pending: int | None = None) -> EntryRow:
    return EntryRow(
        number=number,
        kind=kind,
        at_ms=1,
        subject=f"s{number}",
        pending=pending,
        currency="ZAR",
        digest="",
        previous_hash=f"h{number - 1}",
        hash=f"h{number}",
    )


def sale(number: int, message_id: str, **changes: object) -> SaleRow:
    fields: dict[str, object] = {
        "number": number,
        "message_id": message_id,
        "digest": "d",
        "kind": "credit",
        "state": "pending",
        "till": "T1",
        "operator": "o",
        "approver": "",
        "shift": None,
        "meter": "01000000016",
        "account": "A1",
        "month": 202607,
        "payment": "cash",
        "currency": "ZAR",
        "tendered_minor": 5,
        "units_tenths": 50,
        "fixed_minor": 0,
        "tariff": "flat",
        "breakdown": "",
        "detail": "",
        "configuration": 1,
        "created_ms": 1,
    }
    return SaleRow(**{**fields, **changes})  # type: ignore[arg-type]


def token(sale_number: int, position: int, identifier: int | None) -> SoldTokenRow:
    return SoldTokenRow(
        sale=sale_number,
        position=position,
        meter="01000000016",
        kind="credit_electricity",
        configuration=1,
        base_date=14,
        token_identifier=identifier,
        random=3,
        value=50,
    )


def engine_of(place: str) -> sa.Engine:
    """Past the program, straight at the database."""
    return sa.create_engine(place if place.startswith("postgresql") else f"sqlite:///{place}")


# What a foreign hand might do                                                and what the database says to it
FORBIDDEN = """
UPDATE entry SET at_ms = 9                                                    added, never changed
DELETE FROM entry WHERE number = 2                                            never removed
UPDATE posting SET amount_minor = 6                                           added, never changed
DELETE FROM posting                                                           never removed
UPDATE sale SET tendered_minor = 1                                            an order stays as it was written
UPDATE sale SET message_id = 'm9'                                             an order stays as it was written
DELETE FROM sale                                                              never removed
DELETE FROM token                                                             never removed
UPDATE token SET token_identifier = 101                                       a token never changes
UPDATE token SET value = 500                                                  a token never changes
DELETE FROM configuration                                                     never removed
INSERT INTO entry VALUES (3, 'post', 1, 's', NULL, 'ZAR', '', 'h2', 'h3')      ck_entry_pending
INSERT INTO entry VALUES (3, 'gift', 1, 's', NULL, 'ZAR', '', 'h2', 'h3')      ck_entry_kind
INSERT INTO entry VALUES (3, 'direct', 1, 's', NULL, 'ZAR', '', 'h1', 'h3')    follows the hash of its predecessor
INSERT INTO entry VALUES (4, 'direct', 1, 's', NULL, 'ZAR', '', 'h2', 'h4')    follows the hash of its predecessor
"""


@pytest.mark.parametrize("row", FORBIDDEN.strip().splitlines())
def test_the_database_itself_keeps_what_was_written(place: str, store: VendingStore, row: str) -> None:
    statement, why = (part.strip() for part in row.split("   ") if part.strip())
    engine = engine_of(place)
    with engine.connect() as connection, pytest.raises(sa.exc.DBAPIError, match=why):
        connection.execute(sa.text(statement))
    engine.dispose()


# from       to          allowed
MOVES = """
pending      posted      yes
pending      void        yes
posted       reversed    yes
posted       pending     no
posted       void        no
void         posted      no
reversed     posted      no
pending      reversed    no
pending      paid        no
"""


@pytest.mark.parametrize("row", MOVES.strip().splitlines())
def test_a_sale_moves_on_and_never_back(place: str, store: VendingStore, row: str) -> None:
    origin, target, allowed = row.split()
    way = {"pending": [], "posted": ["posted"], "void": ["void"], "reversed": ["posted", "reversed"]}[origin]
    for state in way:
        with store.writing("move") as writer:
            writer.finish_sales([1], state, 5)
    if allowed == "yes":
        with store.writing("move") as writer:
            writer.finish_sales([1], target, 6)
        return
    with pytest.raises(StoreError), store.writing("move") as writer:
        writer.finish_sales([1], target, 6)


def test_digits_come_once(store: VendingStore) -> None:
    with store.writing("digits") as writer:
        writer.set_digits({1: ["1" * 20]})
    with pytest.raises(StoreError, match="come once"), store.writing("digits") as writer:
        writer.set_digits({1: ["2" * 20]})
    with store.reading() as reader:
        assert [one.digits for one in reader.tokens([1])] == ["1" * 20]


TWICE: dict[str, Callable[[], list[object]]] = {
    "an entry's number": lambda: [entry(2, "direct")],
    "a message id": lambda: [entry(3, "pending"), sale(3, "m1")],
    "a token identifier": lambda: [entry(3, "pending"), sale(3, "m3"), token(3, 1, 100)],
    "an end of a pending entry": lambda: [entry(3, "post", 1), entry(4, "void", 1)],
}


@pytest.mark.parametrize("what", TWICE)
def test_what_may_be_there_once_is_refused_the_second_time(store: VendingStore, what: str) -> None:
    def write_all() -> None:
        with store.writing("twice") as writer:
            for row in TWICE[what]():
                writer.add([row])  # type: ignore[list-item]

    with pytest.raises(StoreError):
        write_all()
    with store.reading() as reader:
        assert len(reader.entries(0, 100)) == 2


def test_tokens_without_identifier_are_many(store: VendingStore) -> None:
    with store.writing("more") as writer:
        writer.add([token(1, 2, None), token(1, 3, None)])
    with store.reading() as reader:
        assert len(reader.tokens([1])) == 3


def test_a_transaction_that_raises_leaves_nothing(store: VendingStore) -> None:
    def write_half() -> None:
        with store.writing("half") as writer:
            writer.add([CustomerRow(number="C2", name="Bob")])
            raise KeyError

    with pytest.raises(KeyError):
        write_half()
    with store.reading() as reader:
        assert reader.customer("C2") is None


def test_a_writer_sees_what_it_wrote_and_what_others_committed(place: str, store: VendingStore) -> None:
    other = open_vending_store(place)
    with store.writing("one") as writer:
        writer.add([CustomerRow(number="C2", name="Bob")])
        assert writer.customer("C2") is not None
        with other.reading() as reader:
            assert reader.customer("C2") is None
    with other.writing("two") as writer:
        assert writer.customer("C2") is not None
    other.close()


def test_writers_take_turns(place: str, store: VendingStore) -> None:
    """Two stores, as two processes have them, add to one number many times: none of the additions is lost."""
    stores = [store, open_vending_store(place)]

    def add(one: VendingStore) -> None:
        for _ in range(25):
            with one.writing("count") as writer:
                head = writer.ledger_head()
                assert head is not None
                writer.add([entry(head.number + 1, "direct")])

    threads = [threading.Thread(target=add, args=(one,)) for one in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    with store.reading() as reader:
        assert [one.number for one in reader.entries(0, 100)] == list(range(1, 53))
    stores[1].close()


def test_the_hook_sees_each_write_and_the_commit(place: str) -> None:
    seen: list[str] = []
    store = open_vending_store(place, seen.append)
    with store.writing("open") as writer:
        writer.add([CustomerRow(number="C1", name="Ann")])
        writer.replace(CustomerRow(number="C1", name="Anna"))
        writer.add([])
    store.close()
    assert seen[:2] == ["migrate:commit", "migrate:committed"]
    assert seen[2:] == ["open:add customer", "open:replace customer", "open:commit", "open:committed"]


def test_an_update_of_nothing_is_an_error(store: VendingStore) -> None:
    with pytest.raises(StoreError, match="no such row"), store.writing("x") as writer:
        writer.finish_sales([99], "posted", 1)


def test_a_closed_store_says_so(place: str) -> None:
    store = open_vending_store(place)
    store.close()
    store.close()
    with pytest.raises(StoreError, match="closed"), store.reading():
        pass


def test_sales_alone_and_together_on_either_database(place: str) -> None:
    """The statements of a sale, each in the words of the database: alone, as a group, and as a group that is repeated."""
    house = make_house(place, meters=5, tariff_name="domestic_blocks")
    vending = house.vending
    vending.registry.open_debt("D1", "A2", "fine", 20_000, "sarah", NOON_MS, percent=Decimal(10))
    present = vending.registry.meter(house.meters[2]).present.sts
    vending.registry.want(replace(present, key_revision_number=2), "sarah", NOON_MS)
    first = vending.sell(house.request("100"), NOON_MS)
    requests = [house.request("100", meter=meter) for meter in [*house.meters, *house.meters[:2]]]
    together = vending.sell_together(requests, NOON_MS)
    assert [isinstance(sale, Sale) and sale.state for sale in together] == [SaleState.POSTED] * 7
    assert vending.sell_together(requests, NOON_MS) == together
    assert vending.sales(SaleFilter()) == sorted([first, *together], key=lambda sale: sale.number, reverse=True)
    assert [len(sale.tokens) for sale in together] == [1, 1, 5, 1, 1, 1, 1]
    assert vending.balances()["till:T1:cash"] == 8 * 10_000
    assert vending.verify_ledger().entries == 1 + 2 * 8
    house.store.close()


def test_errors_tell_no_tokens(store: VendingStore) -> None:
    with store.writing("digits") as writer:
        writer.set_digits({1: ["31415926535897932384"]})
    with pytest.raises(StoreError) as caught, store.writing("digits") as writer:
        writer.set_digits({1: ["27182818284590452353"]})
    assert "2718" not in str(caught.value)
    assert "3141" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_sqlite_flushes_every_commit_and_waits_for_its_turn(tmp_path: Path) -> None:
    store = open_vending_store(tmp_path / "deep" / "vending.sqlite")
    with store.reading() as reader:
        pragmas = {
            name: reader._connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("synchronous", "journal_mode", "foreign_keys", "busy_timeout")
        }
    store.close()
    assert pragmas == {"synchronous": 2, "journal_mode": "wal", "foreign_keys": 1, "busy_timeout": 30_000}


def test_a_file_that_is_no_store_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "vending.sqlite"
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(StoreError, match="vending store"):
        open_vending_store(path)


def test_replacing_past_the_triggers_is_refused_by_sqlite(tmp_path: Path) -> None:
    path = str(tmp_path / "vending.sqlite")
    store = open_vending_store(path)
    with store.writing("fill") as writer:
        writer.add([entry(1, "direct")])
    store.close()
    engine = engine_of(path)
    with engine.connect() as connection, pytest.raises(sa.exc.DBAPIError, match="never replaced"):
        connection.execute(
            sa.text("INSERT OR REPLACE INTO entry VALUES (1, 'direct', 9, 's', NULL, 'ZAR', '', 'h0', 'h')")
        )
    engine.dispose()
