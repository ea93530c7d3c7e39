"""Who listens to what: some follow everything, most follow one campaign or one kind of thing, over either transport.

Equal subscriptions share their work in the server, so there are about twenty different ones, each with several clients.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any, Literal
from uuid import UUID

from bench import history
from bench.fleet import ClientTask
from bench.history import Concerns
from bench.load_things import CAMPAIGN, KEYWORD_SET, POOL, PROFILE, PROXY, Thing, make
from graph import node_ids
from sandbox.sandbox import Sandbox
from tests.e2e.campaigns import Draft, Pace, make_draft
from tests.e2e.client import Client
from tests.e2e.product import TOKEN

QUERIES = {
    "activity": """subscription ($after: Cursor, $filter: ActivityFilter) {
      activity(after: $after, filter: $filter) {
        __typename ... on ActivityAdded { activity { kind } } ... on StreamReset { reason }
      }
    }""",
    "resourceEvents": """subscription ($after: Cursor, $kinds: [ResourceKind!]!) {
      resourceEvents(after: $after, kinds: $kinds) { __typename ... on StreamReset { reason } }
    }""",
    "proxyEvents": """subscription ($after: Cursor) {
      proxyEvents(after: $after) { __typename ... on StreamReset { reason } }
    }""",
    "campaignEvents": """subscription ($after: Cursor, $id: ID!) {
      campaignEvents(after: $after, campaignId: $id) { __typename ... on StreamReset { reason } }
    }""",
    "campaignEvents at a rate": """subscription ($after: Cursor, $id: ID!) {
      campaignEvents(after: $after, campaignId: $id, maxRate: 0.5) {
        __typename ... on CampaignProgress { skipped } ... on StreamReset { reason }
      }
    }""",
    "domainEvents": """subscription ($after: Cursor, $id: ID!) {
      domainEvents(after: $after, campaignId: $id) { __typename ... on StreamReset { reason } }
    }""",
}
LOAD_CAMPAIGNS = 6
REAL_CAMPAIGNS = 2
NAMES = 180
BATCH = 10
# What nearly everything is told to has a third of the clients that other streams have.
BROAD = ("everything", "updates")


@dataclass(frozen=True)
class Stream:
    """One subscription: its query and variables, and which rows of the log it is about."""

    name: str
    query: str
    variables: Mapping[str, Any]
    concerns: Concerns


@dataclass(frozen=True)
class Cast:
    """What there is to follow: things that the load changes, campaigns that workers work on."""

    things: Sequence[Thing]
    drafts: Sequence[Draft] = field(default_factory=list)

    def of(self, *nouns: str) -> list[Thing]:
        """The things of these kinds."""
        return [thing for thing in self.things if thing.kind.noun in nouns]


async def assemble(client: Client, box: Sandbox, seconds: float) -> Cast:
    """Make everything that is followed; workers have something to do for about so many seconds."""
    counts = ((CAMPAIGN, LOAD_CAMPAIGNS), (KEYWORD_SET, 3), (PROXY, 2), (POOL, 1), (PROFILE, 1))
    kinds = [await make(client, kind, count) for kind, count in counts]
    # In turn, so that neighbours in a document do not wait for each other's rows.
    longest = max(len(things) for things in kinds)
    things = [things[turn % len(things)] for turn in range(longest) for things in kinds]
    drafts = [
        await make_draft(client, box, NAMES, _pace(number, NAMES / seconds))
        for number in range(REAL_CAMPAIGNS)
    ]
    return Cast(list(dict.fromkeys(things)), drafts)


def _pace(number: int, rate: float) -> Pace:
    return Pace(dns_rate=rate, http_rate=rate, dns_batch=BATCH, http_batch=BATCH, suffix=f" {number}")


def streams(cast: Cast) -> list[Stream]:
    """All that is followed."""
    campaigns = [(f"load {number}", thing.id) for number, thing in enumerate(cast.of("Campaign"))]
    real = [(f"real {number}", draft.id) for number, draft in enumerate(cast.drafts)]
    kinds = {"CAMPAIGN_UPDATED": "CampaignUpdated", "PHASE_COMPLETED": "PhaseCompleted"}
    return [
        Stream("everything", "activity", {}, history.activity()),
        Stream(
            "updates",
            "activity",
            {"filter": {"kinds": list(kinds)}},
            history.activity(kinds=set(kinds.values())),
        ),
        _resources("keywords", "KEYWORD_SET"),
        _resources("pools", "PROXY_POOL", "SCORING_PROFILE"),
        Stream("proxies", "proxyEvents", {}, history.proxy_events()),
        *(
            Stream(name, "campaignEvents", {"id": ident}, history.campaign_events(_key(ident)))
            for name, ident in (*campaigns, *real)
        ),
        *(
            Stream(
                f"{name} at a rate",
                "campaignEvents at a rate",
                {"id": ident},
                history.campaign_events(_key(ident)),
            )
            for name, ident in real
        ),
        *(
            Stream(f"domains {name}", "domainEvents", {"id": ident}, history.domain_events(_key(ident)))
            for name, ident in real
        ),
        *(
            Stream(
                f"feed {name}",
                "activity",
                {"filter": {"campaignId": ident}},
                history.activity(campaign_id=_key(ident)),
            )
            for name, ident in real
        ),
    ]


def _resources(name: str, *kinds: str) -> Stream:
    return Stream(name, "resourceEvents", {"kinds": list(kinds)}, history.resource_events(kinds))


def _key(ident: str) -> UUID:
    return node_ids.uuid_in(ident, "Campaign")


def clients(followed: Sequence[Stream], urls: Sequence[str], sockets: int, sources: int) -> list[ClientTask]:
    """So many official clients over WebSockets and so many event sources, spread over streams and addresses."""
    kinds: tuple[tuple[Literal["ws", "sse"], int], ...] = (("ws", sockets), ("sse", sources))
    narrow = [stream for stream in followed if stream.name not in BROAD]
    found = []
    for kind, count in kinds:
        address = {stream.name: cycle(urls) for stream in followed}
        for number, stream in zip(range(count), cycle([*followed, *narrow, *narrow]), strict=False):
            found.append(_client(kind, number, stream, next(address[stream.name])))
    return found


def _client(kind: Literal["ws", "sse"], number: int, stream: Stream, url: str) -> ClientTask:
    return ClientTask(
        name=f"{kind} {number}: {stream.name}",
        kind=kind,
        url=f"{url}/graphql",
        token=TOKEN,
        query=QUERIES[stream.query],
        stream=stream.concerns,
        variables=stream.variables,
    )
