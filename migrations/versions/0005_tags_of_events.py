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

COLUMNS = {"event_log": ("tag",), "event_log_head": ("tag", "floor_tag")}


def upgrade() -> None:
    """Events that are there have the tag 0, and so has the head: their cursors had none."""
    # A plain ADD COLUMN with a constant rewrites nothing, however long the log is.
    for table, columns in COLUMNS.items():
        for column in columns:
            op.add_column(table, sa.Column(column, sa.BigInteger(), nullable=False, server_default="0"))


def downgrade() -> None:
    """Cursors that were given out with a tag are refused by the version before."""
    for table, columns in COLUMNS.items():
        for column in columns:
            op.drop_column(table, column)
