"""`heliograph check`: looks at any running server from outside, and says whether it does what the documents say.

It is safe on a server in production: all that it changes is a keyword set of its own, which it removes at the end, also
after a failure or Ctrl-C. Whoever may only look gets the checks that only look.
"""

import argparse
import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live

from cli.check.check import Family, Outcome, Result
from cli.check.report import as_json, lines, summary, table
from cli.check.running import chosen, run_all
from cli.check.site import Site, Sizes
from cli.remote import documents
from cli.remote.failures import DONE, REFUSED
from cli.remote.running import add_flags
from cli.remote.server import Server
from cli.remote.wire import Wire
from core.settings import ClientSettings, load_client

ALL = tuple(str(family) for family in Family)
SUBSCRIBERS = 50
MUTATIONS = 100
RATE = 50.0
MOST = 10_000
VIEWER = "VIEWER"
TERMINATED = 143


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to look at, and how hard."""
    parser.add_argument(
        "url",
        nargs="?",
        metavar="URL",
        help="the server; HELIOGRAPH_URL, or http://127.0.0.1:8000, unless told",
    )
    parser.add_argument("--only", choices=ALL, action="append", help="only these checks; may be given again")
    parser.add_argument(
        "--subscribers",
        metavar="N",
        type=_whole,
        default=SUBSCRIBERS,
        help=f"how many follow at once in the checks of load. Default: {SUBSCRIBERS}.",
    )
    parser.add_argument(
        "--mutations",
        metavar="N",
        type=_whole,
        default=MUTATIONS,
        help=f"how many changes are told to all of them. Default: {MUTATIONS}.",
    )
    parser.add_argument(
        "--rate",
        metavar="N",
        type=_rate,
        default=RATE,
        help=f"at most N changes a second. Default: {RATE:.0f}.",
    )
    add_flags(parser, without={"url"})


def run(args: argparse.Namespace) -> int:
    """Look, and say what was seen; 1 if something is not as it should be.

    Raises:
        HeliographError: the server is not there, or does not know who asks; or an argument is wrong.
    """
    settings = load_client(url=args.url, token=args.token)
    try:
        return asyncio.run(_check(settings, args))
    except asyncio.CancelledError:
        return TERMINATED


async def _check(settings: ClientSettings, args: argparse.Namespace) -> int:
    # Whoever is told to end removes what is theirs first, as at Ctrl-C.
    task = asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    async with Server.open(settings) as server:
        role = (await server.ask(documents.ME))["me"]["role"]
    found: list[Result] = []
    sizes = Sizes(args.subscribers, args.mutations, args.rate)
    async with Wire.open(settings) as wire:
        with _showing(found, as_json=args.json) as tell:
            await run_all(Site(wire, sizes), chosen(args.only or ALL), tell, may_change=role != VIEWER)
    print(as_json(settings.url, role, found) if args.json else summary(found))
    return REFUSED if any(each.outcome is Outcome.FAILED for each in found) else DONE


@contextmanager
def _showing(found: list[Result], *, as_json: bool) -> Iterator[Callable[[Result], None]]:
    """What to tell each result: it is kept, and shown as soon as it is known where somebody looks."""
    console = Console()
    if console.is_terminal and not as_json:
        with Live(console=console, auto_refresh=False) as live:
            yield lambda result: live.update(table(_kept(found, result)), refresh=True)
        return
    yield found.append
    if not as_json:
        print("\n".join(lines(found)))


def _kept(found: list[Result], result: Result) -> list[Result]:
    found.append(result)
    return found


def _whole(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MOST:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1 to {MOST}")
    return int(text)


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 0.1 <= rate <= MOST:
        raise argparse.ArgumentTypeError(f"must be a number from 0.1 to {MOST}")
    return rate
