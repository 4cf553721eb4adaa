"""The record store's migrations, run by Alembic when a store is opened: one revision a file, never changed once released."""
