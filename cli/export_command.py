"""`heliograph export`: the domains of a campaign, by offset, or its history; a page of them is all that is in memory.

CSV is for spreadsheets, which take a cell that begins with =, +, - or @ for a formula, and the title of a page is
somebody else's text: such a cell gets an apostrophe before it. NDJSON has everything as the API says it.
"""

import argparse
import csv
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, TextIO

from cli.history_export import export_history
from cli.remote import documents, naming
from cli.remote.failures import DONE, Refused
from cli.remote.files import opened
from cli.remote.output import document, line
from cli.remote.running import add_flags
from cli.remote.running import run as run_remote
from cli.remote.server import Json, Server
from core.errors import Misconfigured

PAGE = 1000
FORMULA = ("=", "+", "-", "@", "\t", "\r")

Cell = Callable[[Mapping[str, Any]], object]
COLUMNS: Mapping[str, Cell] = {
    "name": lambda domain: domain["name"],
    "tld": lambda domain: domain["tld"],
    "offset": lambda domain: domain["offset"],
    "lead_status": lambda domain: domain["lead"]["status"],
    "rejection": lambda domain: domain["lead"]["rejection"],
    "lead_reason": lambda domain: domain["lead"]["reason"],
    "bucket": lambda domain: domain["bucket"],
    "score": lambda domain: _of(domain["score"], "score"),
    "score_completeness": lambda domain: _of(domain["score"], "completeness"),
    "is_parked": lambda domain: _of(domain["parked"], "isParked"),
    "parked_confidence": lambda domain: _of(domain["parked"], "confidence"),
    "richness": lambda domain: _of(domain["richness"], "score"),
    "microcrawl_gain": lambda domain: domain["microcrawlGain"],
    "keywords_unique": lambda domain: domain["keywordsUnique"],
    "warnings": lambda domain: " ".join(domain["warnings"]),
    "matched": lambda domain: str(domain["matched"]).lower(),
    "dns_status": lambda domain: domain["dns"]["status"],
    "dns_reason": lambda domain: domain["dns"]["reason"],
    "dns_addresses": lambda domain: " ".join(domain["dns"]["addresses"]),
    "dns_cnames": lambda domain: " ".join(domain["dns"]["cnames"]),
    "dns_checked_at": lambda domain: domain["dns"]["checkedAt"],
    "http_status": lambda domain: domain["http"]["status"],
    "http_reason": lambda domain: domain["http"]["reason"],
    "http_status_code": lambda domain: domain["http"]["statusCode"],
    "http_final_url": lambda domain: domain["http"]["finalUrl"],
    "http_title": lambda domain: domain["http"]["title"],
    "http_checked_at": lambda domain: domain["http"]["checkedAt"],
    "keywords": lambda domain: " | ".join(dict.fromkeys(hit["pattern"] for hit in domain["http"]["hits"])),
    "checked_at": lambda domain: domain["checkedAt"],
}
REJECTIONS = (
    "PENDING", "QUALIFIED", "LOW_SCORE", "NO_KEYWORDS", "PARKED", "DNS_ERROR", "DNS_TIMEOUT", "HTTP_ERROR",
    "HTTP_TIMEOUT",
)  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags."""
    parser.add_argument("campaign", metavar="CAMPAIGN", help="its id, or its name if no other has the same")
    parser.add_argument("--format", choices=["csv", "ndjson"], help="default: csv; --json is ndjson")
    parser.add_argument(
        "--history",
        action="store_true",
        help="all events of the campaign that the log has, oldest first, as ndjson; also of a deleted one, by its id",
    )
    parser.add_argument(
        "--rejection",
        action="append",
        choices=REJECTIONS,
        metavar="WHY",
        help=f"only domains with this reason to be a lead or none; may be given again. {', '.join(REJECTIONS)}",
    )
    parser.add_argument(
        "--output",
        metavar="FILE",
        help="write to FILE, which is replaced at the end; else to standard output",
    )
    add_flags(parser)


def run(args: argparse.Namespace) -> int:
    """Write them all.

    Raises:
        Misconfigured: a flag is of domains, and --history is not about them.
        HeliographError: the server is not there, or does not know who asks; or the file cannot be written.
    """
    if args.history and (args.rejection or args.format == "csv"):
        raise Misconfigured("--history is NDJSON of all events: leave --rejection and --format csv out")
    return run_remote(args, export_history if args.history else _export)


async def _export(server: Server, args: argparse.Namespace) -> int:
    campaign = await naming.find(server, naming.CAMPAIGN, args.campaign)
    written = 0
    with opened(args.output) as out:
        write = _csv(out) if args.format in (None, "csv") and not args.json else _ndjson(out)
        async for page in _pages(server, campaign["id"], args.rejection):
            for domain in page:
                write(domain)
            written += len(page)
    if args.output is not None:
        told = {"campaign": campaign["id"], "file": args.output, "domains": written}
        print(document(told) if args.json else f"{written:,} domains are in {args.output}.")
    return DONE


async def _pages(server: Server, campaign_id: str, rejection: list[str] | None) -> AsyncIterator[list[Json]]:
    """Page after page.

    Raises:
        Refused: the campaign was deleted meanwhile.
    """
    after = None
    while True:
        asked = {"id": campaign_id, "after": after, "first": PAGE, "rejection": rejection}
        campaign = (await server.ask(documents.DOMAINS, **asked))["campaign"]
        if campaign is None:
            message = "The campaign was deleted while it was exported; nothing of it is kept in a file."
            raise Refused(
                {"__typename": "NotFoundError", "code": "NOT_FOUND", "message": message, "path": None}
            )
        page = campaign["domains"]
        yield page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            return
        after = page["pageInfo"]["endCursor"]


def _csv(out: TextIO) -> Callable[[Json], None]:
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    return lambda domain: writer.writerow([safe_cell(cell(domain)) for cell in COLUMNS.values()])


def _ndjson(out: TextIO) -> Callable[[Json], None]:
    return lambda domain: print(line(domain), file=out)


def _of(part: Json | None, name: str) -> object:
    """A value of a part of a domain that may not be there yet; a boolean in the words of the API."""
    value = None if part is None else part[name]
    return str(value).lower() if isinstance(value, bool) else value


def safe_cell(cell: object) -> object:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell
