"""A subscriber that keeps what it was told and comes back with `after`, and the one check that all are held to."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import ClientError

from bench.history import Received, activity, campaign_events, judge, position_of, read_log
from graph import node_ids
from tests.e2e.client import Client, Cut, Json, Wire

LIFE = """
subscription Life($id: ID!, $after: Cursor) {
  campaignEvents(campaignId: $id, after: $after) {
    __typename
    ... on StreamEvent { cursor }
    ... on Happening { at }
    ... on CampaignSnapshot { campaign { id name status counts { total processed } } }
    ... on CampaignStatusChanged { previous current }
    ... on PhaseHappening { phase percent counts { total processed succeeded failed } }
    ... on CampaignProgress { ratePerMinute etaAt }
  }
}
"""
FEED = """
subscription Feed($id: ID!, $after: Cursor) {
  activity(filter: { campaignId: $id }, after: $after) {
    __typename
    ... on StreamEvent { cursor }
    ... on ActivityAdded { activity { id at kind actor { kind name } entityType entityId summary detail } }
  }
}
"""


@dataclass(frozen=True)
class Cutting:
    """When a subscriber loses its connection: so many seconds after it was made, or at the frame of this number."""

    seconds: float | None = None
    frames: int | None = None


NEVER = Cutting()


class Subscriber:
    """Follows one campaign's life or feed, from a cursor or from a snapshot of the present, to its end."""

    def __init__(self, client: Client, document: str, campaign_id: str, after: str | None = None) -> None:
        self._client = client
        self._document = document
        self._id = campaign_id
        self.after = after
        self.events: list[Json] = []
        self.connections = 0

    @property
    def is_done(self) -> bool:
        """Whether the campaign has ended."""
        return bool(self.events) and _is_the_end(self.events[-1])

    async def over_socket(self, cutting: Cutting = NEVER) -> None:
        """Follow over graphql-transport-ws."""
        while not self.is_done:
            async with self._client.over_socket(self._document, self._variables) as wire:
                await self._follow(wire, cutting)

    async def over_events(self, cutting: Cutting = NEVER) -> None:
        """Follow over server-sent events."""
        while not self.is_done:
            try:
                async with self._client.over_events(self._document, self._variables) as wire:
                    await self._follow(wire, cutting)
            except ClientError:
                # Leaving a response that was cut tells of the cut.
                continue

    async def until(self, condition: Callable[[], bool], wire: Wire) -> None:
        """Take frames until a condition holds."""
        while not condition():
            await self._take(wire)

    async def _follow(self, wire: Wire, cutting: Cutting) -> None:
        self.connections += 1
        before = len(self.events)
        try:
            async with asyncio.timeout(cutting.seconds):
                while not self.is_done and len(self.events) - before != cutting.frames:
                    await self._take(wire)
        except TimeoutError:
            pass
        wire.cut()

    async def _take(self, wire: Wire) -> None:
        data = await wire.next()
        if data is None:
            raise Cut("The subscription is complete, and the campaign was not.")
        (event,) = data.values()
        self.events.append(event)
        self.after = event["cursor"]

    @property
    def _variables(self) -> Json:
        return {"id": self._id, "after": self.after}


def _is_the_end(event: Json) -> bool:
    if event["__typename"] == "ActivityAdded":
        event = event["activity"]["detail"]
    return event.get("current") in {"COMPLETED", "FAILED", "CANCELLED"}


def assert_same(subscriber: Subscriber, events: list[Json]) -> None:
    """A subscriber has exactly these events."""
    assert subscriber.events == events


def kinds(events: list[Json]) -> Counter[str]:
    """How many events there are of each type."""
    return Counter(event["__typename"] for event in events)


async def assert_as_logged(
    events: list[Json], database_url: str, campaign_id: str, after: str, *, feed: bool = False
) -> None:
    """What came of a campaign's life or feed after a cursor is what the database itself holds of it."""
    log = await read_log(database_url)
    key = node_ids.uuid_in(campaign_id, "Campaign")
    frames = [Received("one", 1, event["cursor"], event["__typename"]) for event in events]
    concerns = activity(key) if feed else campaign_events(key)
    verdict = judge(log, concerns, frames, log[-1].position, after=position_of(after))
    assert verdict.clean, verdict
