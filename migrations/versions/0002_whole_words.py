"""Whole words.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The rules that are there look for parts of words, as they always did. Whoever writes a rule from now on says
    # which it is, so the default goes once it has filled them; on SQLite that copies the table, hence two steps.
    with op.batch_alter_table("keyword_rules", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("is_whole_word", sa.Boolean(), nullable=False, server_default=sa.false())
        )
    with op.batch_alter_table("keyword_rules", schema=None) as batch_op:
        batch_op.alter_column(
            "is_whole_word", existing_type=sa.Boolean(), existing_nullable=False, server_default=None
        )


def downgrade() -> None:
    with op.batch_alter_table("keyword_rules", schema=None) as batch_op:
        batch_op.drop_column("is_whole_word")
