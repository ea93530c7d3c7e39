"""A stock Strawberry server that answers the same from memory: `python -m bench.query_path.stock ROWS`.

It is what their documents show, a `GraphQLView` of aiohttp. What it answers is kept as text already, so that it has
nothing to read and nothing to convert. It prints the port that it was given.
"""

import asyncio
import sys
from pathlib import Path
from typing import Any

import msgspec
import strawberry
import uvloop
from aiohttp import web
from strawberry.aiohttp.views import GraphQLView


@strawberry.type
class Campaign:
    """The ten fields."""

    id: strawberry.ID
    name: str
    status: str
    mode: str
    version: int
    control_phase: str | None
    percent: float
    created_at: str
    updated_at: str
    started_at: str | None


@strawberry.type
class Page:
    """As a connection of ours."""

    nodes: list[Campaign]


def schema_of(rows: list[dict[str, Any]]) -> strawberry.Schema:
    """The schema around these rows."""
    found = [Campaign(**{_snake(name): value for name, value in row.items()}) for row in rows]

    @strawberry.type
    class Query:
        """The one list."""

        @strawberry.field
        def campaigns(self, first: int) -> Page:
            """The first so many."""
            return Page(nodes=found[:first])

    return strawberry.Schema(query=Query)


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


async def serve(rows: list[dict[str, Any]]) -> None:
    """Serve until killed."""
    app = web.Application()
    app.router.add_route("*", "/graphql", GraphQLView(schema=schema_of(rows)))
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(f"port {runner.addresses[0][1]}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve(msgspec.json.decode(Path(sys.argv[1]).read_bytes())))
