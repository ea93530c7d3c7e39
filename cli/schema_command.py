"""`heliograph schema`: prints the schema, or compares it with the file that is committed.

It is printed as SDL, or with `--json` as the answer to an introspection, which is what generators of clients read.
"""

import argparse
from pathlib import Path
from typing import Any

from graphql import get_introspection_query

from cli.remote.output import document
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
    parser.add_argument(
        "--json", action="store_true", help="print JSON, for programs: what an introspection would answer"
    )


def run(args: argparse.Namespace) -> int:
    """Print the schema or check a file.

    Raises:
        Misconfigured: the file cannot be read.
    """
    text = schema.as_str() + "\n"
    if args.check is None:
        print(document(_introspection()) if args.json else text.removesuffix("\n"))
        return 0
    same = _read(Path(args.check)) == text
    if args.json:
        print(document({"upToDate": same, "file": args.check}))
    elif not same:
        print(f"{args.check} is out of date: run make schema")
    return 0 if same else OUT_OF_DATE


def _introspection() -> dict[str, Any]:
    """What a server answers to the fullest introspection."""
    query = get_introspection_query(
        specified_by_url=True,
        directive_is_repeatable=True,
        schema_description=True,
        input_value_deprecation=True,
        one_of=True,
    )
    return {"data": schema.execute_sync(query).data}


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError as error:
        raise Misconfigured(f"{path} cannot be read ({error.strerror}): run make schema") from error
