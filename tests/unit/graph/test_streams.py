"""Streams on a real hub, real groups and a real database: a snapshot, then what follows, with nothing between."""

import asyncio
from collections import Counter
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert

from auth.principal import Principal
from core.errors import Unavailable
from core.ids import new_id
from core.limits import STANDARD
from db.models import ProxyRow
from events import cursor
from events.envelope import Envelope
from graph import node_ids
from graph.followed import Followed
from graph.reading import Reading
from graph.streams.campaigns import CampaignSource
from services.campaigns import CampaignPatch, Campaigns
from services.proxies import ProxyPatch
from tests import factories
from tests.fakes.house import House
from tests.fakes.stage import Frame, Stage, cursor_at, open_stage
from vocabulary.operations import NOT_NOW, Rejected

CAMPAIGN = """
subscription ($id: ID!, $after: Cursor) { campaignEvents(campaignId: $id, after: $after) {
  __typename
  ... on CampaignSnapshot { campaign { name status } }
  ... on CampaignUpdated { name changed }
  ... on CampaignStatusChanged { previous current }
  ... on CampaignDeleted { name }
  ... on StreamReset { reason snapshot { __typename ... on CampaignSnapshot { campaign { name } } } }
} }
"""
PROXIES = """
subscription ($ids: [ID!], $after: Cursor) { proxyEvents(proxyIds: $ids, after: $after) {
  __typename
  ... on ProxySnapshot { proxies { name } }
  ... on ProxyHappening { proxy { name } }
  ... on StreamReset { reason snapshot { ... on ProxySnapshot { proxies { name } } } }
} }
"""
ACTIVITY = """
subscription ($filter: ActivityFilter, $after: Cursor) { activity(filter: $filter, after: $after) {
  __typename
  ... on ActivitySnapshot { activities { summary kind } }
  ... on ActivityAdded { activity { summary kind cursor } }
  ... on StreamReset { reason snapshot { ... on ActivitySnapshot { activities { summary } } } }
} }
"""
NOT_FOUND = {"code": "NOT_FOUND"}


class Scene:
    """A campaign of `owner`, and the verbs on it."""

    def __init__(self, stage: Stage, owner: Principal, key: UUID) -> None:
        self.stage = stage
        self.owner = owner
        self.key = key
        self.id = node_ids.encode("Campaign", key)

    @classmethod
    async def of(cls, stage: Stage, owner: Principal, name: str = "hunt") -> "Scene":
        verbs = stage.services
        dns = (await verbs.personas.create(owner, factories.dns_persona(f"dns of {name}"))).value
        http = (await verbs.personas.create(owner, factories.http_persona(f"http of {name}"))).value
        draft = factories.campaign(dns, http, name)
        return cls(stage, owner, (await verbs.campaigns.create(owner, draft)).value)

    async def rename(self, *names: str) -> int:
        for name in names:
            await self.stage.services.campaigns.update(self.owner, self.key, CampaignPatch(name=name))
        return await self.stage.head()

    async def delete(self) -> int:
        return (await self.stage.services.campaigns.delete(self.owner, self.key)).position


@pytest.fixture
async def scene(stage: Stage) -> Scene:
    return await Scene.of(stage, stage.house.alice)


def told(frames: list[Frame]) -> list[tuple[str, int]]:
    return [(frame["__typename"], cursor.decode(frame["cursor"]).position) for frame in frames]


async def refused(stage: Stage, caller: Principal, query: str, **variables: Any) -> list[dict[str, Any]]:
    with pytest.raises(Rejected) as refusal:
        await stage.subscribe(caller, query, **variables)
    return refusal.value.errors


