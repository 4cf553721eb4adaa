"""The audit refuses INSERT OR REPLACE too: SQLite removes the old row by that without asking the triggers on DELETE."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # A row that has no number yet shows a negative one here.
    op.execute(
        "CREATE TRIGGER audit_refuses_replace BEFORE INSERT ON audit "
        "WHEN NEW.id > 0 AND EXISTS (SELECT 1 FROM audit WHERE id = NEW.id) "
        "BEGIN SELECT RAISE(ABORT, 'the audit is added to, never changed'); END"
    )
