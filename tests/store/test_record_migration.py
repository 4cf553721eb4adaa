"""Migrations make exactly the tables that the code expects, and a newer store is refused."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from ferraris.kernel.errors import StoreError
from ferraris.store import open_records
from ferraris.store.record_tables import METADATA, REVISION


@contextmanager
def raw(path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(path, isolation_level=None)
    yield connection
    connection.close()


def scripts() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", "ferraris.store:migrations")
    config.set_main_option("path_separator", "os")
    return ScriptDirectory.from_config(config)


@pytest.mark.filterwarnings("ignore:.*expression-based index")
def test_migrations_make_the_tables_that_the_code_expects(tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite"
    open_records(path).close()
    engine = sa.create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), METADATA) == []
    engine.dispose()


def test_migrations_make_the_checks_and_indices_that_the_code_declares(tmp_path: Path) -> None:
    """Alembic's comparison sees no checks and no expressions in indices: compare what SQLite itself has noted."""
    path, declared = tmp_path / "migrated.sqlite", tmp_path / "declared.sqlite"
    open_records(path).close()
    engine = sa.create_engine(f"sqlite:///{declared}")
    METADATA.create_all(engine)
    engine.dispose()
    noted = []
    for file in (path, declared):
        with raw(file) as connection:
            found = connection.execute(
                "SELECT name, sql FROM sqlite_schema WHERE type != 'trigger' AND sql IS NOT NULL"
            )
            noted.append({name: sorted(_parts(sql)) for name, sql in found if name != "alembic_version"})
    assert noted[0] == noted[1]


def _parts(sql: str) -> list[str]:
    """The columns and constraints of a table; a column that was added later stands on the line of what is before it."""
    parts, depth = [""], 0
    for sign in sql:
        depth += (sign == "(") - (sign == ")")
        if sign == "," and depth == 1:
            parts.append("")
        else:
            parts[-1] += sign
    return [" ".join(part.strip(" \n\t)").split()).lower() for part in parts]


def test_the_code_names_the_newest_migration() -> None:
    assert scripts().get_current_head() == REVISION
    assert [script.revision for script in scripts().walk_revisions()] == sorted(
        (script.revision for script in scripts().walk_revisions()), reverse=True
    )


def test_opening_again_migrates_nothing(tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite"
    open_records(path).close()
    with raw(path) as connection:
        before = connection.execute("SELECT name, sql FROM sqlite_schema ORDER BY name").fetchall()
    open_records(path).close()
    with raw(path) as connection:
        assert connection.execute("SELECT name, sql FROM sqlite_schema ORDER BY name").fetchall() == before
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(REVISION,)]


def test_meters_on_record_before_there_were_links_are_reached_over_tcp_and_as_their_profiles_say(
    tmp_path: Path,
) -> None:
    path = tmp_path / "x.sqlite"
    _made_by_revision(path, "0001")
    with raw(path) as connection:
        connection.execute("INSERT INTO collection_group VALUES ('default', '{}')")
        columns = 'id, serial, profile, host, port, "group", client_sap, server_sap, system_title, created_ms'
        keys = "wrapped_encryption_key, wrapped_authentication_key"
        values = "7, 'FER0000000007', 'smr5_three_phase', '127.20.0.7', 4059, 'default', 1, 1, x'46', 5, x'00', x'11'"
        connection.execute(f"INSERT INTO meter ({columns}, {keys}) VALUES ({values})")
    store = open_records(path)
    (row,) = store.meters()
    assert (row.serial, row.link) == ("FER0000000007", "tcp")
    assert (row.referencing, row.authentication, row.context, row.policy, row.ciphering) == ("",) * 5
    assert (row.physical_address, row.address_octets, row.gateway, row.suite) == (None, None, "", None)
    assert (row.wrapped_signing_key, row.public_key) == (None, None)
    store.close()


def _made_by_revision(path: Path, revision: str) -> None:
    """A store as an older Ferraris left it."""
    engine = sa.create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", "ferraris.store:migrations")
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()


def test_a_migration_that_crashes_leaves_an_empty_store_that_opens_next_time(tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite"

    def crash(moment: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        open_records(path, crash)
    with raw(path) as connection:
        assert connection.execute("SELECT count(*) FROM sqlite_schema").fetchall() == [(0,)]
    open_records(path).close()


def test_a_store_of_a_newer_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite"
    open_records(path).close()
    with raw(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    for _ in range(2):
        with pytest.raises(StoreError, match=f"newer Ferraris, expected revision {REVISION}, got 9999"):
            open_records(path)
