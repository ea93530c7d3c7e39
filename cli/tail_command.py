"""`heliograph tail`: follows a stream of a running server, across restarts of the server and of itself.

A frame is printed and flushed first and its cursor is kept then, so with `--state` whatever ends this program leaves
nothing out. What it printed in the last moment before a `kill -9` a later one may print again; after any other end
each frame was printed once.
"""

import argparse
import asyncio
import os
import signal
import stat
import sys
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, contextmanager, nullcontext
from pathlib import Path

from rich.console import Console

from cli.remote import documents
from cli.remote.failures import DONE, Refused, Rejected
from cli.remote.running import add_flags
from cli.remote.running import run as run_remote
from cli.remote.server import Json, Server
from cli.tail.printer import Notices, Printer, drawing, writing
from cli.tail.state import StateFile
from cli.tail.streams import STREAMS

STATE = (
    "keep in FILE how far it is, and go on from there the next time. What was printed in the last moment before a "
    "kill -9 may be printed again; nothing is left out. The file is of one stream with its filters."
)
RATE = (
    "tell progress of a campaign at most N times a second, the newest; it says how many were skipped. Nothing else is "
    "left out. May differ from time to time with one --state."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The streams, and the flags of each."""
    streams = parser.add_subparsers(required=True, dest="stream", metavar="STREAM")
    for name, stream in STREAMS.items():
        text = f"follow {stream.text}"
        below = streams.add_parser(
            name, help=text, description=f"{text[0].upper()}{text[1:]}. Times are UTC."
        )
        for argument, given in stream.arguments.items():
            below.add_argument(argument, **given)
        below.add_argument(
            "--after",
            metavar="CURSOR",
            help="what followed this cursor, and no snapshot; counts until FILE of --state is there",
        )
        below.add_argument("--state", metavar="FILE", type=Path, help=STATE)
        below.add_argument(
            "--count", metavar="N", type=_number, help="end after N frames, snapshots among them"
        )
        if stream.has_rate:
            below.add_argument("--max-rate", metavar="N", type=float, help=RATE)
        add_flags(below)


def run(args: argparse.Namespace) -> int:
    """Follow it until it ends, or somebody ends this.

    Raises:
        HeliographError: the server is not there, or does not know who asks; or an argument is wrong.
    """
    return run_remote(args, _tail)


async def _tail(server: Server, args: argparse.Namespace) -> int:
    stream = STREAMS[args.stream]
    state = None if args.state is None else StateFile(args.state, args.stream, stream.asked(args))
    if state is not None and state.found is not None:
        variables, after = state.found.variables, state.found.cursor
    else:
        # Somebody who is there and sees a wrong address or token at once is helped more than by waiting.
        await server.ask(documents.CURSOR)
        variables, after = await stream.variables(server, args), args.after
    notices = Notices(Console(stderr=True))
    rate = {"maxRate": args.max_rate} if stream.has_rate else {}
    frames = server.follow(stream.document, notices.lost, notices.returned, **variables, **rate, after=after)
    keeping = nullcontext(ignored) if state is None else state.kept(variables)
    try:
        with ended_by_others(), keeping as keep:
            await _print(frames, _printer(args, notices), keep, args.count)
    except Rejected as rejected:
        if "NOT_FOUND" not in rejected.codes:
            raise
        raise Refused({"code": "NOT_FOUND", "message": str(rejected)}) from rejected
    return DONE


async def _print(
    frames: AsyncGenerator[Json, None], show: Printer, keep: Callable[[str], None], most: int | None
) -> None:
    async with aclosing(frames):
        shown = 0
        async for frame in frames:
            show(frame)
            keep(frame["cursor"])
            shown += 1
            if shown == most:
                return


def ignored(_cursor: str) -> None:
    """For a follower that keeps nothing."""


def _printer(args: argparse.Namespace, notices: Notices) -> Printer:
    console = Console(highlight=False)
    return drawing(console) if console.is_terminal and not args.json else writing(notices)


@contextmanager
def ended_by_others() -> Iterator[None]:
    """Ends the block in good order at SIGTERM, and when whoever reads our pipe has gone, even if nothing happens.

    Raises:
        BrokenPipeError: the reader has gone.
    """
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    reasons: list[str] = []

    def end(reason: str) -> None:
        # Once: a second cancelling would break off what the first one tidies up.
        if task is not None and not reasons:
            task.cancel()
        reasons.append(reason)

    pipe = _pipe()
    loop.add_signal_handler(signal.SIGTERM, end, "SIGTERM")
    if pipe is not None:
        # A pipe that nobody reads any more is "readable" at the end that writes.
        loop.add_reader(pipe, end, "pipe")
    try:
        yield
    except asyncio.CancelledError:
        if "pipe" in reasons:
            raise BrokenPipeError from None
        if not reasons:
            raise
    finally:
        loop.remove_signal_handler(signal.SIGTERM)
        if pipe is not None:
            loop.remove_reader(pipe)


def _pipe() -> int | None:
    """The number of standard output if that is a pipe."""
    try:
        number = sys.stdout.fileno()
        return number if stat.S_ISFIFO(os.fstat(number).st_mode) else None
    except OSError:
        return None


def _number(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("must be a whole number, 1 or more")
    return int(text)
