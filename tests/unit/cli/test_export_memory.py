"""An export holds a page in memory, however many there are."""

import tracemalloc
from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from cli.export_command import _export as export_domains
from cli.history_export import export_history
from cli.remote.server import Server
from core.settings import ClientSettings

ROWS = 40
DOMAIN: dict[str, Any] = {
    **dict.fromkeys(("name", "tld", "offset", "bucket", "matched", "microcrawlGain", "keywordsUnique"), "a name " * 9),
    **dict.fromkeys(("checkedAt", "score", "parked", "richness")),
    "warnings": [],
    "lead": {"status": "NONE", "rejection": "PENDING", "reason": ""},
    "dns": {"status": "OK", "reason": None, "addresses": [], "cnames": [], "checkedAt": None},
    "http": {"status": "OK", "hits": [], **dict.fromkeys(("reason", "statusCode", "finalUrl", "title", "checkedAt"))},
}  # fmt: skip
ENTRY = {
    "cursor": "a cursor",
    "kind": "CampaignProgress",
    "summary": "a summary " * 9,
    "data": {"counts": [1] * 30},
}


class Endless:
    """A server on a real socket that has so many pages of whatever is asked."""

    def __init__(self, pages: int) -> None:
        self.left = pages

    async def answer(self, request: web.Request) -> web.Response:
        document = (await request.json())["query"]
        if "query Campaign(" in document:
            return web.json_response({"data": {"campaign": {"id": "an id", "name": "a name"}}})
        self.left -= 1
        info = {"hasNextPage": self.left > 0, "endCursor": "here"}
        if "campaignHistory" in document:
            page: Any = {"isGapless": True, "pageInfo": info, "nodes": [ENTRY] * ROWS}
            return web.json_response({"data": {"campaignHistory": page}})
        return web.json_response(
            {"data": {"campaign": {"domains": {"pageInfo": info, "nodes": [DOMAIN] * ROWS}}}}
        )


async def peak(pages: int, out: Path, kind: str) -> int:
    """The most bytes that were in use at a time."""
    app = web.Application()
    app.router.add_post("/graphql", Endless(pages).answer)
    asked = Namespace(campaign="x", output=str(out), json=kind == "ndjson", rejection=None, format=None)
    async with (
        TestServer(app) as served,
        Server.open(ClientSettings(url=str(served.make_url("/graphql")))) as server,
    ):
        tracemalloc.start()
        try:
            await (export_history if kind == "history" else export_domains)(server, asked)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()


@pytest.mark.parametrize("kind", ["csv", "ndjson", "history"])
async def test_its_peak_does_not_grow_with_the_pages(tmp_path: Path, kind: str) -> None:
    out = tmp_path / "out"
    few = await peak(3, out, kind)
    many = await peak(30, out, kind)
    assert len(out.read_text().splitlines()) == 30 * ROWS + (kind == "csv")
    # All of it would be ten times as much.
    assert many < 1.5 * few, (few, many)
