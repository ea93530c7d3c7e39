"""`heliograph migrate`: brings the database to the newest schema; `--check` is for those who change the models."""

import argparse
import asyncio
import tempfile
from pathlib import Path

from cli import setting_flags
from cli.remote.output import document
from core.logging import configure
from core.settings import load
from db import migrating
from web.foundation import migrate, revision

OUT_OF_DATE = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags."""
    parser.add_argument(
        "--check",
        action="store_true",
        help="touch no database; exit with 1 if the migrations do not make what the models say",
    )
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")
    setting_flags.add(parser, ["database_url", "log_level"])


def run(args: argparse.Namespace) -> int:
    """Migrate or check.

    Raises:
        Misconfigured: a setting is wrong, or the database does not answer.
    """
    settings = load(**setting_flags.given(args))
    configure(settings.log_level)
    as_json = args.json
    return asyncio.run(
        _check(as_json=as_json) if args.check else _migrate(settings.database_url, as_json=as_json)
    )


async def _migrate(url: str, *, as_json: bool) -> int:
    before = await revision(url)
    await migrate(url)
    after = await revision(url)
    if as_json:
        print(document({"before": before, "revision": after}))
    elif before == after:
        print(f"The database is at {after} already.")
    else:
        print(f"The database is at {after} now; it was {before or 'empty'}.")
    return 0


async def _check(*, as_json: bool) -> int:
    problem = await _problem()
    if as_json:
        print(document({"upToDate": problem is None, "problem": problem}))
    elif problem is not None:
        print(f"The migrations are out of date: {' '.join(problem.split())}")
    return 0 if problem is None else OUT_OF_DATE


async def _problem() -> str | None:
    with tempfile.TemporaryDirectory(prefix="heliograph-migrate-") as folder:
        url = f"sqlite+aiosqlite:///{Path(folder) / 'check.db'}"
        try:
            migrating.newest()
            await migrating.upgrade(url)
            different = await migrating.differences(url)
        except Exception as error:  # noqa: BLE001  Several heads, or a migration that fails: its words are the answer.
            return f"they cannot be run ({error})"
    if not different:
        return None
    return f"{len(different)} differences from the models, the first being {different[0]}"
