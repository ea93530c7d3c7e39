"""`heliograph serve`: the API, with workers in the same process unless told otherwise, or the whole demo."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cli import setting_flags
from cli.demo import seeding
from cli.demo.folder import DEFAULT, DemoFolder
from cli.demo.world import Demo, taking_part
from cli.process import Stopping, settle
from cli.process import run as run_process
from cli.start_screen import show
from core.clock import SystemClock
from core.errors import HeliographError
from core.logging import configure
from core.settings import Settings, WorkerMode, load, shown_url
from web.app import ApiProcess
from web.dropped import overlook_dropped
from web.foundation import migrate
from web.routes import GRAPHQL_PATH

LATER = "`heliograph token create` makes one; the first was shown at the first start"
GIVEN = "the one that HELIOGRAPH_BOOTSTRAP_TOKEN gave to the empty database; `heliograph token create` makes others"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags."""
    parser.add_argument(
        "--migrate",
        action="store_true",
        help="bring the database to the newest schema first; on SQLite this is always done",
    )
    demo = parser.add_argument_group("demo")
    demo.add_argument("--demo", action="store_true", help="discover an offline world on loopback")
    demo.add_argument(
        "--demo-dir",
        type=Path,
        default=DEFAULT,
        metavar="DIR",
        help=f"where the demo keeps everything. Default: {DEFAULT}.",
    )
    demo.add_argument(
        "--demo-names",
        type=_names,
        default=seeding.NAMES,
        metavar="N",
        help=f"how many of the world's {seeding.WORLD_NAMES} names a campaign takes, 0 for no campaign."
        f" Default: {seeding.NAMES}.",
    )
    setting_flags.add(parser, setting_flags.ALL)


def run(args: argparse.Namespace) -> int:
    """Serve until told to stop.

    Raises:
        HeliographError: a setting or the surroundings are not in order.
    """
    flags = setting_flags.given(args)
    overlook_dropped()
    # Read before the event loop, so that a wrong setting is told of before anything is done.
    settings = load(**flags)

    async def work(stopping: Stopping) -> None:
        if args.demo:
            await _serve_demo(args, flags, stopping)
        else:
            await _serve(settings, stopping, migrating=args.migrate)

    return run_process(work)


async def _serve(settings: Settings, stopping: Stopping, *, migrating: bool) -> None:
    await _prepare_database(settings, migrating=migrating)
    async with ApiProcess.open(settings, SystemClock()) as api:
        configure(settings.log_level)
        known = LATER if settings.bootstrap_token is None else GIVEN
        _show(api, api.first_token, {"Token": api.first_token or known})
        await _until_left(api, stopping)


async def _serve_demo(args: argparse.Namespace, flags: Mapping[str, Any], stopping: Stopping) -> None:
    async with taking_part(DemoFolder(args.demo_dir), flags) as demo:
        await _prepare_database(demo.settings, migrating=args.migrate)
        async with ApiProcess.open(demo.settings, SystemClock()) as api:
            configure(demo.settings.log_level)
            token, rows = await _seed(api, demo, args.demo_names)
            _show(api, token, {"Token": f"{token} (an admin's)", **rows})
            await _until_left(api, stopping)


async def _until_left(api: ApiProcess, stopping: Stopping) -> None:
    """Return when the process shall stop, and nobody who has time to leave is left."""
    settle()
    await stopping.wait()
    if stopping.gently:
        await api.drain()


async def _prepare_database(settings: Settings, *, migrating: bool) -> None:
    if migrating or settings.database_url.startswith("sqlite"):
        await migrate(settings.database_url)


async def _seed(api: ApiProcess, demo: Demo, names: int) -> tuple[str, Mapping[str, str]]:
    """The token to show, and what is told of the demo."""
    if demo.sandbox is None:
        return demo.folder.token(), {"Demo": f"hosted by another process, in {demo.folder.path}"}
    token, caller = await seeding.working_token(api, demo.folder)
    try:
        campaign = await seeding.seed(api, caller, demo.sandbox, names)
    except HeliographError as error:
        # Somebody has changed what the demo works with; they shall see it, and the API runs all the same.
        campaign = f"No campaign was started: {error}"
    return token, {
        "Demo": f"everything is in {demo.folder.path}, name server {demo.sandbox.dns}",
        "Campaign": campaign,
    }


def _show(api: ApiProcess, token: str | None, rows: Mapping[str, str]) -> None:
    settings = api.ground.settings
    link = f"{api.url}{GRAPHQL_PATH}" + (f"#token={token}" if token else "")
    show(
        "Heliograph is running. Ctrl-C ends it.",
        {
            "GraphiQL": link,
            **rows,
            "Database": shown_url(settings.database_url),
            "Channel": shown_url(settings.channel_url),
            "Workers": _workers(settings),
        },
    )


def _workers(settings: Settings) -> str:
    if settings.workers is WorkerMode.EMBEDDED:
        return f"in this process, {settings.worker_shards} shards at a time"
    return "in other processes: `heliograph worker`"


def _names(text: str) -> int:
    if not text.isdecimal() or int(text) > seeding.WORLD_NAMES:
        raise argparse.ArgumentTypeError(f"{text!r} must be a whole number from 0 to {seeding.WORLD_NAMES}")
    return int(text)
