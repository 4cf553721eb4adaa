"""A store that an older Ferraris wrote opens with everything in it; what was written down for good stays."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from ferraris.kernel.errors import StoreError
from ferraris.store import AuditRow, CommandState, RecordStore, open_records
from ferraris.store.record_tables import METADATA, REVISION

FIRST = "0001"
# One row of every table as the first revision has it; what a later revision adds gets its default.
ROWS: dict[str, dict[str, object]] = {
    "collection_group": {"name": "street", "plan": '{"group": "street"}'},
    "meter": {
        "id": 7,
        "serial": "FER0000000007",
        "profile": "smr5_three_phase",
        "host": "127.20.0.7",
        "port": 4059,
        "group": "street",
        "client_sap": 1,
        "server_sap": 1,
        "system_title": b"FER\0\0\0\0\x07",
        "created_ms": 1_700_000_000_000,
        "wrapped_encryption_key": bytes(24),
        "wrapped_authentication_key": bytes(range(24)),
    },
    "invocation_counter": {"meter": 7, "name": "sent", "reserved": 5_120},
    "command": {
        "id": 3,
        "meter": 7,
        "kind": "disconnect",
        "argument": "",
        "requested_ms": 10,
        "requested_by": "ann",
        "state": "sent",
        "sent_ms": 11,
        "detail": "",
    },
    "alarm": {"id": 2, "meter": 7, "kind": "wrong_key", "severity": "critical", "opened_ms": 12, "text": "it is wrong"},
    "meter_event": {"meter": 7, "log": "0.0.99.98.0.255", "time_s": 13, "code": 1, "sequence": 0},
    "meter_state": {"meter": 7, "communication": "wrong_key", "failures": 4, "detail": "authentication"},
    "audit": {"id": 1, "at_ms": 14, "actor": "ann", "action": "disconnect", "subject": "meter 7", "detail": ""},
}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of the first revision with a row in each table, as that Ferraris left it."""
    path = tmp_path_factory.mktemp("old") / "records.sqlite"
    engine = sa.create_engine(f"sqlite:///{path}")
    config = Config()
    config.set_main_option("script_location", "ferraris.store:migrations")
    config.set_main_option("path_separator", "os")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, FIRST)
    engine.dispose()
    with closing(sqlite3.connect(path)) as raw, raw:
        for table, row in ROWS.items():
            names = ", ".join(f'"{name}"' for name in row)
            marks = ", ".join("?" for _ in row)
            raw.execute(f'INSERT INTO "{table}" ({names}) VALUES ({marks})', list(row.values()))
    return path


@pytest.fixture
def old(written: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(written, tmp_path / "records.sqlite"))


@pytest.fixture
def opened(old: Path) -> Iterator[RecordStore]:
    store = open_records(old)
    yield store
    store.close()


def test_the_first_revision_is_the_root_of_all() -> None:
    config = Config()
    config.set_main_option("script_location", "ferraris.store:migrations")
    config.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(config).get_base() == FIRST
    assert ROWS.keys() == METADATA.tables.keys(), "a row of each table is carried over"


def test_everything_in_it_is_there_afterwards(opened: RecordStore) -> None:
    meter = opened.meter(7)
    assert meter is not None
    for name, value in ROWS["meter"].items():
        assert getattr(meter, name) == value
    assert [group.name for group in opened.groups()] == ["street"]
    assert opened.reserved_invocation_counter(7, "sent") == 5_120
    assert [(row.id, row.state, row.sent_ms) for row in opened.commands()] == [(3, CommandState.SENT, 11)]
    assert [(row.id, row.kind, row.closed_ms) for row in opened.alarms()] == [(2, "wrong_key", None)]
    assert [(row.time_s, row.code) for row in opened.events(7)] == [(13, 1)]
    state = opened.state(7)
    assert state is not None
    assert (state.communication, state.failures, state.last_seen_ms) == ("wrong_key", 4, None)
    assert [row.actor for row in opened.audit()] == ["ann"]


def test_it_is_worked_with_like_a_new_one(opened: RecordStore) -> None:
    assert opened.advance_command(3, CommandState.UNKNOWN, 20).state is CommandState.UNKNOWN
    assert opened.add_command(7, "read_now", "", 21, "bob").id == 4
    assert opened.close_alarm(7, "wrong_key", 22)
    opened.reserve_invocation_counter(7, "sent", 6_144)
    assert opened.reserved_invocation_counter(7, "sent") == 6_144
    opened.add_audit([AuditRow(at_ms=23, actor="bob", action="read_now", subject="meter 7")])
    assert [row.actor for row in opened.audit()] == ["bob", "ann"]


def test_it_bears_the_newest_revision_afterwards(old: Path) -> None:
    open_records(old).close()
    with closing(sqlite3.connect(old)) as raw:
        assert raw.execute("SELECT version_num FROM alembic_version").fetchall() == [(REVISION,)]
        assert raw.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert raw.execute("PRAGMA foreign_key_check").fetchall() == []


# The audit, for whoever has the file and a tool in hand

FORBIDDEN = [
    "UPDATE audit SET actor = 'nobody'",
    "UPDATE audit SET detail = 'x' WHERE id = 1",
    "DELETE FROM audit",
    "DELETE FROM audit WHERE id = 1",
    "INSERT OR REPLACE INTO audit (id, at_ms, actor, action, subject, detail) VALUES (1, 0, 'x', 'x', 'x', 'x')",
    "REPLACE INTO audit (id, at_ms, actor, action, subject, detail) VALUES (1, 0, 'x', 'x', 'x', 'x')",
    "INSERT INTO audit SELECT * FROM audit WHERE true ON CONFLICT (id) DO UPDATE SET actor = 'x'",
]


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_an_entry_of_the_audit_is_not_changed_by_any_statement(old: Path, statement: str) -> None:
    open_records(old).close()
    with closing(sqlite3.connect(old, isolation_level=None)) as raw:
        with pytest.raises(sqlite3.DatabaseError, match="audit"):
            raw.execute(statement)
        assert raw.execute("SELECT id, actor FROM audit").fetchall() == [(1, "ann")]


# Damage

DAMAGES = """
what was done to the file                          what is said
DROP TABLE meter_state                             failed
DROP TABLE alembic_version                         failed
UPDATE alembic_version SET version_num = '0009'    newer Ferraris
UPDATE alembic_version SET version_num = 'zebra'   newer Ferraris
"""


@pytest.mark.parametrize("row", DAMAGES.strip().splitlines()[1:])
def test_a_damaged_store_is_a_store_error_and_keeps_its_meters(old: Path, row: str) -> None:
    statement, said = (part.strip() for part in row.split("  ") if part.strip())
    with closing(sqlite3.connect(old, isolation_level=None)) as raw:
        raw.execute("PRAGMA foreign_keys = OFF")
        raw.execute(statement)
    with pytest.raises(StoreError, match=said):
        _use(open_records(old))
    with closing(sqlite3.connect(old)) as raw:
        assert raw.execute("SELECT count(*) FROM meter").fetchall() == [(1,)]


def _use(store: RecordStore) -> None:
    try:
        store.states()
    finally:
        store.close()
