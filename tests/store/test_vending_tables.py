"""The tables and the rows of the vending store agree, and the triggers know every column that never changes."""

from __future__ import annotations

import re
from dataclasses import fields
from importlib import import_module

import pytest

from ferraris.store.vending_tables import ADDED_ONLY, FIXED_COLUMNS, METADATA, TABLES

FIRST = import_module("ferraris.store.vending_migrations.versions.r0001_first_ledger")


@pytest.mark.parametrize("row", TABLES, ids=lambda row: row.__name__)
def test_a_row_has_a_field_for_every_column(row: type) -> None:
    columns = {column.name for column in TABLES[row].c}
    assert {field.name for field in fields(row)} == columns - ({"id"} if TABLES[row].name == "audit" else set())


def test_every_table_has_a_row() -> None:
    assert {table.name for table in TABLES.values()} == set(METADATA.tables)


def test_the_triggers_guard_every_column_that_never_changes() -> None:
    for table, columns in (("sale", FIRST._FIXED_IN_SALES), ("token", FIRST._FIXED_IN_TOKENS)):
        assert set(re.findall(r"\w+", columns)) == set(FIXED_COLUMNS[table])
    assert set(FIRST._ADDED_ONLY) == set(ADDED_ONLY)


def test_no_column_holds_a_fraction() -> None:
    """Money and units are whole numbers in every table."""
    kinds = {str(column.type) for table in TABLES.values() for column in table.c}
    assert kinds == {"TEXT", "BIGINT", "BOOLEAN"}
