"""A campaign's events as server-sent events from the product itself: graphql-sse, distinct connections mode."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse, ClientSession

from events import cursor
from graph import node_ids
from services.campaigns import CampaignPatch
from tests import factories
from tests.protocol.served import TOKEN, product
from web.app import ApiProcess

LIFE = """
subscription ($id: ID!, $after: Cursor) { campaignEvents(campaignId: $id, after: $after) {
  __typename ... on CampaignSnapshot { campaign { name } } ... on CampaignUpdated { name }
} }
"""
Event = dict[str, str]


class Show:
    """A running API with one campaign."""

    def __init__(self, api: ApiProcess, client: ClientSession) -> None:
        self.api = api
        self.client = client

    async def make(self) -> None:
        verbs = self.api.services
        self.admin = await verbs.principals.authenticate(TOKEN)
        dns = (await verbs.personas.create(self.admin, factories.dns_persona())).value
        http = (await verbs.personas.create(self.admin, factories.http_persona())).value
        self.key = (await verbs.campaigns.create(self.admin, factories.campaign(dns, http))).value
        self.id = node_ids.encode("Campaign", self.key)

    async def rename(self, *names: str) -> None:
        for name in names:
            await self.api.services.campaigns.update(self.admin, self.key, CampaignPatch(name=name))

    @asynccontextmanager
    async def stream(
        self, after: str | None = None, *, method: str = "POST", **headers: str
    ) -> AsyncIterator[ClientResponse]:
        """The response to a subscription."""
        sent = {"Authorization": f"Bearer {TOKEN}", "Accept": "text/event-stream", **headers}
        variables = {"id": self.id, "after": after}
        options: dict[str, Any] = (
            {"params": {"query": LIFE, "variables": json.dumps(variables)}}
            if method == "GET"
            else {"json": {"query": LIFE, "variables": variables}}
        )
        async with self.client.request(
            method, f"{self.api.url}/graphql", headers=sent, **options
        ) as response:
            yield response


async def next_event(response: ClientResponse) -> Event:
    """The fields of the next event; comments are skipped."""
    async with asyncio.timeout(30):
        fields: Event = {}
        async for line in response.content:
            text = line.decode().rstrip("\n")
            if not text and "data" in fields:
                return fields
            name, _, value = text.partition(":")
            if name:
                fields[name] = value.removeprefix(" ")
    raise AssertionError("The stream has ended.")


async def told(response: ClientResponse, count: int) -> list[tuple[str, str]]:
    """The type and the name of each of the next frames, whose `id:` is the cursor of its payload."""
    frames = []
    for _ in range(count):
        event = await next_event(response)
        payload = json.loads(event["data"])
        assert (event["event"], event["id"]) == ("next", payload["extensions"]["cursor"])
        frame = payload["data"]["campaignEvents"]
        campaign = frame.get("campaign", frame)
        frames.append((frame["__typename"], campaign.get("name", "")))
    return frames


@pytest.fixture
async def show(tmp_path: Path) -> AsyncIterator[Show]:
    async with product(tmp_path) as api, ClientSession() as client:
        show = Show(api, client)
        await show.make()
        yield show


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_snapshot_and_then_deltas(show: Show, method: str) -> None:
    async with show.stream(method=method) as response:
        assert (response.status, response.content_type) == (200, "text/event-stream")
        assert await told(response, 1) == [("CampaignSnapshot", "hunt")]
        await show.rename("a", "b")
        assert await told(response, 2) == [("CampaignUpdated", "a"), ("CampaignUpdated", "b")]


async def test_a_deletion_completes_it(show: Show) -> None:
    async with show.stream() as response:
        await told(response, 1)
        await show.api.services.campaigns.delete(show.admin, show.key)
        assert (await told(response, 1)) == [("CampaignDeleted", "")]
        assert await next_event(response) == {"event": "complete", "data": ""}
        assert await response.content.read() == b""


async def test_after_resumes(show: Show) -> None:
    async with show.stream() as response:
        place = (await next_event(response))["id"]
    await show.rename("a", "b")
    async with show.stream(place) as response:
        assert await told(response, 2) == [("CampaignUpdated", "a"), ("CampaignUpdated", "b")]


async def test_last_event_id_resumes_whatever_the_document_says(show: Show) -> None:
    """An EventSource sends its first URL again, with the header."""
    async with show.stream(method="GET") as response:
        first = (await next_event(response))["id"]
        await show.rename("a", "b", "c")
        second = (await next_event(response))["id"]
    for after in (None, first):
        async with show.stream(after, method="GET", **{"Last-Event-ID": second}) as response:
            assert await told(response, 2) == [("CampaignUpdated", "b"), ("CampaignUpdated", "c")]


async def test_last_event_id_resumes_into_a_deletion(show: Show) -> None:
    async with show.stream(method="GET") as response:
        place = (await next_event(response))["id"]
    await show.api.services.campaigns.delete(show.admin, show.key)
    async with show.stream(method="GET", **{"Last-Event-ID": place}) as response:
        assert await told(response, 1) == [("CampaignDeleted", "")]
        assert (await next_event(response))["event"] == "complete"


async def test_an_id_of_another_log_is_a_reset(show: Show) -> None:
    async with show.stream(**{"Last-Event-ID": cursor.encode("f" * 12, 1, 0)}) as response:
        frame = json.loads((await next_event(response))["data"])["data"]["campaignEvents"]
        assert frame == {"__typename": "StreamReset"}
        await show.rename("a")
        assert await told(response, 1) == [("CampaignUpdated", "a")]


@pytest.mark.parametrize("authorization", ["", "Bearer wrong", TOKEN])
async def test_without_a_valid_token_it_is_401_and_nothing_is_said(show: Show, authorization: str) -> None:
    async with show.stream(Authorization=authorization) as response:
        assert (response.status, response.headers["WWW-Authenticate"]) == (401, "Bearer")
        assert "hunt" not in await response.text()


async def test_an_unknown_campaign_is_told_and_completes(show: Show) -> None:
    show.id = node_ids.encode("Campaign", show.admin.id)
    async with show.stream() as response:
        (error,) = json.loads((await next_event(response))["data"])["errors"]
        assert error["extensions"] == {"code": "NOT_FOUND"}
        assert (await next_event(response))["event"] == "complete"
