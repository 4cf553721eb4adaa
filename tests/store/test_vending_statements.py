"""Statements that are compiled once: the same rows as SQLAlchemy's own way, on both databases' words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from ferraris.store import ConfigurationRow, CustomerRow
from ferraris.store.vending_reading import values_of
from ferraris.store.vending_statements import Prepared, PreparedSelect
from ferraris.store.vending_tables import AUDIT, CONFIGURATION, CUSTOMER, METADATA
from tests.store.test_vending_sql import configuration


@pytest.fixture
def connection() -> Iterator[sa.Connection]:
    with sa.create_engine("sqlite://").connect() as opened:
        METADATA.create_all(opened)
        yield opened


def insert(table: sa.Table, row: type) -> Prepared:
    return Prepared(sa.insert(table).inline(), [field.name for field in fields(row)])


def test_rows_come_back_as_they_were_written(connection: sa.Connection) -> None:
    rows = [configuration(1), configuration(2)]
    written = insert(CONFIGURATION, ConfigurationRow).run_for_each(connection, [values_of(row) for row in rows])
    assert written.rowcount == 2
    of_meter = sa.select(CONFIGURATION).where(CONFIGURATION.c.meter == sa.bindparam("key"))
    prepared = PreparedSelect(of_meter.order_by(CONFIGURATION.c.position))
    found = prepared.rows(connection, ConfigurationRow, key="01000000016")
    assert found == rows
    assert found[0].three_token_key_change is False  # which SQLite keeps as 0
    assert prepared.first(connection, ConfigurationRow, key="01000000016") == rows[0]
    assert prepared.first(connection, ConfigurationRow, key="nobody") is None
    assert prepared.rows(connection, ConfigurationRow, key="nobody") == []


def test_what_the_statement_itself_compares_with_is_bound_too(connection: sa.Connection) -> None:
    insert(CUSTOMER, CustomerRow).run_for_each(
        connection, [values_of(CustomerRow(number=number, name=name)) for number, name in (("1", "Ann"), ("2", "Ben"))]
    )
    named = sa.select(CUSTOMER).where(CUSTOMER.c.name == "Ben", CUSTOMER.c.number == sa.bindparam("key"))
    assert PreparedSelect(named).first(connection, CustomerRow, key="2") == CustomerRow(number="2", name="Ben")
    assert PreparedSelect(named).first(connection, CustomerRow, key="1") is None


def test_columns_that_are_not_named_are_the_databases(connection: sa.Connection) -> None:
    audit = Prepared(sa.insert(AUDIT).inline(), ["at_ms", "actor", "action", "subject", "detail"])
    one = {"at_ms": 1, "actor": "a", "action": "b", "subject": "c", "detail": ""}
    audit.run_for_each(connection, [one, one])
    assert connection.execute(sa.select(AUDIT.c.id)).scalars().all() == [1, 2]


def test_a_parameter_that_is_missing_or_strange_is_not_run(connection: sa.Connection) -> None:
    prepared = PreparedSelect(sa.select(CUSTOMER).where(CUSTOMER.c.number == sa.bindparam("key")))
    with pytest.raises(KeyError):
        prepared.rows(connection, CustomerRow, kez="1")


def test_each_database_has_its_own_words(connection: sa.Connection) -> None:
    prepared = PreparedSelect(sa.select(CUSTOMER.c.name).where(CUSTOMER.c.number == sa.bindparam("key")))
    prepared.rows(connection, CustomerRow, key="nobody")
    assert prepared._of(connection).text.endswith("= ?")
    assert prepared._of(connection).bind({"key": 5}) == (5,)

    class Elsewhere:
        dialect = postgresql.dialect()

    there = prepared._of(Elsewhere())  # type: ignore[arg-type]
    assert there.text.endswith("= %(key)s::VARCHAR")
    assert there.bind({"key": 5}) == {"key": 5}
