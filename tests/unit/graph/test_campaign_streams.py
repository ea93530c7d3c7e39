"""Lists of campaigns and domains as they are followed: what comes is enough to have the list of now."""

from typing import Any

import pytest

from events.domain_events import DomainEventType
from graph import node_ids
from tests.fakes.stage import Frame, Stage, Watcher, cursor_at
from tests.unit.graph.test_replay_equals_snapshot import LIVES, Hunt

LIST = """
subscription ($filter: CampaignFilter, $after: Cursor) { campaignList(filter: $filter, after: $after) {
  __typename
  ... on CampaignListSnapshot { campaigns { ...C } omitted }
  ... on CampaignAdded { campaign { ...C } }
  ... on CampaignChanged { campaign { ...C } }
  ... on CampaignRemoved { campaignId }
} }
fragment C on Campaign { id name status mode percent controlPhase phases { kind status counts { processed } } }
"""
DOMAINS = """
subscription ($id: ID!, $kinds: [DomainEventKind!], $after: Cursor) {
  domainEvents(campaignId: $id, kinds: $kinds, after: $after) {
    __typename
    ... on DomainSnapshot { campaign { domains(first: 100) { nodes { ...D } } } }
    ... on DomainEventBatch {
      kind omitted generated { id offset name }
      changed { id offset name dnsStatus dnsReason httpStatus matched score isParked leadStatus rejection }
    }
    ... on CampaignDeleted { name }
  }
}
fragment D on Domain {
  id offset name matched dns { status reason } http { status } score { score } parked { isParked }
  lead { status rejection }
}
"""
FILTERS: dict[str, dict[str, object]] = {
    "all": {},
    "running": {"statuses": ["RUNNING"]},
    "ended": {"statuses": ["COMPLETED", "FAILED", "CANCELLED"]},
    "by name": {"search": "HUNT"},
    "by mode": {"mode": "FULL_SEQUENCE"},
    "by phase": {"phase": "DNS_VALIDATION"},
}


class ListView:
    """A client that puts, replaces and drops as it is told."""

    def __init__(self, snapshot: Frame) -> None:
        self.campaigns = {one["id"]: one for one in snapshot["campaigns"]}

    def apply(self, event: Frame) -> None:
        match event["__typename"]:
            case "CampaignRemoved":
                self.campaigns.pop(event["campaignId"], None)
            case "CampaignAdded" | "CampaignChanged":
                self.campaigns[event["campaign"]["id"]] = event["campaign"]
            case kind:
                raise AssertionError(kind)

    def snapshot(self) -> list[Frame]:
        return list(self.campaigns.values())


class DomainsView:
    """A client that keeps the domains of a campaign."""

    def __init__(self, snapshot: Frame) -> None:
        self.domains = {one["id"]: one for one in snapshot["campaign"]["domains"]["nodes"]}

    def apply(self, batch: Frame) -> None:
        assert batch["omitted"] == "0"
        for one in batch["generated"]:
            self.domains[one["id"]] = {
                **one, "matched": False, "dns": {"status": "PENDING", "reason": None}, "http": {"status": "PENDING"},
                "score": None, "parked": None, "lead": {"status": "PENDING", "rejection": "PENDING"},
            }  # fmt: skip
        for one in batch["changed"]:
            self.domains[one["id"]] |= {
                "matched": one["matched"],
                "dns": {"status": one["dnsStatus"], "reason": one["dnsReason"]},
                "http": {"status": one["httpStatus"]},
                "score": None if one["score"] is None else {"score": one["score"]},
                "parked": None if one["isParked"] is None else {"isParked": one["isParked"]},
                "lead": {"status": one["leadStatus"], "rejection": one["rejection"]},
            }

    def snapshot(self) -> list[Frame]:
        return sorted(self.domains.values(), key=lambda one: int(one["offset"]))


@pytest.fixture
async def hunt(stage: Stage) -> Hunt:
    hunt = Hunt(stage)
    await hunt.make()
    return hunt


async def fresh(stage: Stage, hunt: Hunt, query: str, **variables: object) -> Frame:
    watcher = await stage.watch(hunt.alice, query, **variables)
    frame = await watcher.next()
    watcher.leave()
    return frame


async def settled(stage: Stage, watcher: Watcher, view: Any, wanted: Any) -> None:
    """Apply what comes until the view is as wanted; what does not come ends in a timeout."""
    while view.snapshot() != wanted:
        view.apply(await watcher.next())