class TestSnapshotThenDeltas:
    async def test_of_a_campaign(self, stage: Stage, scene: Scene) -> None:
        start = await stage.head()
        watcher = await stage.watch(stage.house.alice, CAMPAIGN, id=scene.id)
        assert await watcher.next() == {
            "__typename": "CampaignSnapshot",
            "campaign": {"name": "hunt", "status": "DRAFT"},
            "cursor": await stage.cursor_of(start),
        }
        await scene.rename("chase")
        await stage.services.campaign_control.cancel(stage.house.alice, scene.key)
        assert [await watcher.next() for _ in range(2)] == [
            {
                "__typename": "CampaignUpdated",
                "name": "chase",
                "changed": ["name"],
                "cursor": await stage.cursor_of(start + 1),
            },
            {
                "__typename": "CampaignStatusChanged",
                "previous": "DRAFT",
                "current": "CANCELLED",
                "cursor": await stage.cursor_of(start + 2),
            },
        ]

    async def test_what_is_committed_before_the_snapshot_is_read_is_in_it_and_not_behind_it(
        self, stage: Stage, scene: Scene
    ) -> None:
        stream = await stage.subscribe(stage.house.alice, CAMPAIGN, id=scene.id)
        await scene.rename("between")
        frame = await stream.open()
        assert frame.position == await stage.head()
        assert b'"between"' in frame.payload

    async def test_events_of_others_and_of_other_campaigns_do_not_come(
        self, stage: Stage, scene: Scene
    ) -> None:
        other = await Scene.of(stage, stage.house.alice, "other")
        watcher = await stage.watch(stage.house.alice, CAMPAIGN, id=scene.id)
        await watcher.next()
        await other.rename("another")
        await stage.services.proxies.create(stage.house.alice, factories.proxy())
        last = await scene.rename("mine")
        assert told([await watcher.next()]) == [("CampaignUpdated", last)]

    async def test_of_proxies(self, stage: Stage) -> None:
        verbs, alice = stage.services.proxies, stage.house.alice
        await verbs.create(alice, factories.proxy("b", port=1))
        await verbs.create(alice, factories.proxy("a", port=2))
        watcher = await stage.watch(alice, PROXIES)
        assert (await watcher.next())["proxies"] == [{"name": "a"}, {"name": "b"}]
        added = await verbs.create(alice, factories.proxy("c", port=3))
        assert await watcher.next() == {
            "__typename": "ProxyAdded",
            "proxy": {"name": "c"},
            "cursor": await stage.cursor_of(added.position),
        }

    async def test_of_activity_newest_first_and_at_most_fifty(self, stage: Stage) -> None:
        verbs, alice = stage.services.personas, stage.house.alice
        for number in range(51):
            await verbs.create(alice, factories.dns_persona(f"p{number}"))
        watcher = await stage.watch(alice, ACTIVITY)
        latest = (await watcher.next())["activities"]
        assert (len(latest), latest[0]["summary"]) == (50, "DNS persona “p50” was created")
        await verbs.create(alice, factories.dns_persona("new"))
        frame = await watcher.next()
        assert frame["activity"] == {
            "summary": "DNS persona “new” was created",
            "kind": "PERSONA_CREATED",
            "cursor": frame["cursor"],
        }


