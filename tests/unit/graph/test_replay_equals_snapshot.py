"""A snapshot with the events that followed it applied is the snapshot of now, whatever verb was used.

The idea is Zulip's `verify_action`. A client that applies events must come to what the server would tell it
anew, or else each of the two truths is a bug for somebody. `CampaignView` and `ProxyView` are such clients.
"""

from inspect import iscoroutinefunction
from typing import Any

import pytest

from db.repositories.shards import Claim
from db.repositories.verdicts import AnalysisResult, DnsResult, EnrichmentResult, ExtractionResult, HttpResult
from events.domain_events import DomainEventType
from events.event import EntityType
from graph import node_ids
from names.space import Space
from services.campaigns import CampaignDraft, CampaignPatch
from services.generating import NameBatch
from services.proxies import ProxyPatch
from services.proxy_accounts import ProxyOutcome
from services.results import Batch
from tests import factories
from tests.fakes.stage import Frame, Stage, Watcher, cursor_at
from tests.interleavings.views import PHASES
from vocabulary.campaigns import CampaignMode, DnsConfig, HttpConfig, PhaseKind
from vocabulary.checks import CheckStatus, DnsReason, DnsVerdict, HttpVerdict
from vocabulary.leads import (
    Bucket,
    Completeness,
    KeywordMetrics,
    LeadStatus,
    LeadVerdict,
    PageFeatures,
    ParkedVerdict,
    Rejection,
    Richness,
    ScoreBreakdown,
)
from vocabulary.proxies import ProxyTestResult
from vocabulary.work import ShardKind

CAMPAIGN = """
subscription ($id: ID!, $after: Cursor) { campaignEvents(campaignId: $id, after: $after) {
  __typename
  ... on Happening { at }
  ... on CampaignSnapshot { campaign {
    name status mode version startedAt completedAt controlPhase percent counts { ...C } ratePerMinute
    phases { kind status counts { ...C } percent ratePerMinute configured startedAt completedAt error { code message } }
    rejections { qualified lowScore noKeywords parked dnsError dnsTimeout httpError httpTimeout analyzed balanced }
  } }
  ... on CampaignUpdated { name version }
  ... on ModeChanged { currentMode version }
  ... on CampaignStatusChanged { current }
  ... on PhaseHappening { phase counts { ...C } percent }
  ... on PhaseStarted { cause }
  ... on PhaseFailed { code message }
  ... on CampaignProgress {
    ratePerMinute campaignPercent running { phase counts { ...C } percent }
    rejections { qualified lowScore noKeywords parked dnsError dnsTimeout httpError httpTimeout analyzed }
  }
} }
fragment C on Counts { total processed succeeded failed }
"""
PROXIES = """
subscription ($after: Cursor) { proxyEvents(after: $after) {
  __typename
  ... on ProxySnapshot { proxies { ...P } }
  ... on ProxyHappening { proxy { ...P } }
} }
fragment P on Proxy {
  id name description protocol host port address username hasCredentials enabled health latencyMs lastCheckedAt
  lastError successCount failureCount consecutiveFailures createdAt updatedAt owner { name }
}
"""
ENDED = {"COMPLETED", "FAILED", "CANCELLED"}


class CampaignView:
    """A client's picture of one campaign, from a snapshot and what followed."""

    def __init__(self, snapshot: Frame) -> None:
        self.campaign = dict(snapshot["campaign"])
        self.phases = {one["kind"]: dict(one) for one in self.campaign.pop("phases")}
        # What a snapshot sums up follows from the phases.
        for name in ("controlPhase", "percent", "counts", "ratePerMinute"):
            del self.campaign[name]

    def apply(self, event: Frame) -> None:
        match event["__typename"]:
            case "CampaignUpdated":
                self.campaign |= {"name": event["name"], "version": event["version"]}
            case "ModeChanged":
                self.campaign |= {"mode": event["currentMode"], "version": event["version"]}
            case "CampaignStatusChanged":
                self._status(event["current"], event["at"])
            case "CampaignProgress":
                self._progress(event)
            case kind:
                self._phase(kind, event)

    def _status(self, status: str, at: str) -> None:
        self.campaign["status"] = status
        if status == "RUNNING":
            self.campaign["startedAt"] = self.campaign["startedAt"] or at
        if status != "ARCHIVED":
            self.campaign["completedAt"] = at if status in ENDED else None

    def _progress(self, event: Frame) -> None:
        for running in event["running"]:
            self._count(running)
        self._count(event)["ratePerMinute"] = event["ratePerMinute"]
        self.campaign["rejections"] = event["rejections"] | {"balanced": True}

    def _count(self, event: Frame) -> dict[str, Any]:
        phase = self.phases[event["phase"]]
        phase |= {"counts": event["counts"], "percent": event["percent"]}
        return phase

    def _phase(self, kind: str, event: Frame) -> None:
        phase = self._count(event)
        phase |= {"status": PHASES[kind], "configured": True}
        begins = kind == "PhaseAutoStarted" or (kind == "PhaseStarted" and event["cause"] != "RETRY")
        if begins:
            phase |= {"startedAt": event["at"], "ratePerMinute": None}
        if kind in {"PhaseConfigured", "PhaseReset"}:
            phase |= {"startedAt": None, "ratePerMinute": None}
        phase["completedAt"] = event["at"] if phase["status"] in ENDED | {"SKIPPED"} else None
        phase["error"] = (
            {"code": event["code"], "message": event["message"]} if kind == "PhaseFailed" else None
        )

    def snapshot(self) -> dict[str, Any]:
        """What the server would say now."""
        phases = list(self.phases.values())
        control = next(
            (one for status in ("PAUSED", "IN_PROGRESS") for one in phases if one["status"] == status), None
        )
        begun = [one for one in phases if one["startedAt"] is not None]
        shown = control or (begun or phases)[-1 if begun else 0]
        counted = [one["percent"] for one in phases if one["status"] != "SKIPPED"]
        return {
            **self.campaign,
            "phases": phases,
            "controlPhase": control and control["kind"],
            "percent": round(sum(counted) / len(counted), 2),
            "counts": shown["counts"],
            "ratePerMinute": shown["ratePerMinute"],
        }


class ProxyView:
    """A client's picture of its proxies: each event brings the whole proxy."""

    def __init__(self, snapshot: Frame) -> None:
        self.proxies = {one["id"]: one for one in snapshot["proxies"]}

    def apply(self, event: Frame) -> None:
        proxy = event["proxy"]
        if event["__typename"] == "ProxyRemoved":
            del self.proxies[proxy["id"]]
        else:
            self.proxies[proxy["id"]] = proxy

    def snapshot(self) -> list[Frame]:
        return sorted(self.proxies.values(), key=lambda one: str(one["name"]))


