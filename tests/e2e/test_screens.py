"""Each screen of a live console in one query and at most two subscriptions, against a campaign that has run.

The screens are those of docs/screens.graphql, which is all that the console here knows. Each test opens a screen over
HTTP, follows it over real sockets from the cursor of what it shows, presses every button that it has, and sees on
the streams what that did.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import partial

import pytest
import pytest_asyncio
from graphql import OperationType, build_schema, validate
from graphql.language import Lexer, Source, TokenKind

from core.limits import STANDARD
from sandbox.sandbox import Sandbox
from sandbox.world import WORLD, rejections
from tests.docs.blocks import ROOT
from tests.e2e.campaigns import Draft, Pace, make_draft, start
from tests.e2e.client import Json
from tests.e2e.console import DOCUMENT, DOCUMENTS, Console, Stream, screens
from tests.e2e.product import Product
from tests.e2e.subscriber import LIFE, Subscriber
from tests.servers.process import free_port
from vocabulary.campaigns import PhaseKind
from vocabulary.leads import Rejection

NAMES = 40
SECONDS = 100
# Long enough for every button to be pressed while it runs.
SLOW = Pace(dns_rate=2)
SITES = WORLD.sites[:NAMES]
PERSONA_OF = "query ($id: ID!) { campaign(id: $id) { dns { personas { id } } } }"


class Room:
    """The console, the world around it, and the campaign that has run."""

    def __init__(self, console: Console, box: Sandbox, done: Draft) -> None:
        self.console = console
        self.box = box
        self.done = done
        self._drafts = 0

    async def draft(self, pace: Pace) -> Draft:
        """One more campaign over the next names."""
        self._drafts += 1
        return await make_draft(self.console.client, self.box, 20, replace(pace, suffix=f" {self._drafts}"))

    @asynccontextmanager
    async def screen(self, name: str) -> AsyncIterator[AsyncExitStack]:
        """When the block ends, everything that the screen has was used, and its streams are closed."""
        async with AsyncExitStack() as stack, asyncio.timeout(SECONDS):
            yield stack
        assert {each for each in DOCUMENTS if each.partition("_")[0] == name} <= self.console.used


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def room(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Room]:
    folder = tmp_path_factory.mktemp("screens")
    async with Sandbox.open(folder / "sandbox") as box:
        settings = {
            "allowed_networks": "127.0.0.0/8",
            "allowed_ports": "1-65535",
            "ca_file": box.ca_file,
            "probe_url": box.probe_url,
            "probe_timeout_seconds": 2,
            "flush_seconds": 0.05,
        }
        async with Product(folder / "product", **settings) as product:
            client = (await product.serve()).client
            done = await make_draft(client, box, NAMES, Pace(through_proxies=True))
            life = Subscriber(client, LIFE, done.id, done.cursor)
            async with asyncio.timeout(SECONDS), asyncio.TaskGroup() as tasks:
                tasks.create_task(life.over_socket())
                await start(client, done)
            yield Room(Console(client), box, done)


@pytest.mark.parametrize("screen", list(screens()))
def test_a_screen_is_one_query_and_at_most_two_subscriptions(screen: str) -> None:
    operations = screens()[screen]
    assert operations[OperationType.QUERY] == [screen]
    assert len(operations[OperationType.SUBSCRIPTION]) in {1, 2}


def test_the_document_is_valid_and_each_operation_fits() -> None:
    assert validate(build_schema((ROOT / "schema.graphql").read_text()), DOCUMENT) == []
    for name, document in DOCUMENTS.items():
        lexer, tokens = Lexer(Source(document)), 0
        while lexer.advance().kind is not TokenKind.EOF:
            tokens += 1
        assert tokens <= STANDARD.max_tokens, name


def test_the_page_tells_of_every_screen() -> None:
    page = (ROOT / "docs/screens.md").read_text()
    assert [name for name in screens() if f"| `{name}` |" not in page] == []


def truth() -> list[tuple[str, str, str]]:
    return [(site.name, site.dns_status, why) for site, why in zip(SITES, rejections(SITES), strict=True)]


def row(domain: Json) -> tuple[str, str, str]:
    return (domain["name"], domain["dns"]["status"], domain["lead"]["rejection"])


def assert_finished(campaign: Json, room: Room) -> None:
    """A row of the campaign that has run."""
    totals = WORLD.totals(site.name for site in SITES)
    assert (campaign["id"], campaign["status"], campaign["percent"]) == (room.done.id, "COMPLETED", 100)
    assert [(phase["kind"], phase["status"]) for phase in campaign["phases"]] == [
        (kind, "COMPLETED") for kind in PhaseKind
    ]
    assert campaign["funnel"]["generated"] == campaign["funnel"]["analyzed"] == str(NAMES)
    assert campaign["funnel"]["leads"] == str(totals.rejections[Rejection.QUALIFIED])


def found(nodes: list[Json], ident: str) -> Json:
    return next(node for node in nodes if node["id"] == ident)


async def status(stream: Stream, ident: str, status: str) -> None:
    """Wait until a list of campaigns shows one in a status."""
    await stream.until(
        lambda frame: (
            frame["__typename"] == "CampaignChanged"
            and (frame["campaign"]["id"], frame["campaign"]["status"]) == (ident, status)
        )
    )


async def over(room: Room, screen: str, operation: Json, after: str) -> Json:
    """Follow a bulk operation to its end."""
    async with room.console.follow(f"{screen}_Bulk", after, id=operation["id"]) as stream:
        frame = await stream.type("BulkOperationFinished")
    ended: Json = frame["operation"]
    return ended


@pytest.mark.asyncio(loop_scope="module")
async def test_dashboard(room: Room) -> None:
    async with room.screen("Dashboard") as stack:
        shown = await room.console.open("Dashboard", rows=200)
        board = shown["dashboard"]
        counts = {each["status"]: int(each["count"]) for each in board["campaignCounts"]}
        assert counts["COMPLETED"] >= 1
        ours = [each["domain"] for each in board["domains"] if each["campaign"]["id"] == room.done.id]
        assert sorted(row(domain) for domain in ours) == sorted(truth())
        assert board["proxyStats"]["healthy"] == len(room.box.proxies) - 2
        assert shown["me"]["role"] == "ADMIN"
        assert "running to completed" in " ".join(each["summary"] for each in board["activity"])

        campaigns = await stack.enter_async_context(
            room.console.follow("Dashboard_Campaigns", shown["cursor"])
        )
        activity = await stack.enter_async_context(room.console.follow("Dashboard_Activity", shown["cursor"]))
        draft = await room.draft(SLOW)
        added = await campaigns.type("CampaignAdded")
        assert (added["campaign"]["id"], added["campaign"]["status"]) == (draft.id, "DRAFT")
        told = await activity.until(lambda frame: frame["activity"]["kind"] == "CAMPAIGN_CREATED")
        assert told["activity"]["campaign"]["id"] == draft.id


@pytest.mark.asyncio(loop_scope="module")
async def test_campaign_list(room: Room) -> None:
    console = room.console
    async with room.screen("CampaignList") as stack:
        tab = await console.open("CampaignList", filter={"statuses": ["COMPLETED"]})
        assert_finished(found(tab["campaigns"]["nodes"], room.done.id), room)
        one, other = (await room.draft(SLOW)).id, (await room.draft(SLOW)).id
        shown = await console.open("CampaignList", filter={"statuses": ["DRAFT"]})
        assert {one, other} <= {node["id"] for node in shown["campaigns"]["nodes"]}

        changes = await stack.enter_async_context(console.follow("CampaignList_Changes", shown["cursor"]))
        for button, reached in (
            ("Start", "RUNNING"),
            ("Pause", "PAUSED"),
            ("Resume", "RUNNING"),
            ("Cancel", "CANCELLED"),
        ):
            await console.press(f"CampaignList_{button}", id=one)
            await status(changes, one, reached)
        for button, ids in (("BulkStart", [other]), ("BulkPause", [other]), ("BulkDelete", [one])):
            before = (await console.open("CampaignList"))["cursor"]
            accepted = await console.press(f"CampaignList_{button}", ids=ids)
            ended = await over(room, "CampaignList", accepted["operation"], before)
            assert (ended["status"], ended["succeeded"], ended["failed"]) == ("COMPLETED", 1, 0)
        await status(changes, other, "PAUSED")
        await changes.type("CampaignRemoved", campaignId=one)
        await console.press("CampaignList_Cancel", id=other)


async def look_at_what_has_run(room: Room) -> None:
    """The leads with the highest scores first, and the same verdicts after each phase that is run anew."""
    leads = [name for name, _, why in truth() if why is Rejection.QUALIFIED]
    shown = await room.console.open(
        "CampaignDetail",
        id=room.done.id,
        filter={"rejection": ["QUALIFIED"]},
        orderBy={"field": "SCORE", "direction": "DESC"},
    )
    campaign = shown["campaign"]
    assert_finished(campaign, room)
    assert {node["name"] for node in campaign["domains"]["nodes"]} == set(leads)
    scores = [node["score"]["score"] for node in campaign["domains"]["nodes"]]
    assert scores == sorted(scores, reverse=True)
    assert campaign["domains"]["totalCount"] == campaign["rejections"]["qualified"] == str(len(leads))
    assert (campaign["rejections"]["balanced"], campaign["rejections"]["pending"]) == (True, "0")
    scored = int(campaign["kpis"]["totalAnalyzed"])
    assert sum(int(bucket["count"]) for bucket in campaign["buckets"]) == scored > len(leads)

    async with room.console.follow("CampaignDetail_Events", shown["cursor"], id=room.done.id) as events:
        for button, given in (("RerunPhase", {"phase": "ENRICHMENT"}), ("Rescore", {})):
            pressed = await room.console.press(f"CampaignDetail_{button}", id=room.done.id, **given)
            assert pressed["campaign"]["id"] == room.done.id
            events.frames.clear()
            await events.type("CampaignStatusChanged", current="COMPLETED")
    again = await room.console.open("CampaignDetail", id=room.done.id)
    assert [row(node) for node in again["campaign"]["domains"]["nodes"]] == truth()
    assert again["campaign"]["momentum"]["considered"] == str(scored)


@pytest.mark.asyncio(loop_scope="module")
async def test_campaign_detail(room: Room) -> None:
    console = room.console
    async with room.screen("CampaignDetail") as stack:
        await look_at_what_has_run(room)
        # In shards so small that some are left to be claimed when the persona is gone.
        draft = await room.draft(Pace(dns_rate=2, dns_batch=2, by_steps=True))
        shown = await console.open("CampaignDetail", id=draft.id)
        assert (shown["campaign"]["mode"], shown["campaign"]["domains"]["nodes"]) == ("STEP_BY_STEP", [])
        events, domains = [
            await stack.enter_async_context(
                console.follow(f"CampaignDetail_{name}", shown["cursor"], id=draft.id)
            )
            for name in ("Events", "Domains")
        ]
        await console.press("CampaignDetail_SkipPhase", id=draft.id, phase="ENRICHMENT")
        await events.type("PhaseSkipped", phase="ENRICHMENT")
        await console.press("CampaignDetail_StartPhase", id=draft.id, phase="DOMAIN_GENERATION")
        made = await domains.type("DomainEventBatch", kind="GENERATED")
        await events.type("PhaseCompleted", phase="DOMAIN_GENERATION")
        names = await console.open("CampaignDetail", id=draft.id, first=1000)
        assert [each["name"] for each in made["generated"]] == [
            node["name"] for node in names["campaign"]["domains"]["nodes"]
        ]
        await console.press("CampaignDetail_SetMode", id=draft.id, mode="FULL_SEQUENCE")
        assert (await events.type("ModeChanged"))["currentMode"] == "FULL_SEQUENCE"
        await console.press("CampaignDetail_StartPhase", id=draft.id, phase="DNS_VALIDATION")
        looked_up = await domains.type("DomainEventBatch", kind="RESOLVED")
        assert {each["dnsStatus"] for each in looked_up["changed"]} <= {"OK", "ERROR", "TIMEOUT"}
        await fail_and_retry(room, draft, events)


async def fail_and_retry(room: Room, draft: Draft, events: Stream) -> None:
    """A persona that is disabled under a phase makes it fail; enabled again, the phase goes on."""
    console = room.console
    campaign = await console.client.ask(PERSONA_OF, id=draft.id)
    persona = campaign["campaign"]["dns"]["personas"][0]["id"]
    await console.press("CampaignList_Pause", id=draft.id)
    await console.press("Personas_Edit", id=persona, enabled=False)
    await console.press("CampaignList_Resume", id=draft.id)
    failed = await events.type("PhaseFailed", phase="DNS_VALIDATION")
    assert failed["message"]
    await console.press("Personas_Edit", id=persona, enabled=True)
    await console.press("CampaignDetail_RetryPhase", id=draft.id, phase="DNS_VALIDATION")
    await events.type("PhaseStarted", phase="DNS_VALIDATION", cause="RETRY")
    await console.press("CampaignList_Cancel", id=draft.id)


@pytest.mark.asyncio(loop_scope="module")
async def test_progress(room: Room) -> None:
    console = room.console
    async with room.screen("Progress") as stack:
        ended = await console.open("Progress", id=room.done.id)
        assert_finished(ended["campaign"], room)
        draft = await room.draft(SLOW)
        shown = await console.open("Progress", id=draft.id)
        assert [each["kind"] for each in shown["campaign"]["activity"]["nodes"]] == ["CAMPAIGN_CREATED"]
        events, activity = [
            await stack.enter_async_context(console.follow(f"Progress_{name}", shown["cursor"], id=draft.id))
            for name in ("Events", "Activity")
        ]
        await start(console.client, draft)
        progress = await events.type("CampaignProgress", phase="DNS_VALIDATION")
        assert int(progress["counts"]["processed"]) > 0
        assert progress["campaignPercent"] > 0
        assert "DNS_VALIDATION" in [each["phase"] for each in progress["running"]]
        for button, told in (
            ("Pause", "PhasePaused"),
            ("Resume", "PhaseResumed"),
            ("Cancel", "PhaseCancelled"),
        ):
            await console.press(f"Progress_{button}", id=draft.id)
            await events.type(told, phase="DNS_VALIDATION")
            await activity.until(partial(is_about, told))
        await events.type("CampaignStatusChanged", current="CANCELLED")


def is_about(event: str, frame: Json) -> bool:
    kind = "".join(f"_{letter}" if letter.isupper() else letter.upper() for letter in event).lstrip("_")
    return bool(frame["activity"]["kind"] == kind)


@pytest.mark.asyncio(loop_scope="module")
async def test_proxy_page(room: Room) -> None:
    console = room.console
    async with room.screen("ProxyPage") as stack:
        shown = await console.open("ProxyPage")
        nodes, stats = shown["proxies"]["nodes"], shown["proxyStats"]
        assert stats["total"] == len(nodes) == int(shown["proxies"]["totalCount"]) > 0
        used = [node for node in nodes if node["name"] in {proxy.name for proxy in room.box.proxies}]
        assert sum(int(node["successCount"]) for node in used) > 0
        assert {node["health"] for node in used} == {"HEALTHY"}
        events = await stack.enter_async_context(console.follow("ProxyPage_Events", shown["cursor"]))
        await one_by_one(room, events)
        await many_at_once(room, events)


async def one_by_one(room: Room, events: Stream) -> None:
    """Add, edit, test, disable and delete one proxy."""
    console, end = room.console, room.box.proxy("dead")
    given = {"name": "one", "protocol": end.protocol, "host": end.host, "port": end.port}
    proxy = (await console.press("ProxyPage_Add", **given))["proxy"]["id"]
    added = await events.type("ProxyAdded")
    assert (added["proxy"]["id"], added["proxy"]["enabled"]) == (proxy, True)
    await console.press("ProxyPage_Edit", id=proxy, countryCode="DE")
    await events.until(lambda frame: frame["proxy"]["countryCode"] == "DE")
    await events.type("ProxyTestFinished")
    events.frames.clear()
    await console.press("ProxyPage_Test", id=proxy)
    tested = await events.type("ProxyTestFinished")
    assert (tested["proxy"]["id"], tested["result"]["success"]) == (proxy, False)
    await console.press("ProxyPage_Enable", id=proxy, enabled=False)
    await events.until(lambda frame: not frame["proxy"]["enabled"])
    cleaned = await console.press("ProxyPage_CleanFailed", minFailures=1)
    assert [each["id"] for each in cleaned["wouldRemove"]] == [proxy]
    await console.press("ProxyPage_Delete", id=proxy)
    await events.type("ProxyRemoved")


async def never_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Listen until the other side gives up."""
    await reader.read()
    writer.close()


