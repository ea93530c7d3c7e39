"""A house with a sandbox in front of it and workers in it: everything real, on loopback and one database."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from cryptography.fernet import Fernet
from sqlalchemy import select

from auth.sealing import Sealer
from core.clock import Clock
from core.settings import Settings, load
from db.models import CampaignRow, DomainRow, GenerationSpaceRow, PhaseRow, ProxyRow, ShardRow
from db.unit_of_work import Database, Outcome
from events.doorbell import Ring
from events.event import EventType
from names.space import Space
from sandbox import keywords, world
from sandbox.sandbox import Sandbox
from services.campaign_control import CampaignControl
from services.campaigns import CampaignDraft, Campaigns
from services.generating import Generating
from services.keyword_sets import KeywordSetDraft, KeywordSets
from services.personas import PersonaDraft, Personas
from services.proxies import Proxies, ProxyDraft
from services.work import Work
from tests.fakes.house import House
from vocabulary.campaigns import (
    CampaignMode,
    CampaignStatus,
    DnsConfig,
    GenerationConfig,
    HttpConfig,
    PatternType,
    PhaseKind,
)
from vocabulary.personas import DnsPersonaConfig, HttpPersonaConfig
from vocabulary.proxies import ProxyEndpoint
from vocabulary.work import ShardKind
from workers.domain_generation import DomainGeneration
from workers.held import Held
from workers.main import build_runner
from workers.runner import Runner

ENDS = (CampaignStatus.COMPLETED, CampaignStatus.FAILED, CampaignStatus.CANCELLED)


class WakingBell:
    """The doorbell as far as one process needs it: `db.unit_of_work.Bell`, and listeners that are told at once."""

    def __init__(self) -> None:
        self.listeners: list[Callable[[Ring], None]] = []
        self.rung = asyncio.Event()

    async def announce(self) -> int:
        return 0

    def settle(
        self, _number: int, outcome: Outcome, position: int, *, work: bool, tag: int | None = None
    ) -> None:
        if outcome is Outcome.COMMITTED:
            for listener in self.listeners:
                listener(Ring(position=position, work=work))
            self.rung.set()


class Shop:
    """Campaigns on a house's database, and runners that work on them."""

    def __init__(self, house: House, clock: Clock, sealer: Sealer, settings: Settings) -> None:
        self.house = house
        self.bell = WakingBell()
        self.database = Database(house.database.engines, self.bell, clock)
        self.sealer = sealer
        self.settings = settings
        self.campaigns = Campaigns(self.database)
        self.control = CampaignControl(self.database)
        self.personas = Personas(self.database)
        self.proxies = Proxies(self.database, sealer)
        self.keyword_sets = KeywordSets(self.database)
        self._runners: list[Runner] = []
        self._names = 0

    def changed(self, **settings: object) -> Settings:
        """The settings with some others."""
        return self.settings.model_copy(update=settings)

    def runner(self, holder: str | None = None, **settings: object) -> Runner:
        """A runner that is told of the bell, not started yet."""
        runner = build_runner(self.database, self.changed(**settings), self.sealer, holder)
        self.adopt(runner)
        return runner

    def adopt(self, runner: Runner) -> None:
        """Have a runner told of the bell, and closed with the shop."""
        self.bell.listeners.append(runner.hear)
        self._runners.append(runner)

    async def work(self, holder: str | None = None, **settings: object) -> Runner:
        """A runner at work."""
        runner = self.runner(holder, **settings)
        await runner.start()
        return runner

    async def close(self) -> None:
        for runner in self._runners:
            await runner.close()

    def name(self) -> str:
        self._names += 1
        return f"number {self._names}"

    async def dns_persona(self, resolver: str, **config: Any) -> UUID:
        options = {"rate_per_second": 10_000.0, "burst": 100, "concurrency": 50, "query_timeout_seconds": 0.3}
        made = DnsPersonaConfig(resolvers=(resolver,), **{**options, **config})
        return (await self.personas.create(self.house.alice, PersonaDraft(self.name(), made))).value

    async def http_persona(self, **config: Any) -> UUID:
        options = {
            "rate_per_second": 1_000.0,
            "burst": 100,
            "concurrency": 30,
            "request_timeout_seconds": 2.0,
        }
        made = HttpPersonaConfig(user_agent="Heliograph test", **{**options, **config})
        return (await self.personas.create(self.house.alice, PersonaDraft(self.name(), made))).value

    async def proxy(self, endpoint: ProxyEndpoint, *, enabled: bool = True) -> UUID:
        draft = ProxyDraft(
            name=self.name(),
            protocol=endpoint.protocol,
            host=endpoint.host,
            port=endpoint.port,
            username=endpoint.username,
            password=endpoint.password,
            enabled=enabled,
        )
        return (await self.proxies.create(self.house.alice, draft)).value.id

    async def demo_keyword_sets(self) -> tuple[UUID, ...]:
        made = [
            await self.keyword_sets.create(self.house.alice, KeywordSetDraft(each.name, each.rules))
            for each in keywords.KEYWORD_SETS
        ]
        return tuple(written.value for written in made)

    async def campaign(
        self,
        generation: GenerationConfig,
        dns: DnsConfig,
        http: HttpConfig,
        mode: CampaignMode = CampaignMode.FULL_SEQUENCE,
    ) -> UUID:
        draft = CampaignDraft(self.name(), generation, dns, http, mode=mode)
        return (await self.campaigns.create(self.house.alice, draft)).value

    async def start(self, campaign_id: UUID) -> None:
        await self.control.start(self.house.alice, campaign_id)

    async def until(self, condition: Callable[[], Any], seconds: float = 100) -> None:
        """Wait until an async condition holds; it is looked at after each transaction."""
        async with asyncio.timeout(seconds):
            while not await condition():
                self.bell.rung.clear()
                try:
                    async with asyncio.timeout(0.05):
                        await self.bell.rung.wait()
                except TimeoutError:
                    pass

    async def finished(self, campaign_id: UUID, seconds: float = 100) -> CampaignStatus:
        """Wait for the end of a campaign; its status then."""

        async def has_ended() -> bool:
            return (await self.row(campaign_id)).status in ENDS

        await self.until(has_ended, seconds)
        return (await self.row(campaign_id)).status

    async def started(self, generation: GenerationConfig | None = None, batch_size: int = 4) -> UUID:
        """A running campaign of which no worker knows yet; its personas lead nowhere."""
        dns, http = await self.dns_persona("192.0.2.1:53"), await self.http_persona()
        ident = await self.campaign(
            generation or demo_generation(10),
            DnsConfig((dns,), batch_size=batch_size),
            HttpConfig((http,), ad_hoc_keywords=("sun",), batch_size=batch_size),
        )
        await self.start(ident)
        return ident

    async def only(self, offset: int, dns: DnsConfig, http: HttpConfig) -> UUID:
        """A campaign of the one sandbox name at `offset`, running."""
        async with self.database.engines.writing() as session:
            space = Space.of(demo_generation())
            await session.merge(GenerationSpaceRow(key=space.key, next_offset=offset, total=space.total))
        ident = await self.campaign(demo_generation(1), dns, http)
        await self.start(ident)
        return ident

    async def generated(self, generation: GenerationConfig | None = None, batch_size: int = 4) -> UUID:
        """A running campaign with its names; DNS validation waits for workers."""
        ident = await self.started(generation, batch_size)
        work = Work(self.database, self.settings)
        while claims := await work.claim("generator", [ShardKind.DOMAIN_GENERATION], 1):
            await DomainGeneration(Generating(self.database, self.settings)).handle(Held(claims[0]))
        return ident

    async def row(self, campaign_id: UUID) -> CampaignRow:
        async with self.database.engines.reading() as session:
            return await session.get_one(CampaignRow, campaign_id)

    async def phase(self, campaign_id: UUID, kind: PhaseKind) -> PhaseRow:
        async with self.database.engines.reading() as session:
            return await session.get_one(PhaseRow, (campaign_id, kind))

    async def proxy_row(self, proxy_id: UUID) -> ProxyRow:
        async with self.database.engines.reading() as session:
            return await session.get_one(ProxyRow, proxy_id)

    async def shards(self) -> Sequence[ShardRow]:
        async with self.database.engines.reading() as session:
            return (await session.execute(select(ShardRow).order_by(ShardRow.id))).scalars().all()

    async def domains(self, campaign_id: UUID) -> Sequence[DomainRow]:
        async with self.database.engines.reading() as session:
            wanted = select(DomainRow).where(DomainRow.campaign_id == campaign_id).order_by(DomainRow.offset)
            return (await session.execute(wanted)).scalars().all()

    async def events(self, *kinds: type[EventType]) -> list[Any]:
        """Those of some types, in order."""
        return [event for event in await self.house.events() if isinstance(event, kinds or (EventType,))]


