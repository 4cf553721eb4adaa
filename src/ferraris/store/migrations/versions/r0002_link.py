"""By which kind of link a meter is reached; those on record are reached over TCP."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("meter", sa.Column("link", sa.Text(), nullable=False, server_default="tcp"))