class TestResume:
    async def test_after_any_cursor_gives_exactly_what_follows(self, stage: Stage, scene: Scene) -> None:
        start = await stage.head()
        last = await scene.rename("a", "b", "c", "d")
        for position in range(start, last):
            watcher = await stage.watch(stage.house.alice, CAMPAIGN, id=scene.id, after=cursor_at(position))
            expected = [("CampaignUpdated", one) for one in range(position + 1, last + 1)]
            assert told(await watcher.until(last)) == expected
        newest = await stage.watch(stage.house.alice, CAMPAIGN, id=scene.id, after=cursor_at(last))
        assert told([await newest.next() for _ in [await scene.rename("e")]]) == [
            ("CampaignUpdated", last + 1)
        ]

    async def test_a_frames_cursor_continues_where_it_was(self, stage: Stage, scene: Scene) -> None:
        """Subscribing anew after each frame is the same as never having left."""
        watcher = await stage.watch(stage.house.alice, CAMPAIGN, id=scene.id)
        place = (await watcher.next())["cursor"]
        last = await scene.rename("a", "b", "c")
        whole = await watcher.until(last)
        pieces = []
        for _ in whole:
            again = await stage.watch(stage.house.alice, CAMPAIGN, id=scene.id, after=place)
            pieces.append(await again.next())
            place = pieces[-1]["cursor"]
            again.leave()
        assert pieces == whole

    async def test_last_event_id_goes_before_after(self, stage: Stage, scene: Scene) -> None:
        """A browser sends the first document again and says in the header where it is."""
        start = await stage.head()
        last = await scene.rename("a", "b")
        for after in (None, cursor_at(start), cursor_at(1, "f" * 12)):
            watcher = await stage.watch(
                stage.house.alice, CAMPAIGN, cursor_at(last - 1), id=scene.id, after=after
            )
            assert told([await watcher.next()]) == [("CampaignUpdated", last)]

    async def test_a_last_event_id_that_is_no_cursor_is_rejected(self, stage: Stage, scene: Scene) -> None:
        with pytest.raises(Rejected, match="Last-Event-ID"):
            await stage.subscribe(stage.house.alice, CAMPAIGN, "nonsense", id=scene.id)

    async def test_a_cursor_that_another_process_gave_out_first_is_no_reset(
        self, stage: Stage, scene: Scene
    ) -> None:
        """The log is there already, and our hub has not heard of it."""
        away = Campaigns(stage.house.database)
        told_elsewhere = await away.update(stage.house.alice, scene.key, CampaignPatch(name="a"))
        assert stage.hub.position < told_elsewhere.position
        after = cursor_at(told_elsewhere.position)
        watcher = await stage.watch(stage.house.alice, CAMPAIGN, id=scene.id, after=after)
        last = await scene.rename("b")
        assert told([await watcher.next()]) == [("CampaignUpdated", last)]


class TestResets:
    @pytest.mark.parametrize("query", ["campaign", "proxies", "activity"])
    @pytest.mark.parametrize("foreign", [True, False])
    async def test_a_cursor_of_another_log_or_from_beyond_this_one(
        self, stage: Stage, scene: Scene, query: str, foreign: bool
    ) -> None:
        """A log that is shorter than the cursor is one that was restored from a backup."""
        document = {"campaign": CAMPAIGN, "proxies": PROXIES, "activity": ACTIVITY}[query]
        variables = {"id": scene.id} if query == "campaign" else {}
        head = await stage.head()
        after = cursor_at(1, "f" * 12) if foreign else cursor_at(head + 1)
        watcher = await stage.watch(stage.house.alice, document, after=after, **variables)
        frame = await watcher.next()
        assert (frame["__typename"], frame["reason"]) == ("StreamReset", "LOG_REPLACED")
        assert frame["cursor"] == await stage.cursor_of(head)
        assert set(frame["snapshot"]) & {"campaign", "proxies", "activities"}

    async def test_deltas_follow_a_reset(self, stage: Stage, scene: Scene) -> None:
        watcher = await stage.watch(stage.house.alice, CAMPAIGN, id=scene.id, after=cursor_at(1, "f" * 12))
        assert (await watcher.next())["snapshot"]["campaign"] == {"name": "hunt"}
        last = await scene.rename("a")
        assert told([await watcher.next()]) == [("CampaignUpdated", last)]

    async def test_what_the_log_no_longer_holds(
        self, house: House, stage: Stage, scene: Scene, tmp_path: Any
    ) -> None:
        last = await scene.rename("a", "b")
        await stage.set_floor(last - 1)
        async with open_stage(house, tmp_path / "stage.key") as restarted:
            watcher = await restarted.watch(house.alice, CAMPAIGN, id=scene.id, after=cursor_at(1))
            frame = await watcher.next()
            assert (frame["reason"], frame["cursor"]) == ("RETENTION", await stage.cursor_of(last))
            assert frame["snapshot"] == {"__typename": "CampaignSnapshot", "campaign": {"name": "b"}}
            assert restarted.meter.counts["resets"] == 1
            kept = await restarted.watch(house.alice, CAMPAIGN, id=scene.id, after=cursor_at(last - 1))
            assert told([await kept.next()]) == [("CampaignUpdated", last)]


