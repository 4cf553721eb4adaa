"""Statements that are compiled once: the same rows as SQLAlchemy's own way, on both databases' words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from ferraris.store import ConfigurationRow, CustomerRow, VendingAuditRow
from ferraris.store.vending_reading import values_of
from ferraris.store.vending_statements import DirectConnection, Prepared, PreparedAmong, PreparedSelect
from ferraris.store.vending_tables import AUDIT, CONFIGURATION, CUSTOMER, METADATA
from tests.store.test_vending_sql import configuration


@pytest.fixture
def connection() -> Iterator[sa.Connection]:
    with sa.create_engine("sqlite://").connect() as opened:
        METADATA.create_all(opened)
        yield opened


@pytest.fixture
def direct(connection: sa.Connection) -> DirectConnection:
    return DirectConnection(connection)


def insert(table: sa.Table, row: type) -> Prepared:
    return Prepared(sa.insert(table).inline(), [field.name for field in fields(row)])


@pytest.mark.parametrize("count", [1, 2, 5])
def test_rows_come_back_as_they_were_written(direct: DirectConnection, count: int) -> None:
    rows = [configuration(position) for position in range(1, count + 1)]
    assert insert(CONFIGURATION, ConfigurationRow).insert(direct, rows).rowcount == count
    of_meter = sa.select(CONFIGURATION).where(CONFIGURATION.c.meter == sa.bindparam("key"))
    prepared = PreparedSelect(of_meter.order_by(CONFIGURATION.c.position))
    found = prepared.rows(direct, ConfigurationRow, key="01000000016")
    assert found == rows
    assert found[0].three_token_key_change is False  # which SQLite keeps as 0
    assert prepared.first(direct, ConfigurationRow, key="01000000016") == rows[0]
    assert prepared.first(direct, ConfigurationRow, key="nobody") is None
    assert prepared.rows(direct, ConfigurationRow, key="nobody") == []


def test_rows_and_parameters_are_written_alike(direct: DirectConnection, connection: sa.Connection) -> None:
    """By the row's own fields, or by name; both are what SQLAlchemy itself finds."""
    ann, ben = CustomerRow(number="1", name="Ann"), CustomerRow(number="2", name="Ben", contact="+27 82")
    insert(CUSTOMER, CustomerRow).insert(direct, [ann])
    insert(CUSTOMER, CustomerRow).run_for_each(direct, [values_of(ben)])
    found = connection.execute(sa.select(CUSTOMER).order_by(CUSTOMER.c.number)).mappings().all()
    assert [CustomerRow(**one) for one in found] == [ann, ben]


def test_what_the_statement_itself_compares_with_is_bound_too(direct: DirectConnection) -> None:
    insert(CUSTOMER, CustomerRow).run_for_each(
        direct, [values_of(CustomerRow(number=number, name=name)) for number, name in (("1", "Ann"), ("2", "Ben"))]
    )
    named = sa.select(CUSTOMER).where(CUSTOMER.c.name == "Ben", CUSTOMER.c.number == sa.bindparam("key"))
    assert PreparedSelect(named).first(direct, CustomerRow, key="2") == CustomerRow(number="2", name="Ben")
    assert PreparedSelect(named).first(direct, CustomerRow, key="1") is None


def test_columns_that_are_not_named_are_the_databases(direct: DirectConnection, connection: sa.Connection) -> None:
    audit = Prepared(sa.insert(AUDIT).inline(), ["at_ms", "actor", "action", "subject", "detail"])
    one = {"at_ms": 1, "actor": "a", "action": "b", "subject": "c", "detail": ""}
    audit.run_for_each(direct, [one, one])
    audit.insert(direct, [VendingAuditRow(**one)])
    assert connection.execute(sa.select(AUDIT.c.id)).scalars().all() == [1, 2, 3]


def test_a_parameter_that_is_missing_or_strange_is_not_run(direct: DirectConnection) -> None:
    prepared = PreparedSelect(sa.select(CUSTOMER).where(CUSTOMER.c.number == sa.bindparam("key")))
    with pytest.raises(KeyError):
        prepared.rows(direct, CustomerRow, kez="1")
    with pytest.raises(AttributeError):
        insert(CONFIGURATION, ConfigurationRow).insert(direct, [CustomerRow(number="1", name="Ann")])


def elsewhere() -> DirectConnection:
    """A connection to PostgreSQL, as far as words are concerned."""
    connection: Any = SimpleNamespace(dialect=postgresql.dialect(), connection=SimpleNamespace(driver_connection=None))
    return DirectConnection(connection)


def test_each_database_has_its_own_words(direct: DirectConnection) -> None:
    prepared = PreparedSelect(sa.select(CUSTOMER.c.name).where(CUSTOMER.c.number == sa.bindparam("key")))
    prepared.rows(direct, CustomerRow, key="nobody")
    assert prepared._of(direct).text.endswith("= ?")
    assert prepared._of(direct).bind({"key": 5}) == (5,)
    there = prepared._of(elsewhere())
    assert there.text.endswith("= %(key)s::VARCHAR")
    assert there.bind({"key": 5}) == {"key": 5}


def test_a_row_is_bound_by_place_or_by_name(direct: DirectConnection) -> None:
    row, columns = CustomerRow(number="1", name="Ann"), ("number", "name", "contact")
    prepared = Prepared(sa.insert(CUSTOMER).inline(), columns)
    assert prepared._of(direct).bind_row(row, columns) == ("1", "Ann", "")
    assert prepared._of(elsewhere()).bind_row(row, columns) == {"number": "1", "name": "Ann", "contact": ""}
    alone = Prepared(sa.insert(CUSTOMER).inline(), ["number"])
    assert alone._of(direct).bind_row(row, ["number"]) == ("1",)


@pytest.mark.parametrize("asked", [0, 1, 2, 3, 4, 5, 9, 40])
def test_a_list_of_any_length_finds_what_is_in_it(direct: DirectConnection, asked: int) -> None:
    names = [f"N{number}" for number in range(20)]
    insert(CUSTOMER, CustomerRow).insert(direct, [CustomerRow(number=name[1:], name=name) for name in names])
    among = PreparedAmong(lambda values: sa.select(CUSTOMER).where(CUSTOMER.c.name.in_(values)))
    wanted = [f"N{number}" for number in range(3, 3 + asked)]
    found = among.rows(direct, CustomerRow, wanted)
    assert sorted(row.name for row in found) == sorted(set(wanted) & set(names))
    assert [row.number for row in found] == [values[0] for values in among.run(direct, wanted)]


def test_lists_are_compiled_for_powers_of_two_and_bound_beside_other_parameters(direct: DirectConnection) -> None:
    insert(CUSTOMER, CustomerRow).insert(direct, [CustomerRow(number=str(n), name="Ann") for n in range(9)])
    named = PreparedAmong(
        lambda values: sa.select(CUSTOMER.c.number).where(
            CUSTOMER.c.name == sa.bindparam("name"), CUSTOMER.c.number.in_(values)
        )
    )
    for asked in range(1, 10):
        numbers = [str(number) for number in range(asked)]
        assert [number for (number,) in named.run(direct, numbers, name="Ann")] == numbers
        assert named.run(direct, numbers, name="Ben") == []
    assert sorted(named._sizes) == [1, 2, 4, 8, 16]
