"""A subscriber whose connection is cut again and again has exactly the events of one that was never cut."""

import asyncio
from collections.abc import Callable

from sandbox.sandbox import Sandbox
from tests.e2e.campaigns import Pace, make_draft, start
from tests.e2e.figures import assert_exact
from tests.e2e.product import Product
from tests.e2e.subscriber import (
    FEED,
    LIFE,
    Cutting,
    Subscriber,
    assert_as_logged,
    assert_same,
    kinds,
)

NAMES = 150
# Some six seconds of lookups, and fetches beside them and after.
PACE = Pace(dns_rate=25, http_rate=18, dns_batch=20, http_batch=15, through_proxies=True)
EVERY_SECOND = Cutting(seconds=1)
EVERY_FEW = Cutting(frames=3)


async def test_cut_all_the_time_and_still_complete(
    product: Product, box: Sandbox, tell: Callable[[object], None]
) -> None:
    api = await product.serve()
    draft = await make_draft(api.client, box, NAMES, PACE)

    def subscriber(document: str) -> Subscriber:
        return Subscriber(api.client, document, draft.id, draft.cursor)

    whole_life, whole_feed = subscriber(LIFE), subscriber(FEED)
    cut_lives = {way: subscriber(LIFE) for way in ("ws 1 s", "ws 3 frames", "sse 1 s", "sse 3 frames")}
    cut_feeds = {way: subscriber(FEED) for way in cut_lives}
    async with asyncio.timeout(100), asyncio.TaskGroup() as tasks:
        tasks.create_task(whole_life.over_socket())
        tasks.create_task(whole_feed.over_socket())
        for cut in (cut_lives, cut_feeds):
            tasks.create_task(cut["ws 1 s"].over_socket(EVERY_SECOND))
            tasks.create_task(cut["ws 3 frames"].over_socket(EVERY_FEW))
            tasks.create_task(cut["sse 1 s"].over_events(EVERY_SECOND))
            tasks.create_task(cut["sse 3 frames"].over_events(EVERY_FEW))
        await start(api.client, draft)

    url = f"sqlite+aiosqlite:///{product.folder}/heliograph.db"
    await assert_as_logged(whole_life.events, url, draft.id, draft.cursor)
    await assert_as_logged(whole_feed.events, url, draft.id, draft.cursor, feed=True)
    for whole, cut in ((whole_life, cut_lives), (whole_feed, cut_feeds)):
        assert whole.connections == 1
        for each in cut.values():
            assert_same(each, whole.events)
    connections = {way: each.connections for way, each in cut_lives.items()}
    assert min(connections.values()) >= 6
    tell(await assert_exact(api.client, draft.id, whole_life.events, NAMES))
    tell(f"{len(whole_life.events)} events of {dict(kinds(whole_life.events))}, connections {connections}")
    tell(f"{len(whole_feed.events)} activities")