class TestDeletion:
    async def test_ends_the_stream(self, stage: Stage, scene: Scene) -> None:
        watcher = await stage.watch(stage.house.alice, CAMPAIGN, id=scene.id)
        await watcher.next()
        last = await scene.delete()
        assert told([await watcher.next()]) == [("CampaignDeleted", last)]
        assert watcher.complete

    async def test_can_be_replayed_by_whoever_has_not_seen_it(self, stage: Stage, scene: Scene) -> None:
        start = await stage.head()
        await scene.rename("a")
        last = await scene.delete()
        for watcher in (
            await stage.watch(stage.house.alice, CAMPAIGN, id=scene.id, after=cursor_at(start)),
            await stage.watch(stage.house.alice, CAMPAIGN, cursor_at(start), id=scene.id),
        ):
            assert told(await watcher.until(last)) == [
                ("CampaignUpdated", start + 1),
                ("CampaignDeleted", last),
            ]
            assert watcher.complete

    async def test_leaves_nothing_to_follow(self, stage: Stage, scene: Scene) -> None:
        last = await scene.delete()
        for after in (None, cursor_at(last)):
            (error,) = await refused(stage, stage.house.alice, CAMPAIGN, id=scene.id, after=after)
            assert error["extensions"] == NOT_FOUND

    async def test_between_subscribing_and_the_snapshot_is_told_as_such(
        self, stage: Stage, scene: Scene
    ) -> None:
        stream = await stage.subscribe(stage.house.alice, CAMPAIGN, id=scene.id)
        await scene.delete()
        with pytest.raises(Rejected) as refusal:
            await stream.open()
        assert refusal.value.errors[0]["extensions"] == NOT_FOUND

    async def test_and_a_cursor_of_another_log_end_in_an_error(self, stage: Stage, scene: Scene) -> None:
        await scene.delete()
        watcher = await stage.watch(stage.house.alice, CAMPAIGN, id=scene.id, after=cursor_at(1, "f" * 12))
        (error,) = await watcher.failure()
        assert error["extensions"] == NOT_FOUND


