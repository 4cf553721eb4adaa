"""The decoder reference number of a prepayment meter; meters on record have none."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("meter", sa.Column("decoder_reference_number", sa.Text(), nullable=False, server_default=""))
