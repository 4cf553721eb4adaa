"""Alembic runs this file for every migration: it uses the connection and the transaction that the store has opened."""

from __future__ import annotations

from alembic import context

from ferraris.store.vending_tables import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
context.run_migrations()