class TestScope:
    @pytest.mark.parametrize("after", [None, cursor_at(0), cursor_at(1, "f" * 12)])
    async def test_anothers_campaign_looks_like_one_that_does_not_exist(
        self, stage: Stage, scene: Scene, after: str | None
    ) -> None:
        nobodys = node_ids.encode("Campaign", UUID(int=7))
        answers = [
            await refused(stage, stage.house.bob, CAMPAIGN, id=ident, after=after)
            for ident in (scene.id, nobodys, "garbage", node_ids.encode("Proxy", scene.key))
        ]
        assert answers == [answers[0]] * 4
        assert answers[0][0]["message"] == "No campaign with this id is visible to you."
        await scene.delete()
        assert await refused(stage, stage.house.bob, CAMPAIGN, id=scene.id, after=after) == answers[0]

    async def test_an_admin_follows_everything(self, stage: Stage, scene: Scene) -> None:
        bobs = await Scene.of(stage, stage.house.bob, "bobs")
        watcher = await stage.watch(stage.house.admin, CAMPAIGN, id=bobs.id)
        assert (await watcher.next())["campaign"]["name"] == "bobs"
        feed = await stage.watch(stage.house.admin, ACTIVITY, after=cursor_at(await stage.head()))
        await scene.rename("a")
        await bobs.rename("b")
        await stage.services.principals.create("newcomer", stage.house.viewer.role)
        assert [(await feed.next())["activity"]["kind"] for _ in range(3)] == [
            "CAMPAIGN_UPDATED",
            "CAMPAIGN_UPDATED",
            "PRINCIPAL_CREATED",
        ]

    async def test_the_others_see_their_own(self, stage: Stage, scene: Scene) -> None:
        verbs, house = stage.services, stage.house
        await verbs.proxies.create(house.bob, factories.proxy("bobs"))
        start = await stage.head()
        feeds = {
            who.name: await stage.watch(who, ACTIVITY, after=cursor_at(start))
            for who in (house.alice, house.bob)
        }
        lists = {who.name: await stage.watch(who, PROXIES) for who in (house.alice, house.bob)}
        assert {name: (await one.next())["proxies"] for name, one in lists.items()} == {
            "alice": [],
            "bob": [{"name": "bobs"}],
        }
        await verbs.principals.create("newcomer", house.viewer.role)
        hers = await verbs.proxies.create(house.alice, factories.proxy("hers"))
        his = await verbs.proxies.create(house.bob, factories.proxy("his", port=9))
        assert {name: told([await one.next()]) for name, one in lists.items()} == {
            "alice": [("ProxyAdded", hers.position)],
            "bob": [("ProxyAdded", his.position)],
        }
        assert {name: (await one.next())["activity"]["summary"] for name, one in feeds.items()} == {
            "alice": "Proxy “hers” was added",
            "bob": "Proxy “his” was added",
        }


class TestFilters:
    async def test_proxies_by_id(self, stage: Stage) -> None:
        verbs, alice = stage.services.proxies, stage.house.alice
        made = [
            (await verbs.create(alice, factories.proxy(name, port=n))).value
            for n, name in enumerate("abc", 1)
        ]
        ids = [node_ids.encode("Proxy", made[0].id), node_ids.encode("Proxy", made[2].id)]
        watcher = await stage.watch(alice, PROXIES, ids=ids)
        assert (await watcher.next())["proxies"] == [{"name": "a"}, {"name": "c"}]
        for state in made:
            await verbs.update(alice, state.id, ProxyPatch(name=state.name * 2))
        assert [(await watcher.next())["proxy"]["name"] for _ in range(2)] == ["aa", "cc"]

    async def test_no_proxies_is_none_and_null_is_all(self, stage: Stage) -> None:
        verbs, alice = stage.services.proxies, stage.house.alice
        await verbs.create(alice, factories.proxy())
        none, every = await stage.watch(alice, PROXIES, ids=[]), await stage.watch(alice, PROXIES, ids=None)
        assert (await none.next())["proxies"] == []
        assert (await every.next())["proxies"] == [{"name": "front"}]

    @pytest.mark.parametrize(
        ("ids", "code"), [(["garbage"], "VALIDATION_FAILED"), (["x"] * 1001, "LIMIT_EXCEEDED")]
    )
    async def test_bad_proxy_ids_are_refused(self, stage: Stage, ids: list[str], code: str) -> None:
        (error,) = await refused(stage, stage.house.alice, PROXIES, ids=ids)
        assert error["extensions"]["code"] == code

    async def test_the_feed_is_filtered_alike_in_the_snapshot_and_after_it(
        self, stage: Stage, scene: Scene
    ) -> None:
        """Each condition on its own: what the list has is what the stream would have brought."""
        verbs, house = stage.services, stage.house
        proxy = (await verbs.proxies.create(house.alice, factories.proxy())).value
        stage.house.clock.advance(10)
        middle = house.now
        stage.house.clock.advance(10)
        await Scene.of(stage, house.alice, "other")
        await verbs.campaign_control.start(house.alice, scene.key)
        await verbs.proxies.delete(house.alice, proxy.id)
        filters: dict[str, dict[str, object]] = {
            "none": {},
            "campaign": {"campaignId": scene.id},
            "type": {"entityType": "PROXY"},
            "entity": {"entityId": node_ids.encode("Proxy", proxy.id)},
            "kinds": {"kinds": ["CAMPAIGN_CREATED", "PHASE_STARTED"]},
            "actor": {"actorId": node_ids.encode("Principal", house.alice.id)},
            "nobody": {"actorId": node_ids.encode("Principal", house.bob.id)},
            "since": {"since": middle.isoformat()},
            "until": {"until": middle.isoformat()},
            "two": {"entityType": "CAMPAIGN", "since": middle.isoformat()},
        }
        sizes = {}
        for name, wanted in filters.items():
            snapshot = await stage.watch(house.alice, ACTIVITY, filter=wanted)
            latest = (await snapshot.next())["activities"]
            stream = await stage.watch(house.alice, ACTIVITY, filter=wanted, after=cursor_at(0))
            streamed = [(await stream.next())["activity"] for _ in latest]
            assert [one["summary"] for one in reversed(latest)] == [one["summary"] for one in streamed], name
            sizes[name] = len(latest)
        assert sizes == {
            "none": 10, "campaign": 3, "type": 2, "entity": 2, "kinds": 3, "actor": 10, "nobody": 0,
            "since": 6, "until": 4, "two": 3,
        }  # fmt: skip

    async def test_progress_and_statistics_are_not_for_the_feed(self, stage: Stage, scene: Scene) -> None:
        start = await stage.head()
        feed = await stage.watch(stage.house.alice, ACTIVITY, after=cursor_at(start))
        await stage.services.campaign_control.start(stage.house.alice, scene.key)
        await stage.services.campaign_control.pause(stage.house.alice, scene.key)
        last = await stage.head()
        kinds = [frame["activity"]["kind"] for frame in await feed.until(last)]
        assert kinds == [
            "CAMPAIGN_STATUS_CHANGED",
            "PHASE_STARTED",
            "PHASE_PAUSED",
            "CAMPAIGN_STATUS_CHANGED",
        ]
        assert last - start == len(kinds) + 1


