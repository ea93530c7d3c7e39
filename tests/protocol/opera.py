"""One evening in which everything happens that can happen: the product in front of the sandbox, heard on a socket.

Each event is caused by what causes it in earnest: a mutation, a command's verb, or a worker that generated,
resolved, fetched or tested. Nothing is recorded by hand.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiohttp import ClientSession
from sqlalchemy import text

from core.clock import SystemClock
from db.migrating import upgrade
from events import cursor
from sandbox import world
from sandbox.sandbox import Sandbox
from tests.fakes.shop import sandbox_settings
from tests.protocol.audience import STREAMS, Audience, Following, Json
from vocabulary.access import Role
from web.app import ApiProcess

TOKEN = "opera-token-of-the-first-admin"


STATS = """{ streamStats { clients subscriptions published delivered resets position lag
  fields { field subscriptions delivered } } }"""


class Opera:
    """The performance.

    `heard` maps each stream to everything that came on it; `seldom` are pairs that follow one campaign, the second of
    which is told progress once in ten seconds.
    """

    def __init__(self, api: ApiProcess, client: ClientSession, box: Sandbox, audience: Audience) -> None:
        self.api = api
        self.client = client
        self.box = box
        self.audience = audience
        self.ids: dict[str, str] = {}
        self.seldom: list[tuple[Following, Following]] = []

    @property
    def heard(self) -> dict[str, list[Json]]:
        found: dict[str, list[Json]] = {field: [] for field in STREAMS}
        for following in self.audience.followings.values():
            found[following.field] += following.frames
        return found

    async def play(self) -> None:
        """All of it; `seconds` is how long it took."""
        begun = asyncio.get_running_loop().time()
        self.activity = await self.audience.follow("activity")
        self.proxies = await self.audience.follow("proxyEvents")
        self.campaigns = await self.audience.follow("campaignList")
        self.resources = await self.audience.follow("resourceEvents")
        for following in (self.activity, self.proxies, self.campaigns, self.resources):
            await following.until(lambda _: True)
        await self._people()
        await self._resources()
        await self._personas_and_keywords()
        await self._proxies()
        await self._bulk()
        await self._success()
        await self._interruptions()
        await self._resets()
        last = (await self.audience.ask("{ activity(first: 1) { nodes { cursor } } }"))["activity"]["nodes"][
            0
        ]
        # The last that happened is the making of a campaign, which both tell.
        for following in (self.activity, self.campaigns):
            await _until_at(following, last["cursor"])
        for every, seldom in self.seldom:
            await _until_at(seldom, every.frames[-1]["cursor"])
        self.seconds = asyncio.get_running_loop().time() - begun
        self.stats = (await self.audience.ask(STATS))["streamStats"]

    async def _resets(self) -> None:
        """Cursors of another log, and of a past that the log no longer holds."""
        here = cursor.decode((await self.audience.ask("{ cursor }"))["cursor"])
        assert here.position > 1, "the first token was made before anybody could follow"
        async with self.api.ground.engines.writing() as session:
            await session.execute(text("UPDATE event_log_head SET floor = 1"))
        campaign = await self._create("reset", self.ids["dns"], "http", 1)
        subjects = {"campaignEvents": campaign, "domainEvents": campaign, "bulkOperation": self.ids["bulk"]}
        past, other = cursor.encode(here.incarnation, 0, 0), cursor.encode("f" * 12, 1, 0)
        for after, reason in ((past, "RETENTION"), (other, "LOG_REPLACED")):
            for field in STREAMS:
                given = {"id": subjects[field]} if field in subjects else {}
                following = await self.audience.follow(field, after=after, **given)
                assert (await following.type("StreamReset"))["reason"] == reason

    async def _resources(self) -> None:
        """Pools, scoring profiles, a persona that is tried, and settings."""
        change = self.audience.change
        pool = (await change("createProxyPool", "pool { id }", name="spare"))["pool"]["id"]
        await change("updateProxyPool", "cursor", id=pool, description="unused")
        await change("deleteProxyPool", "cursor", id=pool)
        made = await change("createScoringProfile", "scoringProfile { id }", name="strict", config={})
        profile = made["scoringProfile"]["id"]
        await change("updateScoringProfile", "cursor", id=profile, name="stricter")
        await change("deleteScoringProfile", "cursor", id=profile)
        await change("updateSettings", "cursor", shardAttempts=4)
        await change("updateSettings", "cursor", shardAttempts=None)
        await self.resources.type("SettingsChanged")

    async def _people(self) -> None:
        """Somebody comes, rises, goes and comes back, with a token; and one more, by the command line's verbs."""
        made = await self.audience.change("createPrincipal", "principal { id }", name="helper", role="VIEWER")
        ident = made["principal"]["id"]
        await self.audience.change("setPrincipalRole", "cursor", id=ident, role="OPERATOR")
        await self.audience.change("deactivatePrincipal", "cursor", id=ident)
        await self.audience.change("reactivatePrincipal", "cursor", id=ident)
        day, week = ((datetime.now(UTC) + timedelta(days=days)).isoformat() for days in (1, 7))
        lent = {"name": "lent", "role": "VIEWER", "principalId": ident, "expiresAt": day}
        made = await self.audience.change("createToken", "token { id }", **lent)
        await self.audience.change("renewToken", "cursor", id=made["token"]["id"], expiresAt=week)
        principals = self.api.services.principals
        await principals.create("newcomer", Role.VIEWER)
        _, token = await principals.create_token("newcomer", "phone", Role.VIEWER, timedelta(days=1))
        await principals.revoke_token(token.id)

    async def _personas_and_keywords(self) -> None:
        quick = {"resolvers": [self.box.dns], "ratePerSecond": 1000, "burst": 100, "queryTimeoutSeconds": 0.3}
        slow = {"resolvers": [self.box.dns], "ratePerSecond": 1, "burst": 1}
        for name, config in (
            ("dns", {"dns": quick}),
            ("slow", {"dns": slow}),
            ("http", {"http": {"userAgent": "Heliograph test", "ratePerSecond": 1000, "burst": 100}}),
            ("spare", {"dns": slow}),
        ):
            made = await self.audience.change("createPersona", "persona { id }", name=name, config=config)
            self.ids[name] = made["persona"]["id"]
        spare = self.ids["spare"]
        await self.audience.change("updatePersona", "cursor", id=spare, description="never used")
        await self.audience.change("testPersona", "cursor", id=self.ids["http"], target="127.0.0.1")
        await self.audience.change("deletePersona", "cursor", id=spare)
        made = await self.audience.change(
            "createKeywordSet", "keywordSet { id }", name="words", rules=[{"pattern": "solar"}]
        )
        words = made["keywordSet"]["id"]
        await self.audience.change("updateKeywordSet", "cursor", id=words, description="unused")
        await self.audience.change("deleteKeywordSet", "cursor", id=words)
        made = await self.audience.change("createScoringProfile", "scoringProfile { id }", name="strict")
        profile = made["scoringProfile"]["id"]
        await self.audience.change("updateScoringProfile", "cursor", id=profile, description="unused")
        await self.audience.change("deleteScoringProfile", "cursor", id=profile)

    async def _proxies(self) -> None:
        for name in ("http", "dead"):
            end = self.box.proxy(name)
            made = await self.audience.change(
                "createProxy", "proxy { id }", name=name, protocol=end.protocol.value, host=end.host,
                port=end.port, username=end.username, password=end.password,
            )  # fmt: skip
            ident = self.ids[f"proxy {name}"] = made["proxy"]["id"]
            await self._proxy_event("ProxyTestFinished", ident)
            await self._proxy_event("ProxyHealthChanged", ident)
        made = await self.audience.change("createProxyPool", "pool { id }", name="spare")
        pool = made["pool"]["id"]
        await self.audience.change("updateProxyPool", "cursor", id=pool, description="unused")
        await self.audience.change("deleteProxyPool", "cursor", id=pool)
        dead = self.ids["proxy dead"]
        await self.audience.change("updateProxy", "cursor", id=dead, description="gone soon")
        await self.audience.change("deleteProxy", "cursor", id=dead)
        await self._proxy_event("ProxyRemoved", dead)

    async def _bulk(self) -> None:
        """A test of all proxies, followed from before it was asked for; and an operation whose record is deleted."""
        before = (await self.audience.ask("{ cursor }"))["cursor"]
        made = await self.audience.change("bulkTestProxies", "operation { id }", filter={})
        ident = self.ids["bulk"] = made["operation"]["id"]
        following = await self.audience.follow("bulkOperation", id=ident, after=before)
        await self.audience.follow("bulkOperation", id=ident)
        await following.type("BulkOperationFinished")
        made = await self.audience.change("bulkDeletePersonas", "operation { id }", ids=["none"])
        await self.audience.change("deleteBulkOperation", "cursor", id=made["operation"]["id"])

    async def _proxy_event(self, kind: str, ident: str) -> Json:
        return await self.proxies.until(
            lambda frame: bool(frame["__typename"] == kind and frame["proxy"]["id"] == ident)
        )

    async def _create(self, name: str, dns: str, http: str, count: int, proxies: tuple[str, ...] = ()) -> str:
        made = await self.audience.change(
            "createCampaign",
            "campaign { id }",
            name=name,
            generation={
                "patternType": "PREFIX",
                "characterSet": world.CHARACTERS,
                "constant": world.CONSTANT,
                "tld": world.TLD,
                "prefixLength": world.VARIABLE_LENGTH,
                "count": str(count),
            },
            dns={"personaIds": [dns], "batchSize": 10},
        )
        ident = str(made["campaign"]["id"])
        await self.audience.change(
            "configurePhase",
            "cursor",
            id=ident,
            http={
                "personaIds": [self.ids[http]],
                "adHocKeywords": ["sun"],
                "proxyIds": list(proxies),
                "httpPort": self.box.http_port,
                "httpsPort": self.box.https_port,
            },
        )
        await self.audience.change("setCampaignMode", "cursor", id=ident, mode="FULL_SEQUENCE")
        return ident

    async def _campaign(
        self, name: str, dns: str, count: int, proxies: tuple[str, ...] = ()
    ) -> tuple[str, Following]:
        """Make a campaign, and follow it from before it was."""
        before = (await self.audience.ask("{ cursor }"))["cursor"]
        ident = await self._create(name, self.ids[dns], "http", count, proxies)
        following = await self.audience.follow("campaignEvents", id=ident, after=before)
        seldom = await self.audience.follow("campaignEvents", id=ident, after=before, maxRate=0.1)
        self.seldom.append((following, seldom))
        await following.type("CampaignCreated")
        await self.audience.follow("campaignEvents", id=ident)
        return ident, following

    async def _success(self) -> None:
        ident, following = await self._campaign("success", "dns", 40, (self.ids["proxy http"],))
        names = await self.audience.follow("domainEvents", id=ident)
        await names.until(lambda _: True)
        await self.audience.change("updateCampaign", "cursor", id=ident, name="renamed")
        await self.audience.change("startCampaign", "cursor", id=ident)
        await following.until(lambda frame: bool(frame.get("current") == "COMPLETED"))
        await self.audience.change("rescoreCampaign", "cursor", id=ident)
        await following.until(
            lambda frame: (
                bool(frame.get("previous") == "RUNNING" and frame.get("current") == "COMPLETED")
                and len([one for one in following.frames if one.get("current") == "COMPLETED"]) > 1
            )
        )
        await self._proxy_event("ProxyStatsChanged", self.ids["proxy http"])
        await self.audience.change("deleteCampaign", "cursor", id=ident)
        await following.type("CampaignDeleted")
        await names.type("CampaignDeleted")
        await self.campaigns.type("CampaignRemoved")
        self.deleted = following

    async def _interruptions(self) -> None:
        """One campaign that is cancelled, and one whose only persona is disabled while it pauses.

        The first leaves a phase out.
        """
        for name in ("cancelled", "failed"):
            ident, following = await self._campaign(name, "slow", 30)
            if name == "cancelled":
                await self.audience.change("skipPhase", "cursor", id=ident, phase="ENRICHMENT")
            await self.audience.change("startCampaign", "cursor", id=ident)
            await following.until(
                lambda frame: bool(
                    frame["__typename"] == "PhaseAutoStarted" and frame["phase"] == "DNS_VALIDATION"
                )
            )
            await self.audience.change("pauseCampaign", "cursor", id=ident)
            if name == "failed":
                await self.audience.change("updatePersona", "cursor", id=self.ids["slow"], enabled=False)
            await self.audience.change("resumeCampaign", "cursor", id=ident)
            if name == "cancelled":
                await self.audience.change("cancelCampaign", "cursor", id=ident)
            await following.type({"cancelled": "PhaseCancelled", "failed": "PhaseFailed"}[name])
            await following.until(lambda frame: bool(frame.get("current") in {"CANCELLED", "FAILED"}))


async def _until_at(following: Following, place: str) -> None:
    await following.until(lambda frame: bool(frame["cursor"] == place))


@asynccontextmanager
async def playing(directory: Path) -> AsyncIterator[Opera]:
    """The product on an empty SQLite database, the sandbox around it, and a client with the admin's token."""
    url = f"sqlite+aiosqlite:///{directory / 'opera.db'}"
    await upgrade(url)
    async with AsyncExitStack() as stack:
        box = await stack.enter_async_context(Sandbox.open(directory / "sandbox"))
        settings = sandbox_settings(
            box, database_url=url, port=0, secret_key_file=directory / "key", bootstrap_token=TOKEN
        )
        api = await stack.enter_async_context(ApiProcess.open(settings, SystemClock()))
        client = await stack.enter_async_context(ClientSession())
        audience = await stack.enter_async_context(Audience.open(client, api.url, TOKEN))
        yield Opera(api, client, box, audience)
