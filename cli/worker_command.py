"""`heliograph worker`: workers in a process of their own; start as many as there is work for."""

import argparse
from pathlib import Path

from auth.sealing import Sealer
from cli import setting_flags
from cli.demo.folder import DemoFolder
from cli.demo.world import worker_settings
from cli.process import Stopping
from cli.process import run as run_process
from cli.start_screen import show
from core.clock import SystemClock
from core.errors import Misconfigured
from core.logging import configure
from core.settings import Settings, load, shown_url
from web.foundation import standing
from workers.main import build_runner


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags."""
    parser.add_argument(
        "--demo-dir",
        type=Path,
        metavar="DIR",
        help="work for the demo that `heliograph serve --demo` hosts in DIR, with its settings",
    )
    setting_flags.add(parser, setting_flags.WORKER)


def run(args: argparse.Namespace) -> int:
    """Work until told to stop; then shards are given back for others to take at once.

    Raises:
        HeliographError: a setting or the surroundings are not in order.
    """
    settings = _settings(args)

    async def work(stopping: Stopping) -> None:
        await _work(settings, stopping)

    return run_process(work)


def _settings(args: argparse.Namespace) -> Settings:
    flags = setting_flags.given(args)
    settings = load(**flags) if args.demo_dir is None else worker_settings(DemoFolder(args.demo_dir), flags)
    if settings.channel_url.startswith("memory://"):
        raise Misconfigured(
            "memory:// cannot reach this process: set HELIOGRAPH_CHANNEL_URL to the redis://… or postgres://…"
            " that the API has, or let the API run the workers"
        )
    return settings


async def _work(settings: Settings, stopping: Stopping) -> None:
    async with standing(settings, SystemClock()) as ground:
        configure(settings.log_level)
        sealer = Sealer.from_file(settings.secret_key_file)
        runner = build_runner(ground.database, settings, sealer, ground.name)
        ground.doorbell.listen(runner.hear)
        await runner.start()
        try:
            show(
                "A Heliograph worker is running. Ctrl-C ends it.",
                {
                    "Worker": ground.name,
                    "Database": shown_url(settings.database_url),
                    "Channel": shown_url(settings.channel_url),
                    "Shards": f"{settings.worker_shards} at a time",
                },
            )
            await stopping.wait()
        finally:
            await runner.close()
