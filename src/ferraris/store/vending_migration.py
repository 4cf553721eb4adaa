"""Brings a vending store to the newest migration: with Alembic if it is behind, and without loading Alembic if it is not."""

from __future__ import annotations

import sqlalchemy as sa

from ferraris.kernel.errors import StoreError
from ferraris.store.vending_tables import REVISION


def migrate_vending(connection: sa.Connection, place: str) -> None:
    """Run what is missing inside the caller's transaction. StoreError if the store is newer than this program."""
    found = _revision(connection)
    if found == REVISION:
        return
    if found is not None and found > REVISION:
        raise StoreError(f"{place} was written by a newer Ferraris", expected=f"revision {REVISION}", got=found)

    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "ferraris.store:vending_migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _revision(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    return found
