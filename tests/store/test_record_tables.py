"""The tables and the rows agree, and the database checks what the rows promise."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from ferraris.store import (
    AlarmRow,
    AuditRow,
    CollectionGroupRow,
    CommandRow,
    InvocationCounterRow,
    MeterEventRow,
    MeterRow,
    MeterStateRow,
    open_records,
)
from ferraris.store.record_tables import METADATA

ROWS = {
    "meter": MeterRow,
    "collection_group": CollectionGroupRow,
    "invocation_counter": InvocationCounterRow,
    "command": CommandRow,
    "alarm": AlarmRow,
    "meter_event": MeterEventRow,
    "meter_state": MeterStateRow,
    "audit": AuditRow,
}


@pytest.mark.parametrize("table", ROWS)
def test_a_row_has_a_field_for_every_column(table: str) -> None:
    columns = {column.name for column in METADATA.tables[table].c}
    assert {field.name for field in fields(ROWS[table])} == columns - ({"id"} if table == "audit" else set())


def test_every_table_has_a_row() -> None:
    assert set(METADATA.tables) == set(ROWS)


# What a foreign hand might write    and the check that stops it
REFUSED = """
command   state='begun'                                    ck_command_state
command   state='sent', sent_ms=NULL, finished_ms=NULL     ck_command_sent
command   state='unknown', sent_ms=NULL, finished_ms=5     ck_command_sent
command   state='failed', finished_ms=NULL                 ck_command_finished
command   state='pending', finished_ms=5                   ck_command_finished
alarm     severity='dreadful'                              ck_alarm_severity
meter     id=0                                             ck_meter_id
meter     serial=NULL                                      NOT NULL
"""


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    path = tmp_path / "x.sqlite"
    open_records(path).close()
    opened = sqlite3.connect(path, isolation_level=None)
    opened.execute("INSERT INTO collection_group VALUES ('all', '')")
    columns = 'id, serial, profile, host, port, "group", client_sap, server_sap, system_title, created_ms'
    keys = "wrapped_encryption_key, wrapped_authentication_key"
    opened.execute(
        f"INSERT INTO meter ({columns}, {keys}) VALUES (1, 'FER1', '', '', 1, 'all', 1, 1, x'', 0, x'', x'')"
    )
    opened.execute("INSERT INTO command VALUES (1, 1, 'read', '', 1, '', 'pending', NULL, NULL, '')")
    opened.execute("INSERT INTO alarm VALUES (1, 1, 'a', 'warning', 1, NULL, '')")
    yield opened
    opened.close()


@pytest.mark.parametrize("row", REFUSED.strip().splitlines())
def test_the_database_refuses_what_a_row_cannot_be(connection: sqlite3.Connection, row: str) -> None:
    table, change, check = (part.strip() for part in row.split("   ") if part.strip())
    with pytest.raises(sqlite3.IntegrityError, match=check):
        connection.execute(f"UPDATE {table} SET {change}")


@pytest.mark.parametrize("meter", ["1", "NULL"])
def test_one_open_alarm_of_a_kind_is_all_the_database_takes(connection: sqlite3.Connection, meter: str) -> None:
    connection.execute("UPDATE alarm SET meter = " + meter)
    again = f"INSERT INTO alarm (meter, kind, severity, opened_ms, text) VALUES ({meter}, 'a', 'warning', 2, '')"
    with pytest.raises(sqlite3.IntegrityError, match="uq_alarm_open"):
        connection.execute(again)
    connection.execute("UPDATE alarm SET closed_ms = 3")
    connection.execute(again)
