"""Keep when each token was used at last.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# Everybody who comes reads this table, and waits behind a migration that waits for it, so it gives way soon.
LOCK = "LOCK TABLE tokens IN ACCESS EXCLUSIVE MODE"
LOCK_MILLISECONDS = 200
LOCK_ATTEMPTS = 15
LOCK_NOT_AVAILABLE = "55P03"


def upgrade() -> None:
    """Of the tokens that are there nobody knows when they were used."""
    _lock()
    op.add_column("tokens", sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Forget it."""
    _lock()
    op.drop_column("tokens", "last_used_at")


def _lock() -> None:
    """Take the table between the transactions of processes that run; nobody loses what they are at."""
    connection = op.get_bind()
    if connection.dialect.name != "postgresql":
        return
    connection.execute(sa.text(f"SET LOCAL lock_timeout = {LOCK_MILLISECONDS}"))
    for left in reversed(range(LOCK_ATTEMPTS)):
        try:
            with connection.begin_nested():
                connection.execute(sa.text(LOCK))
        except sa.exc.DBAPIError as error:
            if left == 0 or getattr(error.orig, "sqlstate", None) != LOCK_NOT_AVAILABLE:
                raise
        else:
            return
