"""One operation reads one snapshot, in a number of statements that hardly grows with the page."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event

from core.errors import Unavailable
from db.engine import Engines, Session
from db.queries.listing import PARTS_PER_STATEMENT
from db.repositories import event_log
from events import cursor
from events.campaign_events import CampaignCreated
from graph.reading import Reading
from tests.fakes.gallery import Gallery
from tests.unit.graph.asking import Desk

EVERYTHING = """
query ($first: Int!) {
  cursor
  campaigns(first: $first, orderBy: {field: NAME, direction: ASC}) {
    totalCount cursor pageInfo { hasNextPage endCursor }
    nodes {
      id name status percent ratePerMinute etaAt controlPhase cursor
      owner { id name role }
      counts { total processed succeeded failed }
      phases { kind status percent counts { total } error { code message } }
      generation { patternType count reserved { spaceKey lower upper position } }
      dns { batchSize personas { name owner { name } config { ... on DnsPersonaConfig { resolvers } } } }
      http {
        personas { name config { ... on HttpPersonaConfig { userAgent headers { name value } } } }
        keywordSets { name ruleCount rules { pattern } owner { name } }
        proxies { name address hasCredentials owner { name } }
      }
      domains(first: 2) { totalCount nodes { name dns { persona { name } } http { persona { name } proxy { name } } } }
      matched: domains(first: 1, filter: {matched: true}) { totalCount nodes { name } }
      activity(first: 2) { totalCount nodes { summary campaign { name } } }
    }
  }
  proxies { totalCount nodes { name } }
  personas { totalCount nodes { name } }
  keywordSets { totalCount nodes { name } }
  proxyStats { total }
}
"""

# The head; campaigns, their count, owners; phases; generation; two configurations; their personas, keyword sets and
# proxies; rules, rule counts; domains of both fields together, their counts; activity of the campaigns, its counts;
# the campaigns of the activity; the lists of proxies, personas and keyword sets and their counts; the statistics.
STATEMENTS = 27


@contextmanager
def statements(engines: Engines) -> Iterator[list[str]]:
    """The statements that readers execute meanwhile."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if not statement.startswith("BEGIN"):
            seen.append(statement)

    event.listen(engines.reader.sync_engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engines.reader.sync_engine, "before_cursor_execute", note)


