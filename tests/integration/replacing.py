"""Backups of a database that is in use, and bringing them back under a process that goes on running."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Protocol

import asyncpg

from tests.servers.postgres import Database, PostgresServer


class Backup(Protocol):
    """A copy of a database."""

    url: str

    async def take(self) -> None:
        """Copy the database as it is."""

    async def restore(self) -> None:
        """Put the copy in the database's place."""


class SqliteBackup:
    """By SQLite's own means, which write into the file that is open (`.backup` and `.restore` of its shell)."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._copy = file.with_suffix(".backup")
        self.url = f"sqlite+aiosqlite:///{self._copy}"

    async def take(self) -> None:
        await asyncio.to_thread(_copy, self._file, self._copy)

    async def restore(self) -> None:
        await asyncio.to_thread(_copy, self._copy, self._file)


class PostgresBackup:
    """By templates. Open connections are cut, as they are when a server is restored."""

    def __init__(self, server: PostgresServer, database: Database) -> None:
        self._server = server
        self._name = database.name
        copy = Database(f"{database.name}_backup", database.host, database.port)
        self._copy = copy.name
        self.url = copy.sqlalchemy_url()

    async def take(self) -> None:
        await self._make(self._copy, self._name)

    async def restore(self) -> None:
        await self._make(self._name, self._copy)

    async def _make(self, name: str, template: str) -> None:
        server = await asyncpg.connect(self._server.url)
        try:
            await server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            await server.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", template
            )
            await server.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        finally:
            await server.close()


def _copy(source: Path, target: Path) -> None:
    # A file that is not there would be made, and be as empty as its copy.
    with (
        closing(sqlite3.connect(f"{source.as_uri()}?mode=rw", uri=True)) as read,
        closing(sqlite3.connect(target)) as written,
    ):
        read.backup(written)
