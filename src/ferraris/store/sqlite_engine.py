"""How the stores open a file of SQLite: transactions begin and end when a store says so, not when the driver thinks fit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa


def sqlite_engine(place: Path | str, pool: type[sa.Pool], pragmas: Sequence[str]) -> sa.Engine:
    """An engine over a file or ":memory:", each of whose connections begins with `pragmas`."""
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=str(place)),
        poolclass=pool,
        connect_args={"check_same_thread": False, "isolation_level": None},
    )

    def prepare(connection: Any, record: object) -> None:
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")

    sa.event.listen(engine, "connect", prepare)
    return engine
