"""Bringing a database to the newest schema, and telling whether it is there.

Migrations use types of SQLAlchemy alone, never our own column types: a migration must mean the same in a year.
"""

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

import migrations
from core.errors import Misconfigured
from db.engine import translated
from db.models import Model

LOCK_KEY = 7_418_803_215
# PostgreSQL's manual, appendix A: a lock was not to be had in the time that the migration had set.
LOCK_NOT_AVAILABLE = "55P03"


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.attributes["connection"] = connection
    return config


def newest() -> str:
    """The revision that this code needs."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    if head is None:
        raise AssertionError("There are no migrations.")
    return head


async def upgrade(url: str, revision: str = "head") -> None:
    """Migrate up. Two processes that start at once do not do it twice: PostgreSQL holds the second one back.

    Raises:
        Misconfigured: others use the tables, so that nothing was changed.
        Unavailable: the database does not answer.
    """
    await _run(url, lambda connection: command.upgrade(_config(connection), revision))


async def downgrade(url: str, revision: str) -> None:
    """Migrate down to `revision`; "base" takes everything away.

    Raises:
        Misconfigured: others use the tables, so that nothing was changed.
        Unavailable: the database does not answer.
    """
    await _run(url, lambda connection: command.downgrade(_config(connection), revision))


async def current(url: str) -> str | None:
    """The revision that the database is at, None for an empty one.

    Raises:
        Unavailable: the database does not answer.
    """
    found: list[str | None] = []
    await _run(
        url, lambda connection: found.append(MigrationContext.configure(connection).get_current_revision())
    )
    return found[0]


async def differences(url: str) -> list[object]:
    """What the models have and the migrated database has not, or the other way round."""
    found: list[object] = []

    def compare(connection: Connection) -> None:
        options = {"compare_type": True, "compare_server_default": True}
        context = MigrationContext.configure(connection, opts=options)
        found.extend(compare_metadata(context, Model.metadata))

    await _run(url, compare)
    return found


async def _run(url: str, work: Callable[[Connection], object]) -> None:
    engine = create_async_engine(url, poolclass=NullPool)
    try:
        with translated():
            async with engine.connect() as connection:
                await connection.run_sync(_locked, work)
                await connection.commit()
    finally:
        await engine.dispose()


def _locked(connection: Connection, work: Callable[[Connection], object]) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK_KEY})
    try:
        work(connection)
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != LOCK_NOT_AVAILABLE:
            raise
        raise Misconfigured(
            "The migration found no place between the transactions of those who use the database, and has changed "
            "nothing: run it again, or stop the workers and whatever else holds a transaction open, and run it then"
        ) from error
