"""All things of a list, a page at a time: no more than one page is in memory."""

from collections.abc import AsyncGenerator

from cli.remote.server import Json, Server

PAGE = 100


async def every(server: Server, document: str, field: str, **variables: object) -> AsyncGenerator[Json, None]:
    """Each thing of the connection `field` of a query with variables `first` and `after`."""
    after = None
    while True:
        page = (await server.ask(document, first=PAGE, after=after, **variables))[field]
        for node in page["nodes"]:
            yield node
        if not page["pageInfo"]["hasNextPage"]:
            return
        after = page["pageInfo"]["endCursor"]
