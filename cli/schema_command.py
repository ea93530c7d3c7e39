"""`heliograph schema`: prints the schema as SDL, or compares it with the file that is committed."""

import argparse
from pathlib import Path

from core.errors import Misconfigured
from graph.schema import schema

OUT_OF_DATE = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags."""
    parser.add_argument(
        "--check",
        nargs="?",
        const="schema.graphql",
        metavar="FILE",
        help="print nothing; exit with 1 if FILE (default: schema.graphql) is not the schema",
    )


def run(args: argparse.Namespace) -> int:
    """Print the schema or check a file.

    Raises:
        Misconfigured: the file cannot be read.
    """
    text = schema.as_str() + "\n"
    if args.check is None:
        print(text, end="")
        return 0
    if _read(Path(args.check)) == text:
        return 0
    print(f"{args.check} is out of date: run make schema")
    return OUT_OF_DATE


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError as error:
        raise Misconfigured(f"{path} cannot be read ({error.strerror}): run make schema") from error
