"""`heliograph`: finds the command, and turns what can be expected to fail into one line and exit code 2.

Every command is a module of its own that is imported only when it is the one that is wanted, so that `--help`
does not wait for a database driver and a web server to be imported.
"""

import argparse
import importlib
import os
import sys
from collections.abc import Mapping, Sequence
from typing import NamedTuple, NoReturn, Protocol, cast

from core.errors import HeliographError

FAILED = 2
INTERRUPTED = 130


class Command(Protocol):
    """What the module of a command has."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Say which flags there are."""

    def run(self, args: argparse.Namespace) -> int:
        """Do it; gives the exit code.

        Raises:
            HeliographError: something expected went wrong; its message is shown.
        """


class Entry(NamedTuple):
    """A command before its module is imported."""

    module: str
    text: str


COMMANDS = {
    "serve": Entry("cli.serve_command", "run the API and, unless told otherwise, its workers"),
    "worker": Entry("cli.worker_command", "run workers in a process without an API"),
    "migrate": Entry("cli.migrate_command", "bring the database to the newest schema"),
    "token": Entry("cli.token_command", "create, list and revoke access tokens"),
    "key": Entry("cli.key_command", "list and change the keys that seal the passwords of proxies"),
    "schema": Entry("cli.schema_command", "print the GraphQL schema"),
    "documents": Entry("cli.documents_command", "write a manifest of trusted documents"),
    "campaign": Entry("cli.campaign_command", "list, make, run and watch campaigns of a running server"),
    "tail": Entry("cli.tail_command", "follow what happens on a running server, line by line"),
    "check": Entry("cli.check_command", "look at a running server from outside: is it right?"),
    "proxy": Entry("cli.proxy_command", "list and test proxies of a running server"),
    "keywords": Entry("cli.keywords_command", "try keyword rules on a text, a file or a page"),
    "export": Entry("cli.export_command", "write the domains or the history of a campaign as CSV or NDJSON"),
    "completion": Entry("cli.completion_command", "print a completion script for your shell"),
}


class OneLineParser(argparse.ArgumentParser):
    """An argument parser whose complaints are one line, without the usage before it."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and where help is, and exit."""
        self.exit(FAILED, f"{self.prog}: {message} (see `{self.prog} --help`)\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command that the arguments name; gives the exit code."""
    given = list(sys.argv[1:] if argv is None else argv)
    name = next((argument for argument in given if not argument.startswith("-")), None)
    command = _load(name)
    loaded = {} if name is None or command is None else {name: command}
    args, unknown = _parser(loaded).parse_known_args(given)
    if unknown:
        # argparse itself would say so of `heliograph`, whose help has no flags.
        OneLineParser(prog=f"heliograph {name}").error(f"unrecognized arguments: {' '.join(unknown)}")
    if command is None:
        raise AssertionError("The parser lets no unknown command pass.")
    try:
        return command.run(args)
    except HeliographError as error:
        return _complain(f"heliograph {name}", error)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone, and the interpreter would complain when it flushes at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED


def whole_parser() -> argparse.ArgumentParser:
    """The parser with the flags of every command, which takes the import of all of them."""
    return _parser({name: _imported(entry) for name, entry in COMMANDS.items()})


def _load(name: str | None) -> Command | None:
    entry = COMMANDS.get(name or "")
    return None if entry is None else _imported(entry)


def _imported(entry: Entry) -> Command:
    return cast(Command, importlib.import_module(entry.module))


def _parser(commands: Mapping[str, Command]) -> argparse.ArgumentParser:
    parser = OneLineParser(prog="heliograph", description="Domain discovery, live: nothing polls.")
    choices = parser.add_subparsers(required=True, dest="command", metavar="COMMAND")
    for each, entry in COMMANDS.items():
        text = entry.text[0].upper() + entry.text[1:] + "."
        below = choices.add_parser(each, help=entry.text, description=text)
        if each in commands:
            commands[each].add_arguments(below)
    return parser


def _complain(where: str, error: HeliographError) -> int:
    print(f"{where}: {' '.join(str(error).split())}", file=sys.stderr)
    return FAILED
