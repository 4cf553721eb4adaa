"""The migrations of the record store."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from ferraris.store.migration import migrate
from ferraris.store.record_tables import REVISION


def migrate_records(connection: sa.Connection, path: Path) -> None:
    """Bring the store to the newest one, inside the caller's transaction. StoreError if it is newer than this program."""
    migrate(connection, str(path), "ferraris.store:migrations", REVISION)
