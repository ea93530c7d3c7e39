"""A backup that is brought back under the running product: a socket that is open is told, and so is who comes back."""

import json
from pathlib import Path

from tests.integration.replacing import SqliteBackup
from tests.protocol.test_events_over_sse import Show, next_event, show, told

__all__ = ["show"]


async def test_it_is_told_on_the_open_socket_and_by_last_event_id(show: Show, tmp_path: Path) -> None:
    backup = SqliteBackup(tmp_path / "heliograph.db")
    await backup.take()
    async with show.stream() as response:
        await told(response, 1)
        await show.rename("undone")
        place = (await next_event(response))["id"]
        await backup.restore()
        await show.rename("other")
        frame = json.loads((await next_event(response))["data"])["data"]["campaignEvents"]
        assert frame == {"__typename": "StreamReset"}
        await show.rename("last")
        assert await told(response, 1) == [("CampaignUpdated", "last")]
    async with show.stream(**{"Last-Event-ID": place}) as response:
        frame = json.loads((await next_event(response))["data"])["data"]["campaignEvents"]
        assert frame == {"__typename": "StreamReset"}