def demo_generation(count: int = 0) -> GenerationConfig:
    """What generates the sandbox's names, in its order."""
    return GenerationConfig(
        pattern_type=PatternType.PREFIX,
        character_set=world.CHARACTERS,
        constant=world.CONSTANT,
        tlds=(world.TLD,),
        prefix_length=world.VARIABLE_LENGTH,
        count=count,
    )


def counted(domains: Sequence[DomainRow]) -> tuple[Counter[Any], Counter[Any]]:
    """How many domains there are by DNS status and reason, and by HTTP status and reason of those that resolved."""
    dns = Counter((domain.dns_status, domain.dns_reason) for domain in domains)
    http = Counter((domain.http_status, domain.http_reason) for domain in domains if domain.dns_addresses)
    return dns, http


def sandbox_settings(box: Sandbox, **settings: object) -> Settings:
    """Settings under which workers reach the sandbox, and are quick."""
    given = {
        "allowed_networks": "127.0.0.0/8",
        "allowed_ports": "1-65535",
        "allowed_resolver_ports": "1-65535",
        "ca_file": box.ca_file,
        "probe_url": box.probe_url,
        "probe_timeout_seconds": 2.0,
        "flush_seconds": 0.05,
    }
    return load(**{**given, **settings})


@asynccontextmanager
async def open_shop(house: House, clock: Clock, settings: Settings) -> AsyncIterator[Shop]:
    """A shop, and no runner of it at work when the block ends."""
    shop = Shop(house, clock, Sealer([Fernet.generate_key()]), settings)
    try:
        yield shop
    finally:
        await shop.close()