async def many_at_once(room: Room, events: Stream) -> None:
    """Import a list; disable, test and delete all of it, and cancel a test of those that never answer."""
    console = room.console
    hosts = [f"127.1.0.{number}" for number in range(1, 13)]
    silent = await asyncio.start_server(never_answer, hosts, free_port("127.1.0.1"))
    port = silent.sockets[0].getsockname()[1]
    text = "\n".join(f"{host}:{port}:ada:word" for host in hosts)
    imported = await console.press("ProxyPage_Import", text=f"# a list\n{text}\nnonsense")
    assert (imported["totals"]["added"], imported["totals"]["invalid"]) == (12, 1)
    shown = await console.open("ProxyPage", filter={"search": "127.1.0."})
    listed = [node["id"] for node in shown["proxies"]["nodes"] if node["port"] == port]
    assert len(listed) == 12
    # Who is disabled is not tested, and a test that is over cannot be cancelled: so it comes first.
    buttons: Mapping[str, Json] = {"BulkTest": {}, "BulkEnable": {"enabled": False}, "BulkDelete": {}}
    async with silent:
        for button, given in buttons.items():
            before = (await console.open("ProxyPage"))["cursor"]
            accepted = await console.press(f"ProxyPage_{button}", ids=listed, **given)
            if button == "BulkTest":
                await console.press("ProxyPage_CancelBulk", id=accepted["operation"]["id"])
            ended = await over(room, "ProxyPage", accepted["operation"], before)
            # How many tests had begun when it was cancelled, and so come to their end, is a matter of moments.
            assert ended["status"] == ("CANCELLED" if button == "BulkTest" else "COMPLETED")
            assert ended["done"] == 12 or button == "BulkTest"
    await events.until(
        lambda frame: (frame["__typename"], frame["proxy"]["id"]) == ("ProxyRemoved", listed[-1])
    )
    listing = (await console.open("ProxyPage"))["bulkOperations"]["nodes"]
    assert [each["kind"] for each in listing] == ["PROXY_DELETE", "PROXY_DISABLE", "PROXY_TEST"]