@pytest.mark.parametrize("wanted", FILTERS)
@pytest.mark.parametrize("life", ["with pauses", "run anew"])
async def test_a_list_after_each_verb(stage: Stage, hunt: Hunt, life: str, wanted: str) -> None:
    watcher = await stage.watch(hunt.alice, LIST, filter=FILTERS[wanted])
    view = ListView(await watcher.next())
    for verb in ["rename", *LIVES[life].split()]:
        hunt.later()
        await getattr(hunt, verb)()
        now = await fresh(stage, hunt, LIST, filter=FILTERS[wanted])
        await settled(stage, watcher, view, now["campaigns"])


@pytest.mark.parametrize("wanted", FILTERS)
async def test_a_list_whose_events_are_read_later_from_the_log(stage: Stage, hunt: Hunt, wanted: str) -> None:
    """Every row is newer than its event then, and the list of now comes of it all the same."""
    view = ListView(await fresh(stage, hunt, LIST, filter=FILTERS[wanted]))
    start = await stage.head()
    for verb in LIVES["step by step"].split():
        hunt.later()
        await getattr(hunt, verb)()
    now = await fresh(stage, hunt, LIST, filter=FILTERS[wanted])
    watcher = await stage.watch(hunt.alice, LIST, filter=FILTERS[wanted], after=cursor_at(start))
    await settled(stage, watcher, view, now["campaigns"])


async def test_campaigns_come_and_go_by_the_filter(stage: Stage, hunt: Hunt) -> None:
    watcher = await stage.watch(hunt.alice, LIST, filter={"statuses": ["RUNNING"]})
    assert (await watcher.next())["campaigns"] == []
    await hunt.rename()
    await hunt.start()
    added = await watcher.next()
    assert (added["__typename"], added["campaign"]["name"]) == ("CampaignAdded", "chase")
    await hunt.pause()
    kinds = [(await watcher.next())["__typename"]]
    while kinds[-1] != "CampaignRemoved":
        kinds.append((await watcher.next())["__typename"])
    assert set(kinds[:-1]) <= {"CampaignChanged"}
    await hunt.resume()
    assert (await watcher.next())["__typename"] == "CampaignAdded"


async def test_the_list_of_somebody_else_has_nothing_of_it(stage: Stage, hunt: Hunt) -> None:
    watcher = await stage.watch(stage.house.bob, LIST)
    assert (await watcher.next())["campaigns"] == []
    await hunt.start()
    mine = (await stage.services.campaigns.duplicate(stage.house.admin, hunt.key)).value
    assert not watcher.member.take(8)
    admins = await fresh(stage, hunt, LIST)
    assert node_ids.encode("Campaign", mine) not in [one["id"] for one in admins["campaigns"]]


async def test_a_deleted_campaign_is_dropped_by_everybody(stage: Stage, hunt: Hunt) -> None:
    watcher = await stage.watch(hunt.alice, LIST)
    view = ListView(await watcher.next())
    await hunt.cancel()
    await stage.services.campaigns.delete(hunt.alice, hunt.key)
    await settled(stage, watcher, view, [])


@pytest.mark.parametrize("life", ["to the end", "overlapping"])
async def test_domains_after_each_verb(stage: Stage, hunt: Hunt, life: str) -> None:
    watcher = await stage.watch(hunt.alice, DOMAINS, id=hunt.id)
    view = DomainsView(await watcher.next())
    for verb in LIVES[life].split():
        hunt.later()
        before = await stage.head()
        await getattr(hunt, verb)()
        for _ in range(await batches(stage, before)):
            view.apply(await watcher.next())
        now = await fresh(stage, hunt, DOMAINS, id=hunt.id)
        assert view.snapshot() == now["campaign"]["domains"]["nodes"], verb


async def batches(stage: Stage, after: int) -> int:
    head = await stage.head()
    if head == after:
        return 0
    await stage.hub.wait_beyond(head - 1)
    page = await stage.hub.read_after(after, 1000)
    return sum(isinstance(one.event, DomainEventType) for one in page.envelopes)


async def test_only_the_kinds_that_were_asked_for_come(stage: Stage, hunt: Hunt) -> None:
    watcher = await stage.watch(hunt.alice, DOMAINS, id=hunt.id, kinds=["RESOLVED"])
    await watcher.next()
    for verb in ["start", "generate_half", "resolve", "fetch"]:
        await getattr(hunt, verb)()
    assert (await watcher.next())["kind"] == "RESOLVED"
    await hunt.cancel()
    await stage.services.campaigns.delete(hunt.alice, hunt.key)
    assert (await watcher.next())["__typename"] == "CampaignDeleted"
    assert watcher.complete


async def test_the_domains_of_somebody_else_are_not_there(stage: Stage, hunt: Hunt) -> None:
    with pytest.raises(Exception, match="No campaign with this id"):
        await stage.watch(stage.house.bob, DOMAINS, id=hunt.id)
