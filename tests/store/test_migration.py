"""Migrating: what is behind is brought on, what is at the newest is left alone without Alembic, what is newer is refused."""

from __future__ import annotations

import subprocess
import sys

import pytest
import sqlalchemy as sa

from ferraris.kernel.errors import StoreError
from ferraris.store import vending_tables
from ferraris.store.migration import migrate

SCRIPTS = "ferraris.store:vending_migrations"


def revision(connection: sa.Connection) -> object:
    return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar_one()


def test_a_fresh_database_is_brought_to_the_newest_revision() -> None:
    with sa.create_engine("sqlite://").connect() as connection, connection.begin():
        migrate(connection, "here", SCRIPTS, vending_tables.REVISION)
        assert revision(connection) == vending_tables.REVISION
        assert sa.inspect(connection).has_table("sale")
        migrate(connection, "here", SCRIPTS, vending_tables.REVISION)  # once more does nothing
        assert revision(connection) == vending_tables.REVISION


def test_a_database_of_a_newer_program_is_refused_and_left_alone() -> None:
    with sa.create_engine("sqlite://").connect() as connection, connection.begin():
        connection.execute(sa.text("CREATE TABLE alembic_version (version_num TEXT)"))
        connection.execute(sa.text("INSERT INTO alembic_version VALUES ('9999')"))
        with pytest.raises(StoreError, match="there was written by a newer Ferraris") as refused:
            migrate(connection, "there", SCRIPTS, vending_tables.REVISION)
        assert (refused.value.expected, refused.value.got) == (f"revision {vending_tables.REVISION}", "9999")
        assert revision(connection) == "9999"


PROGRAM = """
import sys
from ferraris.store import open_vending_store
open_vending_store(sys.argv[1]).close()
print("alembic" in sys.modules)
"""


def test_a_store_that_is_up_to_date_opens_without_alembic(tmp_path: object) -> None:
    def opened() -> str:
        command = [sys.executable, "-c", PROGRAM, f"{tmp_path}/vending.sqlite"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    assert [opened(), opened()] == ["True", "False"]