@pytest.mark.asyncio(loop_scope="module")
async def test_personas(room: Room) -> None:
    console = room.console
    async with room.screen("Personas") as stack:
        shown = await console.open("Personas")
        assert {node["type"] for node in shown["personas"]["nodes"]} == {"DNS", "HTTP"}
        events = await stack.enter_async_context(console.follow("Personas_Changes", shown["cursor"]))
        config = {"dns": {"resolvers": [room.box.dns], "queryTimeoutSeconds": 0.5}}
        persona = (await console.press("Personas_Add", name="one", config=config))["persona"]["id"]
        assert (await events.type("PersonaCreated"))["persona"]["config"]["resolvers"] == [room.box.dns]
        await console.press("Personas_Edit", id=persona, description="edited", expectedVersion=1)
        assert (await events.type("PersonaUpdated", personaId=persona))["persona"]["version"] == 2
        site = next(site for site in SITES if site.dns_status == "OK")
        report = (await console.press("Personas_Test", id=persona, target=site.name))["report"]
        assert (report["status"], report["addresses"]) == ("OK", list(site.addresses))
        assert (await events.type("PersonaTested"))["succeeded"]
        copy = (await console.press("Personas_Duplicate", id=persona, name="two"))["persona"]
        assert copy["config"] == shown_config(await console.open("Personas"), persona)
        for ident in (persona, copy["id"]):
            await console.press("Personas_Delete", id=ident)
            await events.type("PersonaDeleted", personaId=ident)


