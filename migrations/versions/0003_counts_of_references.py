"""How many references a campaign was configured with.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

COLUMNS = {
    "dns_configs": ("persona_count",),
    "http_configs": ("persona_count", "keyword_set_count", "proxy_count"),
}
# The last link that is left says how many there were at least; what was deleted behind it left no trace.
LINKS = {
    ("dns_configs", "persona_count"): "phase_personas WHERE kind = 'DNS_VALIDATION' AND",
    ("http_configs", "persona_count"): "phase_personas WHERE kind = 'HTTP_KEYWORD_VALIDATION' AND",
    ("http_configs", "keyword_set_count"): "campaign_keyword_sets WHERE",
    ("http_configs", "proxy_count"): "campaign_proxies WHERE",
}


def upgrade() -> None:
    for table, columns in COLUMNS.items():
        with op.batch_alter_table(table, schema=None) as batch_op:
            for column in columns:
                batch_op.add_column(sa.Column(column, sa.Integer(), nullable=False, server_default="0"))
    for (table, column), links in LINKS.items():
        last = f"SELECT MAX(ordinal) + 1 FROM {links} campaign_id = {table}.campaign_id"  # noqa: S608
        op.execute(f"UPDATE {table} SET {column} = COALESCE(({last}), 0)")  # noqa: S608
    # Whoever writes a configuration from now on counts, so the default goes once it has filled the columns.
    for table, columns in COLUMNS.items():
        with op.batch_alter_table(table, schema=None) as batch_op:
            for column in columns:
                batch_op.alter_column(
                    column, existing_type=sa.Integer(), existing_nullable=False, server_default=None
                )


def downgrade() -> None:
    for table, columns in COLUMNS.items():
        with op.batch_alter_table(table, schema=None) as batch_op:
            for column in columns:
                batch_op.drop_column(column)
