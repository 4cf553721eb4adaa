"""How the vending store came to its present tables: Alembic's environment and the revisions."""
