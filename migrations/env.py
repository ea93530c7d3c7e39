"""How Alembic reaches the database: over the connection that `db/migrating.py` hands in."""

from typing import Any, Literal

from alembic import context
from sqlalchemy.types import TypeDecorator

from db.models import Model


def plain_type(kind: str, item: Any, _autogen: object) -> str | Literal[False]:
    """Write our own column types as the types of SQLAlchemy that they store."""
    if kind == "type" and isinstance(item, TypeDecorator):
        return f"sa.{item.impl_instance!r}"
    return False


def run() -> None:
    """Run the migrations on the given connection."""
    connection = context.config.attributes["connection"]
    context.configure(
        connection=connection,
        target_metadata=Model.metadata,
        # SQLite cannot alter a column; Alembic then copies the table.
        render_as_batch=True,
        render_item=plain_type,
        compare_type=True,
        compare_server_default=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