def shown_config(shown: Json, persona: str) -> Json:
    config: Json = found(shown["personas"]["nodes"], persona)["config"]
    return config


@pytest.mark.asyncio(loop_scope="module")
async def test_keyword_sets(room: Room) -> None:
    console = room.console
    async with room.screen("KeywordSets") as stack:
        shown = await console.open("KeywordSets", filter={"search": "Solar"})
        assert "solar panel" in [rule["pattern"] for rule in shown["keywordSets"]["nodes"][0]["rules"]]
        events = await stack.enter_async_context(console.follow("KeywordSets_Changes", shown["cursor"]))
        made = await console.press("KeywordSets_Add", name="one", rules=[{"pattern": "wind"}])
        words = made["keywordSet"]["id"]
        assert (await events.type("KeywordSetCreated", keywordSetId=words))["keywordSet"]["ruleCount"] == 1
        await console.press(
            "KeywordSets_Edit", id=words, addRules=[{"pattern": "gusts?", "ruleType": "REGEX"}]
        )
        changed = await events.type("KeywordSetUpdated", keywordSetId=words)
        assert [rule["pattern"] for rule in changed["keywordSet"]["rules"]] == ["wind", "gusts?"]
        await console.press("KeywordSets_Delete", id=words)
        await events.type("KeywordSetDeleted", keywordSetId=words)
