"""The flags that all commands share which ask a server, and how their work is run and ends."""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable, Collection

from cli.remote.failures import REFUSED, Refused
from cli.remote.output import document, printable
from cli.remote.server import Server
from core.settings import ClientSettings, load_client

Work = Callable[[Server, argparse.Namespace], Awaitable[int]]


def add_flags(parser: argparse.ArgumentParser, without: Collection[str] = ()) -> None:
    """`--json`, and a flag for each setting of a client but those that a command takes in another way."""
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")
    group = parser.add_argument_group("server", "A flag goes before its environment variable.")
    for name, field in ClientSettings.model_fields.items():
        if name in without:
            continue
        told = f" Default: {field.default}." if field.default else ""
        text = f"HELIOGRAPH_{name.upper()}: {field.description}{told}"
        group.add_argument(f"--{name}", metavar=name.upper(), help=text)


def run(args: argparse.Namespace, work: Work) -> int:
    """Do the work with the server that the arguments and the environment name; gives the exit code.

    A refusal is a line on standard error for each reason and, with `--json`, the server's own words on standard
    output.

    Raises:
        HeliographError: everything else that can be expected to go wrong.
    """
    settings = load_client(url=args.url, token=args.token)
    try:
        return asyncio.run(_run(settings, work, args))
    except Refused as refused:
        if args.json:
            print(document(refused.payload))
        for reason in refused.lines:
            print(f"heliograph {args.command}: {printable(reason)}", file=sys.stderr)
        return REFUSED


async def _run(settings: ClientSettings, work: Work, args: argparse.Namespace) -> int:
    async with Server.open(settings) as server:
        return await work(server, args)
