"""The migrations of the vending store."""

from __future__ import annotations

import sqlalchemy as sa

from ferraris.store.migration import migrate
from ferraris.store.vending_tables import REVISION


def migrate_vending(connection: sa.Connection, place: str) -> None:
    """Bring the store to the newest one, inside the caller's transaction. StoreError if it is newer than this program."""
    migrate(connection, place, "ferraris.store:vending_migrations", REVISION)