class Hunt:
    """A campaign of ten names, and every verb on it and on a proxy that it uses."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.alice = stage.house.alice
        self.claims: list[Claim] = []
        self.taken = False

    async def make(self) -> None:
        verbs = self.stage.services
        self.dns = (await verbs.personas.create(self.alice, factories.dns_persona())).value
        self.http = (await verbs.personas.create(self.alice, factories.http_persona())).value
        self.proxy = (await verbs.proxies.create(self.alice, factories.proxy())).value.id
        draft = CampaignDraft(
            "hunt",
            factories.generation(count=8),
            DnsConfig((self.dns,), batch_size=4),
            HttpConfig((self.http,), ad_hoc_keywords=("solar",), proxy_ids=(self.proxy,), batch_size=4),
            mode=CampaignMode.FULL_SEQUENCE,
        )
        self.key = (await verbs.campaigns.create(self.alice, draft)).value
        self.id = node_ids.encode("Campaign", self.key)

    def later(self) -> None:
        self.stage.house.clock.advance(1.5)

    async def rename(self) -> None:
        await self.stage.services.campaigns.update(self.alice, self.key, CampaignPatch(name="chase"))

    async def reconfigure(self) -> None:
        patch = CampaignPatch(generation=factories.generation(count=6))
        await self.stage.services.campaigns.update(self.alice, self.key, patch)

    async def start(self) -> None:
        await self.stage.services.campaign_control.start(self.alice, self.key)

    async def pause(self) -> None:
        await self.stage.services.campaign_control.pause(self.alice, self.key)

    async def resume(self) -> None:
        await self.stage.services.campaign_control.resume(self.alice, self.key)

    async def cancel(self) -> None:
        await self.stage.services.campaign_control.cancel(self.alice, self.key)

    async def step_by_step(self) -> None:
        await self.stage.services.campaigns.set_mode(self.alice, self.key, CampaignMode.STEP_BY_STEP)

    async def archive(self) -> None:
        await self.stage.services.campaigns.archive(self.alice, self.key)

    async def retry_generation(self) -> None:
        control = self.stage.services.campaign_control
        await control.retry_phase(self.alice, self.key, PhaseKind.DOMAIN_GENERATION)

    async def rerun_http(self) -> None:
        control = self.stage.services.campaign_control
        await control.rerun_phase(self.alice, self.key, PhaseKind.HTTP_KEYWORD_VALIDATION)

    async def rescore(self) -> None:
        await self.stage.services.campaign_control.rescore(self.alice, self.key)

    async def skip_http(self) -> None:
        control = self.stage.services.campaign_control
        await control.skip_phase(self.alice, self.key, PhaseKind.HTTP_KEYWORD_VALIDATION)

    async def extract(self) -> None:
        """One shard of pages is read."""
        claim = await self.claim(ShardKind.EXTRACTION)
        features = PageFeatures(2000, 900, KeywordMetrics(), Richness())
        found = [ExtractionResult(offset, features) for offset in claim.within if offset % 4]
        await self.stage.workers.results.flush(claim, Batch(found))

    async def analyse(self) -> None:
        """One shard of pages is scored."""
        claim = await self.claim(ShardKind.ANALYSIS)
        score = ScoreBreakdown(0.9, Completeness.COMPLETE, ())
        found = [
            AnalysisResult(offset, ParkedVerdict(is_parked=False, confidence=0.0), score, True)
            for offset in claim.within
            if offset % 4
        ]
        await self.stage.workers.results.flush(claim, Batch(found))

    async def enrich(self) -> None:
        """It is decided whether the domains of one shard are leads."""
        claim = await self.claim(ShardKind.ENRICHMENT)
        lead = LeadVerdict(LeadStatus.MATCH, Rejection.QUALIFIED, "It has all that it takes.")
        found = [
            EnrichmentResult(offset, lead, Bucket.HIGH_POTENTIAL) for offset in claim.within if offset % 4
        ]
        await self.stage.workers.results.flush(claim, Batch(found))

    async def claim(self, kind: ShardKind) -> Claim:
        (claim,) = await self.stage.workers.work.claim("worker", [kind], 1)
        return claim

    async def generate_half(self) -> None:
        self.claims = [await self.claim(ShardKind.DOMAIN_GENERATION)]
        await self._generate(range(4))

    async def generate_anew(self) -> None:
        """What was left when the shard failed."""
        self.claims = [await self.claim(ShardKind.DOMAIN_GENERATION)]
        await self._generate(range(4, 8))

    async def generate_rest(self) -> None:
        await self._generate(range(4, 8))

    async def _generate(self, offsets: range) -> None:
        space = Space.of(factories.generation(count=8))
        names = [(at, name) for at, name in space.names_in(offsets.start, offsets.stop) if name]
        await self.stage.workers.generating.write(self.claims[0], NameBatch(offsets, names))

    async def finish_generation(self) -> None:
        """The names were all there when it paused."""
        await self._generate(range(8, 8))

    async def take_names(self) -> None:
        """Begin a DNS shard whose results come later."""
        self.claims.append(await self.claim(ShardKind.DNS_VALIDATION))
        self.taken = True

    async def finish_names(self) -> None:
        """All of a DNS shard was resolved when it paused."""
        await self.stage.workers.results.flush(self.claims[-1], Batch())

    async def resolve(self) -> None:
        """One DNS shard: all names but its first."""
        claim = self.claims[-1] if self.taken else await self.claim(ShardKind.DNS_VALIDATION)
        self.taken = False
        first, *others = claim.within
        results = [DnsResult(first, DnsVerdict(CheckStatus.ERROR, DnsReason.NXDOMAIN), self.dns)]
        found = DnsVerdict(CheckStatus.OK, addresses=("192.0.2.7",))
        results += [DnsResult(offset, found, self.dns) for offset in others]
        await self.stage.workers.results.flush(claim, Batch(results))

    async def fetch(self, error: str | None = None) -> None:
        """One HTTP shard, through the proxy."""
        claim = await self.claim(ShardKind.HTTP_KEYWORD_VALIDATION)
        page = HttpVerdict(CheckStatus.OK, status_code=200)
        results = [HttpResult(offset, page, self.http, self.proxy) for offset in claim.within if offset % 4]
        outcomes = [ProxyOutcome(self.proxy, error)] * 3
        await self.stage.workers.results.flush(claim, Batch(results, outcomes))

    async def strike_out(self) -> None:
        await self.fetch("it hung up")

    async def fail_shard(self) -> None:
        await self.stage.workers.work.failed(self.claims[0], "the disk is full")

    async def cannot_go_on(self) -> None:
        await self.stage.workers.work.cannot_go_on(self.claims[0], "NO_PERSONA", "no persona is enabled")

    async def add_proxy(self) -> None:
        await self.stage.services.proxies.create(self.alice, factories.proxy("another", port=9))

    async def rename_proxy(self) -> None:
        await self._change_proxy(name="renamed", description="a note")

    async def move_proxy(self) -> None:
        await self._change_proxy(host="192.0.2.99", username="u", password="p")

    async def disable_proxy(self) -> None:
        await self._change_proxy(enabled=False)

    async def enable_proxy(self) -> None:
        await self._change_proxy(enabled=True)

    async def _change_proxy(self, **values: Any) -> None:
        await self.stage.services.proxies.update(self.alice, self.proxy, ProxyPatch(**values))

    async def test_proxy(self) -> None:
        await self.stage.services.proxies.test(self.alice, self.proxy)

    async def pass_test(self) -> None:
        await self._tested(
            ProxyTestResult(success=True, duration_ms=7, status_code=200, returned_ip="192.0.2.1")
        )

    async def fail_test(self) -> None:
        await self._tested(ProxyTestResult(success=False, duration_ms=7, error="refused"))

    async def _tested(self, result: ProxyTestResult) -> None:
        assert await self.stage.workers.probing.finish(await self.claim(ShardKind.PROXY_PROBE), result)

    async def remove_proxy(self) -> None:
        await self.stage.services.proxies.delete(self.alice, self.proxy)


LIVES = {
    "to the end": "rename start generate_half generate_rest resolve resolve fetch fetch extract extract analyse enrich "
    "rename archive",
    "with pauses": "start pause resume generate_half pause resume generate_rest pause resume resolve pause resume "
    "resolve fetch pause resume strike_out",
    "overlapping": "start generate_half resolve fetch pause resume extract generate_rest resolve fetch extract analyse "
    "enrich",
    "paused with work under way": "start generate_half pause generate_rest resume finish_generation take_names "
    "pause resolve resume finish_names resolve",
    "step by step": "step_by_step start generate_half generate_rest start resolve resolve start fetch fetch start "
    "extract start analyse start enrich",
    "a phase left out": "step_by_step start generate_half skip_http generate_rest start resolve resolve start start",
    "run anew": "start generate_half generate_rest resolve resolve fetch fetch extract extract analyse enrich rescore "
    "analyse enrich rerun_http fetch extract",
    "cancelled as a draft": "reconfigure cancel",
    "cancelled while running": "start generate_half cancel",
    "cancelled while paused": "start generate_half generate_rest resolve pause cancel",
    "a shard fails": "start generate_half fail_shard retry_generation generate_anew",
    "it cannot go on": "start generate_half cannot_go_on",
}
PROXY_LIVES = {
    "tested well": "pass_test test_proxy pass_test rename_proxy test_proxy fail_test",
    "tested badly": "fail_test test_proxy pass_test",
    "moved": "pass_test move_proxy pass_test disable_proxy enable_proxy add_proxy",
    "under test": "test_proxy disable_proxy add_proxy",
    "used": "pass_test start generate_half generate_rest resolve resolve fetch strike_out test_proxy pass_test",
    "removed": "add_proxy cancel remove_proxy",
}


@pytest.fixture
async def hunt(stage: Stage) -> Hunt:
    hunt = Hunt(stage)
    await hunt.make()
    return hunt


async def matching(stage: Stage, subject: EntityType, after: int) -> int:
    """How many events of that kind of thing follow a position; the hub has read them when this returns."""
    head = await stage.head()
    if head == after:
        return 0
    await stage.hub.wait_beyond(head - 1)
    page = await stage.hub.read_after(after, 1000)
    return sum(
        one.event.ENTITY is subject and not isinstance(one.event, DomainEventType) for one in page.envelopes
    )


async def fresh(stage: Stage, hunt: Hunt, query: str, **variables: object) -> Frame:
    """What somebody who comes now is told."""
    watcher = await stage.watch(hunt.alice, query, **variables)
    frame = await watcher.next()
    watcher.leave()
    return frame


async def step(stage: Stage, hunt: Hunt, verb: str, subject: EntityType, watcher: Watcher) -> list[Frame]:
    """Do one thing, and read what it brings."""
    hunt.later()
    before = await stage.head()
    await getattr(hunt, verb)()
    return [await watcher.next() for _ in range(await matching(stage, subject, before))]


@pytest.mark.parametrize("life", LIVES)
async def test_of_a_campaign_after_each_verb(stage: Stage, hunt: Hunt, life: str) -> None:
    watcher = await stage.watch(hunt.alice, CAMPAIGN, id=hunt.id)
    view = CampaignView(await watcher.next())
    for verb in LIVES[life].split():
        for event in await step(stage, hunt, verb, EntityType.CAMPAIGN, watcher):
            view.apply(event)
        assert view.snapshot() == (await fresh(stage, hunt, CAMPAIGN, id=hunt.id))["campaign"], verb


@pytest.mark.parametrize("life", LIVES)
async def test_of_a_campaign_whose_events_are_read_later_from_the_log(
    stage: Stage, hunt: Hunt, life: str
) -> None:
    view = CampaignView(await fresh(stage, hunt, CAMPAIGN, id=hunt.id))
    start = await stage.head()
    for verb in LIVES[life].split():
        hunt.later()
        await getattr(hunt, verb)()
    watcher = await stage.watch(hunt.alice, CAMPAIGN, id=hunt.id, after=cursor_at(start))
    for _ in range(await matching(stage, EntityType.CAMPAIGN, start)):
        view.apply(await watcher.next())
    assert view.snapshot() == (await fresh(stage, hunt, CAMPAIGN, id=hunt.id))["campaign"]


@pytest.mark.parametrize("life", PROXY_LIVES)
async def test_of_proxies_after_each_verb(stage: Stage, hunt: Hunt, life: str) -> None:
    watcher = await stage.watch(hunt.alice, PROXIES)
    view = ProxyView(await watcher.next())
    for verb in PROXY_LIVES[life].split():
        for event in await step(stage, hunt, verb, EntityType.PROXY, watcher):
            view.apply(event)
        assert view.snapshot() == (await fresh(stage, hunt, PROXIES))["proxies"], verb


def test_every_verb_is_in_a_life() -> None:
    told = {verb for lives in (LIVES, PROXY_LIVES) for life in lives.values() for verb in life.split()}
    verbs = {name for name, value in vars(Hunt).items() if iscoroutinefunction(value) and name[0] != "_"}
    assert told == verbs - {"make", "claim"}
