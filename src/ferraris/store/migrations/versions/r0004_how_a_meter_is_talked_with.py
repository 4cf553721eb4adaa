"""How a meter is talked with where its companion profile does not say so; those on record are as their profiles say."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    op.add_column("meter", sa.Column("physical_address", sa.Integer()))
    op.add_column("meter", sa.Column("address_octets", sa.Integer()))
    for name in ("gateway", "referencing", "authentication", "context"):
        _add_word(name)
    op.add_column("meter", sa.Column("suite", sa.Integer()))
    for name in ("policy", "ciphering"):
        _add_word(name)
    op.add_column("meter", sa.Column("wrapped_signing_key", sa.LargeBinary()))
    op.add_column("meter", sa.Column("public_key", sa.LargeBinary()))


def _add_word(name: str) -> None:
    op.add_column("meter", sa.Column(name, sa.Text(), nullable=False, server_default=""))