@pytest.fixture
def executions(monkeypatch: pytest.MonkeyPatch) -> Counter[int]:
    """How often each position was executed, over all subscriptions."""
    counts: Counter[int] = Counter()
    render, render_now = Followed.render, Followed.render_now

    async def counting(self: Followed, envelope: Envelope) -> Any:
        counts[envelope.position] += 1
        return await render(self, envelope)

    def counting_now(self: Followed, envelope: Envelope, skipped: int = 0) -> Any:
        found = render_now(self, envelope, skipped)
        counts[envelope.position] += found is not NOT_NOW
        return found

    monkeypatch.setattr(Followed, "render", counting)
    monkeypatch.setattr(Followed, "render_now", counting_now)
    return counts


class TestSharing:
    async def test_equal_subscriptions_are_one_execution(
        self, stage: Stage, scene: Scene, executions: Counter[int]
    ) -> None:
        """However they are written, and wherever each came in."""
        start = await scene.rename("a", "b")
        literal = CAMPAIGN.replace("$id: ID!, $after: Cursor", "$id: ID!").replace(
            "after: $after", f'after: "{cursor_at(start)}"'
        )
        watchers = [
            await stage.watch(stage.house.alice, CAMPAIGN, id=scene.id),
            await stage.watch(stage.house.alice, CAMPAIGN, id=scene.id, after=cursor_at(start)),
            await stage.watch(stage.house.alice, CAMPAIGN, id=scene.id, after=cursor_at(start - 1)),
            await stage.watch(stage.house.alice, literal, id=scene.id),
        ]
        await watchers[0].next()
        assert told([await watchers[2].next()]) == [("CampaignUpdated", start)]
        executions.clear()
        last = await scene.rename("c", "d")
        frames = [await watcher.until(last) for watcher in watchers]
        assert frames == [frames[0]] * 4
        assert executions == {start + 1: 1, last: 1}
        assert (len(stage.groups), stage.meter.counts["groups"]) == (1, 1)

    async def test_each_new_one_has_a_snapshot_of_its_own(self, stage: Stage, scene: Scene) -> None:
        first = await stage.watch(stage.house.alice, CAMPAIGN, id=scene.id)
        assert (await first.next())["campaign"]["name"] == "hunt"
        last = await scene.rename("a")
        second = await stage.watch(stage.house.alice, CAMPAIGN, id=scene.id)
        assert (await second.next())["campaign"]["name"] == "a"
        assert second.position == last
        assert len(stage.groups) == 1

    async def test_other_scopes_variables_and_selections_do_not_share(
        self, stage: Stage, scene: Scene, executions: Counter[int]
    ) -> None:
        house, start = stage.house, await stage.head()
        after = cursor_at(start)
        streams = [
            await stage.watch(house.alice, ACTIVITY, after=after),
            await stage.watch(house.admin, ACTIVITY, after=after),
            await stage.watch(house.alice, ACTIVITY, after=after, filter={"entityType": "CAMPAIGN"}),
            await stage.watch(house.alice, ACTIVITY.replace("summary kind cursor", "summary"), after=after),
        ]
        await stage.watch(house.bob, ACTIVITY, after=after)
        last = await scene.rename("a")
        for stream in streams:
            await stream.until(last)
        # Each may have executed some of what is before `start`, too, for whoever comes from there.
        assert (len(stage.groups), executions[last]) == (5, 4)

    async def test_two_admins_share_and_two_operators_do_not(self, stage: Stage) -> None:
        house = stage.house
        keys = [(await stage.subscribe(who, ACTIVITY)).key for who in (house.alice, house.bob, house.admin)]
        other_admin = Principal(id=UUID(int=1), name="other", role=house.admin.role)
        assert len(set(keys)) == 3
        assert (await stage.subscribe(other_admin, ACTIVITY)).key == keys[2]


