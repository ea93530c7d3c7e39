"""Every command has help, and everything that can be expected to be wrong is one line and exit code 2."""

import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.main import COMMANDS
from db.migrating import newest
from tests.unit.cli.conftest import PROGRAM, ROOT, Heliograph


@pytest.fixture
def busy() -> Iterator[int]:
    """A port that somebody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


@pytest.fixture
def closed() -> Iterator[int]:
    """A port that is bound, so that nobody else takes it, and on which nobody listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


def told(heliograph: Heliograph, *arguments: str) -> str:
    """The one line that a command says before it ends with 2."""
    ended = heliograph(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.endswith("\n")
    assert ended.err.count("\n") == 1, ended.err
    return ended.err.removesuffix("\n")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(heliograph: Heliograph, command: str) -> None:
    ended = heliograph(command, "--help")
    assert ended.code == 0
    assert ended.out.startswith(f"usage: heliograph {command}")


@pytest.mark.parametrize(
    "verb",
    [
        *(f"token {verb}" for verb in ("create", "list", "revoke")),
        *(f"key {verb}" for verb in ("list", "rotate", "add", "drop")),
        *(
            f"campaign {verb}"
            for verb in ("list", "show", "create", "start", "pause", "resume", "cancel", "watch")
        ),
        *(f"proxy {verb}" for verb in ("list", "test")),
        "keywords test",
    ],
)
def test_every_verb_has_help(heliograph: Heliograph, verb: str) -> None:
    assert heliograph(*verb.split(), "--help").code == 0


def test_help_names_every_command_and_imports_nothing_that_is_slow() -> None:
    """With the server and the drivers it would take two seconds and more."""
    seen = [PROGRAM[0], "-X", "importtime", *PROGRAM[1:]]
    ended = subprocess.run(
        [*seen, "--help"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    imported = {line.rpartition("|")[2].strip() for line in ended.stderr.splitlines()}
    assert "argparse" in imported
    assert (
        imported & {"aiohttp", "alembic", "asyncio", "rich", "sqlalchemy", "strawberry", "structlog"} == set()
    )
    for name, entry in COMMANDS.items():
        assert f"\n    {name}" in ended.stdout
        assert entry.text in ended.stdout


def test_help_of_serve_has_a_flag_for_each_setting_but_the_secret(heliograph: Heliograph) -> None:
    text = " ".join(heliograph("serve", "--help").out.split())
    for flag in ("--host", "--database-url", "--channel-url", "--workers", "--log-level", "--ca-file"):
        assert f"{flag} " in text
    assert "bootstrap" not in text


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ([], "heliograph: the following arguments are required: COMMAND (see `heliograph --help`)"),
        (
            ["fly"],
            "heliograph: argument COMMAND: invalid choice: 'fly' "
            "(choose from 'serve', 'worker', 'migrate', 'token', 'key', 'schema', 'documents', 'campaign', 'tail', "
            "'check', 'proxy', 'keywords', 'export', 'completion') (see `heliograph --help`)",
        ),
        (
            ["serve", "--fast"],
            "heliograph serve: unrecognized arguments: --fast (see `heliograph serve --help`)",
        ),
        (
            ["serve", "--port"],
            "heliograph serve: argument --port: expected one argument (see `heliograph serve --help`)",
        ),
        (
            ["serve", "--demo-names", "401"],
            "heliograph serve: argument --demo-names: '401' must be a whole number from 0 to 400 "
            "(see `heliograph serve --help`)",
        ),
        (
            [
                "token",
                "create",
                "--principal",
                "a",
                "--role",
                "viewer",
                "--name",
                "b",
                "--expires-in",
                "soon",
            ],
            "heliograph token create: argument --expires-in: 'soon' must be a number and s, m, h or d, such as 90d "
            "(see `heliograph token create --help`)",
        ),
        (
            ["token", "revoke", "one"],
            "heliograph token revoke: argument ID: 'one' is no id of a token; see `heliograph token list` "
            "(see `heliograph token revoke --help`)",
        ),
    ],
)
def test_a_wrong_argument_is_one_line(heliograph: Heliograph, arguments: list[str], line: str) -> None:
    assert told(heliograph, *arguments) == line


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ("serve --port 99999", "HELIOGRAPH_PORT: Input should be less than or equal to 65535"),
        ("serve --workers many", "HELIOGRAPH_WORKERS: Input should be 'embedded' or 'none'"),
        ("serve --workers none", "memory:// cannot reach a worker in another process: set"),
        ("serve --database-url mysql://x", "HELIOGRAPH_DATABASE_URL: must begin with one of"),
        ("serve --database-url sqlite+aiosqlite://", "HELIOGRAPH_DATABASE_URL: SQLite needs a file, such as"),
        (
            "serve --database-url sqlite+aiosqlite:////no/x.db",
            "cannot be used ([Errno 2] No such file or directory: '/no'): start",
        ),
        ("serve --channel-url amqp://x", "HELIOGRAPH_CHANNEL_URL: must begin with memory://, redis://"),
        ("serve --host no.such.host.test", "HELIOGRAPH_HOST: no.such.host.test is no address of this"),
        (
            "serve --host 203.0.113.9",
            "203.0.113.9:8000 cannot be listened on (Cannot assign requested address)",
        ),
        ("serve --port 0 --ca-file none.pem", "HELIOGRAPH_CA_FILE: none.pem cannot be used (No such file"),
        ("serve --port 0 --secret-key-file .", "HELIOGRAPH_SECRET_KEY_FILE: .: Is a directory"),
        ("serve --demo --demo-dir /proc/demo", "--demo-dir: /proc/demo cannot be used: No such file"),
        ("worker", "memory:// cannot reach this process: set HELIOGRAPH_CHANNEL_URL to the redis://"),
        (
            "worker --channel-url redis://127.0.0.1:1",
            f"is empty and must be at {newest()}: run `heliograph migrate`",
        ),
        ("worker --demo-dir none", "start `heliograph serve --demo` there first"),
        ("token list", f"is empty and must be at {newest()}: run `heliograph migrate`"),
        ("schema --check none.graphql", "none.graphql cannot be read (No such file or directory): run make"),
    ],
)
def test_what_is_wrong_is_one_line(heliograph: Heliograph, arguments: str, reason: str) -> None:
    line = told(heliograph, *arguments.split())
    assert line.startswith(f"heliograph {arguments.split(maxsplit=1)[0]}: ")
    assert reason in line


