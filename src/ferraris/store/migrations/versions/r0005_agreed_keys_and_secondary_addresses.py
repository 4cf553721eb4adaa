"""Keys that are agreed with a meter, and its secondary address on M-Bus; those on record have neither."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    op.add_column("meter", sa.Column("wrapped_agreement_key", sa.LargeBinary()))
    op.add_column("meter", sa.Column("public_agreement_key", sa.LargeBinary()))
    op.add_column("meter", sa.Column("secondary_address", sa.Text(), nullable=False, server_default=""))