async def test_a_source_is_never_iterated(stage: Stage) -> None:
    with pytest.raises(TypeError, match="not iterated"):
        aiter(CampaignSource(stage.house.alice.scope, None, UUID(int=1)))


async def test_an_outage_while_an_event_is_executed_is_waited_out(
    stage: Stage, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client is not told, and misses nothing."""
    query = ACTIVITY.replace("summary kind cursor", "campaign { name }")
    watcher = await stage.watch(stage.house.alice, query, after=cursor_at(await stage.head()))
    failed = asyncio.Event()

    async def failing(self: Reading, *args: Any, **kwargs: Any) -> Any:
        failed.set()
        raise Unavailable("The database does not answer.")

    with monkeypatch.context() as outage:
        outage.setattr(Reading, "look", failing)
        await scene.rename("a", "b")
        await failed.wait()
    assert [(await watcher.next())["activity"] for _ in range(2)] == [{"campaign": {"name": "b"}}] * 2


async def test_more_proxies_than_a_snapshot_holds_are_refused_with_a_way_out(stage: Stage) -> None:
    alice, now = stage.house.alice, stage.house.now
    values = {
        "owner_id": alice.id,
        "protocol": "HTTP",
        "host": "proxy.test",
        "enabled": True,
        "health": "UNKNOWN",
    }
    rows = [
        {"id": new_id(), "name": f"{n}", "port": n, "created_at": now, "updated_at": now, **values}
        for n in range(STANDARD.max_rows + 1)
    ]
    async with stage.engines.writing() as session:
        await session.execute(insert(ProxyRow), rows)
    watcher = await stage.watch(alice, "subscription { proxyEvents { __typename } }")
    [error] = await watcher.failure()
    assert error["extensions"]["code"] == "LIMIT_EXCEEDED"
    assert "name some by `proxyIds`, or a pool" in error["message"]