@pytest.mark.parametrize("campaigns", [1, 7, 20])
async def test_a_nested_query_takes_the_same_statements_for_any_page_and_few_more_for_a_large_one(
    gallery: Gallery, desk: Desk, campaigns: int
) -> None:
    alice = gallery.house.alice
    for _ in range(campaigns):
        ident = await gallery.campaign(alice)
        await gallery.tell(CampaignCreated(campaign_id=ident, name="made"), alice, alice)
    with statements(desk.engines) as seen:
        data = await desk.ask(alice, EVERYTHING, first=campaigns)
    assert len(data["campaigns"]["nodes"]) == campaigns
    assert all(len(one["domains"]["nodes"]) == 2 for one in data["campaigns"]["nodes"])
    assert all(one["activity"]["nodes"][0]["campaign"]["name"] for one in data["campaigns"]["nodes"])
    # The domains of both fields are twice as many pages, twenty of which are one statement, as are their counts.
    more = 2 * ((2 * campaigns - 1) // PARTS_PER_STATEMENT)
    assert len(seen) == STATEMENTS + more, "\n".join(seen)


async def test_the_total_is_counted_only_if_it_is_selected(gallery: Gallery, desk: Desk) -> None:
    with statements(desk.engines) as seen:
        await desk.ask(gallery.house.alice, "{ campaigns { nodes { name } } }")
    assert len(seen) == 1
    assert "count(" not in seen[0]


async def test_an_operation_that_reads_nothing_takes_no_connection(gallery: Gallery, desk: Desk) -> None:
    with statements(desk.engines) as seen:
        assert await desk.ask(gallery.house.viewer, "{ __typename me { role } }") == {
            "__typename": "Query",
            "me": {"role": "VIEWER"},
        }
    assert seen == []


async def test_all_of_a_response_is_exact_at_its_cursor(gallery: Gallery, desk: Desk) -> None:
    alice = gallery.house.alice
    ident = await gallery.campaign(alice)
    at = await gallery.tell(CampaignCreated(campaign_id=ident, name="made"), alice, alice)
    data = await desk.ask(
        alice, "{ cursor campaigns { cursor nodes { cursor } } activity { nodes { cursor } } }"
    )
    place = cursor.decode(data["cursor"])
    assert (place.incarnation, place.position) == ("0123456789ab", at)
    assert data["campaigns"] == {"cursor": data["cursor"], "nodes": [{"cursor": data["cursor"]}]}
    assert data["activity"]["nodes"] == [{"cursor": data["cursor"]}]


async def test_what_is_committed_meanwhile_is_seen_only_after_a_restart(gallery: Gallery) -> None:
    alice = gallery.house.alice
    reading = Reading(gallery.house.database.engines)
    assert (await reading.head()).position == 0
    await gallery.tell(CampaignCreated(campaign_id=alice.id, name="made"), alice, alice)
    assert (await reading.run(event_log.head)).position == 0
    await reading.restart()
    assert (await reading.head()).position == 1
    await reading.close()


async def test_reads_at_once_wait_for_one_another(gallery: Gallery) -> None:
    reading = Reading(gallery.house.database.engines)
    heads = await asyncio.gather(*(reading.run(event_log.head) for _ in range(20)))
    assert {head.position for head in heads} == {0}
    assert repr(reading) == "<Reading open>"
    await reading.close()
    await reading.close()
    assert repr(reading) == "<Reading closed>"


async def test_a_closed_reading_opens_no_more(gallery: Gallery) -> None:
    reading = Reading(gallery.house.database.engines)
    await reading.close()
    with pytest.raises(RuntimeError, match="over"):
        await reading.head()


async def test_a_read_that_fails_gives_its_connection_back(gallery: Gallery) -> None:
    engines = gallery.house.database.engines

    async def fail(_session: Session) -> None:
        raise ConnectionError("gone")

    for _ in range(20):
        reading = Reading(engines)
        await reading.head()
        with pytest.raises(Unavailable, match="gone"):
            await reading.run(fail)
        await reading.close()
    assert "Checked out connections: 0" in engines.reader.pool.status() or (
        "Current Checked out connections: 0" in engines.reader.pool.status()
    )


async def test_what_a_cancelled_field_reads_takes_nothing_from_the_others(gallery: Gallery) -> None:
    """Nor is another state read by those."""
    alice = gallery.house.alice
    engines = gallery.house.database.engines
    started, goes_on = asyncio.Event(), asyncio.Event()

    async def slow(session: Session) -> None:
        await event_log.head(session)
        started.set()
        await goes_on.wait()
        await event_log.head(session)

    async def operation() -> int:
        reading = Reading(engines)
        field = asyncio.get_running_loop().create_task(reading.run(slow))
        await started.wait()
        field.cancel()
        await asyncio.gather(field, return_exceptions=True)
        await gallery.tell(CampaignCreated(campaign_id=alice.id, name="made"), alice, alice)
        goes_on.set()
        head = await reading.head()
        await reading.close()
        return head.position

    assert await operation() == 0
    assert "Current Checked out connections: 0" in engines.reader.pool.status()


async def test_what_a_cancelled_field_reads_ends_with_the_operation(gallery: Gallery) -> None:
    engines = gallery.house.database.engines
    started = asyncio.Event()

    async def endless(session: Session) -> None:
        await event_log.head(session)
        started.set()
        await asyncio.Event().wait()

    reading = Reading(engines)
    field = asyncio.get_running_loop().create_task(reading.run(endless))
    await started.wait()
    field.cancel()
    await reading.close()
    assert "Current Checked out connections: 0" in engines.reader.pool.status()


async def test_a_cancelled_read_gives_its_connection_back(gallery: Gallery) -> None:
    engines = gallery.house.database.engines
    started = asyncio.Event()

    async def wait(_session: Session) -> None:
        started.set()
        await asyncio.Event().wait()

    reading = Reading(engines)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(reading.run(wait))
        await started.wait()
        task.cancel()
    await reading.close()
    assert "Current Checked out connections: 0" in engines.reader.pool.status()
