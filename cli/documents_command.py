"""`heliograph documents`: writes a manifest of trusted documents from the files of a client's operations."""

import argparse
from pathlib import Path

from cli.remote.output import document
from core.errors import Misconfigured
from graph.core_execution import CORE_SCHEMA
from graph.manifest import manifest_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags."""
    parser.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="a file of operations and fragments in GraphQL"
    )
    parser.epilog = (
        "The manifest is printed: a server that is given it by HELIOGRAPH_DOCUMENTS_FILE carries each operation out "
        "that is asked for by `documentId`, and with HELIOGRAPH_DOCUMENTS_ONLY no other."
    )


def run(args: argparse.Namespace) -> int:
    """Print the manifest.

    Raises:
        Misconfigured: a file cannot be read, or what is in it is not in order.
    """
    print(document(manifest_of({str(file): _read(file) for file in args.files}, CORE_SCHEMA)))
    return 0


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise Misconfigured(f"{file} cannot be read ({reason})") from error