def test_a_setting_of_the_environment_is_told_of_in_the_same_way(
    heliograph: Heliograph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HELIOGRAPH_LOG_LEVEL", "loud")
    assert "HELIOGRAPH_LOG_LEVEL: String should match" in told(heliograph, "serve")


def test_a_bootstrap_token_that_no_header_carries_is_refused(
    heliograph: Heliograph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HELIOGRAPH_BOOTSTRAP_TOKEN", "two words")
    line = told(heliograph, "serve", "--port", "0")
    assert "HELIOGRAPH_BOOTSTRAP_TOKEN: must be 1 to 512 letters" in line
    assert "two words" not in line


def test_a_port_in_use_is_named(heliograph: Heliograph, busy: int) -> None:
    assert told(heliograph, "serve", "--port", str(busy)) == (
        f"heliograph serve: HELIOGRAPH_PORT: 127.0.0.1:{busy} cannot be listened on (Address already in use):"
        " end what uses it, or choose another port with --port"
    )


@pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
def test_an_unreachable_database_is_named_without_its_password(
    heliograph: Heliograph, closed: int, driver: str
) -> None:
    url = f"postgresql+{driver}://somebody:secret@127.0.0.1:{closed}/some"
    line = told(heliograph, "serve", "--database-url", url, "--port", "0")
    shown = f"postgresql+{driver}://somebody@127.0.0.1:{closed}/some"
    assert line.startswith(f"heliograph serve: HELIOGRAPH_DATABASE_URL: {shown} cannot be used (")
    assert line.endswith("): start the database, or correct the setting")
    assert "secret" not in line


@pytest.mark.parametrize("scheme", ["redis", "postgres"])
def test_an_unreachable_channel_is_named_without_its_password(
    heliograph: Heliograph, closed: int, scheme: str
) -> None:
    url = f"{scheme}://somebody:secret@127.0.0.1:{closed}/0"
    line = told(heliograph, "serve", "--channel-url", url, "--port", "0")
    assert line.startswith("heliograph serve: HELIOGRAPH_CHANNEL_URL: the channel does not answer (")
    assert line.endswith(f") at {scheme}://somebody@127.0.0.1:{closed}/0: start it, or correct the setting")
    assert "secret" not in line


@pytest.mark.parametrize("port", ["port", "99999"])
def test_a_malformed_database_url_is_told_of(heliograph: Heliograph, port: str) -> None:
    line = told(heliograph, "serve", "--database-url", f"postgresql+asyncpg://u:secret@127.0.0.1:{port}/x")
    assert f"HELIOGRAPH_DATABASE_URL: postgresql+asyncpg://u@127.0.0.1:{port}/x " in line
    assert "secret" not in line


def test_a_file_that_is_no_database_is_told_of(heliograph: Heliograph, place: Path) -> None:
    (place / "letter").write_text("Dear reader, " * 100)
    line = told(heliograph, "serve", "--database-url", "sqlite+aiosqlite:///letter")
    assert "cannot be used (file is not a database)" in line
