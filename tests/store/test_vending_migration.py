"""Migrations make exactly the tables that the code expects, on both databases, and a newer store is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from ferraris.kernel.errors import StoreError
from ferraris.store import open_vending_store
from ferraris.store.vending_tables import METADATA, REVISION
from tests.store.postgresql import cluster, new_database


@pytest.fixture(scope="module")
def postgresql() -> Iterator[str]:
    with cluster() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return str(tmp_path / "vending.sqlite")
    return new_database(request.getfixturevalue("postgresql"), request.node.name)


def engine_of(place: str) -> sa.Engine:
    return sa.create_engine(place if place.startswith("postgresql") else f"sqlite:///{place}")


def test_migrations_make_the_tables_that_the_code_expects(place: str) -> None:
    open_vending_store(place).close()
    engine = engine_of(place)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), METADATA) == []
    engine.dispose()


def test_migrations_make_the_checks_and_indices_that_the_code_declares(tmp_path: Path) -> None:
    """Alembic's comparison sees no checks and no partial indices: compare what SQLite itself has noted."""
    migrated, declared = tmp_path / "migrated.sqlite", tmp_path / "declared.sqlite"
    open_vending_store(migrated).close()
    engine = engine_of(str(declared))
    METADATA.create_all(engine)
    engine.dispose()
    noted = []
    for path in (migrated, declared):
        engine = engine_of(str(path))
        with engine.connect() as connection:
            query = "SELECT name, sql FROM sqlite_schema WHERE type != 'trigger' AND sql IS NOT NULL"
            found = connection.exec_driver_sql(query).fetchall()
        engine.dispose()
        noted.append({name: sorted(_parts(sql)) for name, sql in found if name != "alembic_version"})
    assert noted[0] == noted[1]


def _parts(sql: str) -> list[str]:
    """The columns and constraints of a table."""
    parts, depth = [""], 0
    for sign in sql:
        depth += (sign == "(") - (sign == ")")
        if sign == "," and depth == 1:
            parts.append("")
        else:
            parts[-1] += sign
    return [" ".join(part.split()).strip(" )").lower() for part in parts]


def test_the_code_names_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", "ferraris.store:vending_migrations")
    config.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(config).get_current_head() == REVISION


def test_opening_again_migrates_nothing(place: str) -> None:
    for _ in range(2):
        open_vending_store(place).close()
    engine = engine_of(place)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").fetchall() == [(REVISION,)]
    engine.dispose()


def test_a_migration_that_crashes_leaves_an_empty_store_that_opens_next_time(place: str) -> None:
    def crash(moment: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        open_vending_store(place, crash)
    engine = engine_of(place)
    assert sa.inspect(engine).get_table_names() == []
    engine.dispose()
    open_vending_store(place).close()


def test_a_store_of_a_newer_program_is_refused(place: str) -> None:
    open_vending_store(place).close()
    engine = engine_of(place)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    engine.dispose()
    with pytest.raises(StoreError, match=f"newer Ferraris, expected revision {REVISION}, got 9999"):
        open_vending_store(place)
