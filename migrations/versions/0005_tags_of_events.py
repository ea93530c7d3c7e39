"""Give each transaction of the log a tag, so that a cursor knows its own event again.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# The head first, as whoever appends locks it: with the log first, each would wait for the other.
COLUMNS = {"event_log_head": ("tag", "floor_tag"), "event_log": ("tag",)}
# Whoever comes after a migration that waits for a lock waits as well, so it gives way soon, and before PostgreSQL looks
# for a deadlock (after a second) and ends somebody's transaction.
LOCK = "LOCK TABLE event_log_head, event_log IN ACCESS EXCLUSIVE MODE"
LOCK_MILLISECONDS = 200
LOCK_ATTEMPTS = 15
LOCK_NOT_AVAILABLE = "55P03"


def upgrade() -> None:
    """Events that are there have the tag 0, and so has the head: their cursors had none."""
    _lock()
    # A plain ADD COLUMN with a constant rewrites nothing, however long the log is.
    for table, columns in COLUMNS.items():
        for column in columns:
            op.add_column(table, sa.Column(column, sa.BigInteger(), nullable=False, server_default="0"))


def downgrade() -> None:
    """Cursors that were given out with a tag are refused by the version before."""
    _lock()
    for table, columns in COLUMNS.items():
        for column in columns:
            op.drop_column(table, column)


def _lock() -> None:
    """Take both tables between the transactions of processes that run; nobody loses what they are at."""
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
