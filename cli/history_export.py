"""`heliograph export --history`: all that the log has of a campaign, oldest first, as NDJSON; a page is in memory.

A campaign may be deleted and its history is still there, so an id is enough; a name has to be of one that is there.
What the log has pruned is gone: that is told, whether it was so at the beginning or came about meanwhile.
"""

import argparse
import sys
from collections.abc import AsyncIterator

from cli.remote import documents, naming
from cli.remote.failures import DONE, Refused, Rejected
from cli.remote.files import opened
from cli.remote.output import document, line
from cli.remote.server import Json, Server

PAGE = 500


async def export_history(server: Server, args: argparse.Namespace) -> int:
    """Write it to standard output, or to the file that `--output` names.

    Raises:
        Refused: there is no such campaign, and never was as far as the log goes back.
    """
    pages = _pages(server, args.campaign)
    # A name that is nobody's shall not leave an empty file.
    page = await anext(pages)
    written, is_whole = 0, True
    with opened(args.output) as out:
        while page is not None:
            for entry in page["nodes"]:
                print(line(entry), file=out)
            written += len(page["nodes"])
            is_whole = is_whole and page["isGapless"]
            page = await anext(pages, None)
    if not is_whole:
        print("heliograph export: the log no longer has all of it; see HELIOGRAPH_LOG_DAYS.", file=sys.stderr)
    if args.output is not None:
        told = {"file": args.output, "events": written, "isWhole": is_whole}
        print(document(told) if args.json else f"{written:,} events are in {args.output}.")
    return DONE


async def _pages(server: Server, given: str) -> AsyncIterator[Json | None]:
    campaign_id, after = await _found(server, given), None
    while True:
        page = (await server.ask(documents.HISTORY, id=campaign_id, after=after, first=PAGE))[
            "campaignHistory"
        ]
        yield page
        if not page["pageInfo"]["hasNextPage"]:
            return
        after = page["pageInfo"]["endCursor"]


async def _found(server: Server, given: str) -> str:
    """The id of a campaign; of one that is gone, if the log has anything of it."""
    try:
        campaign = await naming.find(server, naming.CAMPAIGN, given)
    except Refused:
        if not await _had(server, given):
            raise
        return given
    found: str = campaign["id"]
    return found


async def _had(server: Server, ident: str) -> bool:
    try:
        page = await server.ask(documents.HISTORY, id=ident, after=None, first=1)
    except Rejected:
        # It is no id at all.
        return False
    return bool(page["campaignHistory"]["nodes"])
