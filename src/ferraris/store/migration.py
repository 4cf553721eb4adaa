"""Brings a database to the newest migration: with Alembic if it is behind, and without loading Alembic if it is not."""

from __future__ import annotations

import sqlalchemy as sa

from ferraris.kernel.errors import StoreError


def migrate(connection: sa.Connection, place: str, scripts: str, newest: str) -> None:
    """Run what is missing inside the caller's transaction. StoreError if the store is newer than this program.

    `scripts`: the migrations, as Alembic names a folder of a package; `newest`: the revision that the code expects.
    """
    found = _revision(connection)
    if found == newest:
        return
    if found is not None and found > newest:
        raise StoreError(f"{place} was written by a newer Ferraris", expected=f"revision {newest}", got=found)

    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", scripts)
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _revision(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    return found
