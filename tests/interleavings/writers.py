"""Those who write: random verbs of the services, several at a time, on a handful of things of each kind."""

from collections.abc import Awaitable, Callable
from random import Random
from uuid import UUID

from auth.principal import Principal
from core.errors import Conflict, NotFound, Unavailable, ValidationFailed
from services.campaigns import CampaignDraft, CampaignPatch
from services.keyword_sets import KeywordSetPatch
from services.personas import PersonaPatch
from services.proxies import ProxyPatch
from tests import factories
from tests.fakes.stage import Stage
from vocabulary.campaigns import CampaignMode, DnsConfig, HttpConfig

FEW, MANY = 2, 5
Verb = Callable[[], Awaitable[object]]


class Writer:
    """One of several that change the things of one owner; what somebody else was faster with is let be."""

    def __init__(self, stage: Stage, owner: Principal, chance: Random, name: str) -> None:
        self._stage = stage
        self._owner = owner
        self._chance = chance
        self._name = name
        self._made = 0
        self._things: dict[str, list[UUID]] = {
            kind: [] for kind in ("keyword set", "persona", "proxy", "campaign")
        }
        self._personas: tuple[UUID, UUID] | None = None

    @property
    def campaigns(self) -> list[UUID]:
        """Those that it made and has not deleted."""
        return self._things["campaign"]

    async def prepare(self) -> None:
        """Make what campaigns refer to."""
        verbs = self._stage.services.personas
        dns = await verbs.create(self._owner, factories.dns_persona(self._new("dns")))
        http = await verbs.create(self._owner, factories.http_persona(self._new("http")))
        self._personas = (dns.value, http.value)

    def _new(self, what: str) -> str:
        self._made += 1
        return f"{what} {self._name} {self._made}"

    async def one(self) -> bool:
        """Do one thing; whether it was done."""
        kind = self._chance.choice(["keyword set", "persona", "proxy", "campaign", "campaign", "campaign"])
        self._stage.house.clock.advance(0.5)
        try:
            await self._verb(kind)()
        except (Conflict, NotFound, Unavailable, ValidationFailed):
            return False
        return True

    def _verb(self, kind: str) -> Verb:
        things = self._things[kind]
        makes = len(things) < FEW or (len(things) < MANY and self._chance.random() < 0.2)
        if makes:
            return lambda: self._make(kind)
        ident = self._chance.choice(things)
        if self._chance.random() < 0.15:
            return lambda: self._delete(kind, ident)
        if kind == "campaign":
            return self._control(ident)
        return lambda: self._change(kind, ident)

    async def _make(self, kind: str) -> None:
        services, owner = self._stage.services, self._owner
        match kind:
            case "keyword set":
                made = (
                    await services.keyword_sets.create(owner, factories.keyword_set(self._new(kind)))
                ).value
            case "persona":
                made = (await services.personas.create(owner, factories.http_persona(self._new(kind)))).value
            case "proxy":
                draft = factories.proxy(self._new(kind), host=f"{self._name}.example", port=1000 + self._made)
                made = (await services.proxies.create(owner, draft)).value.id
            case _:
                made = (await services.campaigns.create(owner, self._draft())).value
        self._things[kind].append(made)

    def _draft(self) -> CampaignDraft:
        assert self._personas is not None
        dns, http = self._personas
        return CampaignDraft(
            name=self._new("campaign"),
            generation=factories.generation(count=8),
            dns=DnsConfig((dns,)),
            http=HttpConfig((http,), ad_hoc_keywords=("solar",)),
            mode=self._chance.choice([*CampaignMode]),
        )

    async def _change(self, kind: str, ident: UUID) -> None:
        services, owner = self._stage.services, self._owner
        renames = self._chance.random() < 0.5
        match kind:
            case "keyword set":
                patch = (
                    KeywordSetPatch(name=self._new(kind))
                    if renames
                    else KeywordSetPatch(enabled=self._flip())
                )
                await services.keyword_sets.update(owner, ident, patch)
            case "persona":
                change = PersonaPatch(name=self._new(kind)) if renames else PersonaPatch(enabled=self._flip())
                await services.personas.update(owner, ident, change)
            case _:
                self._made += 1
                moved = ProxyPatch(port=1000 + self._made) if renames else ProxyPatch(enabled=self._flip())
                await services.proxies.update(owner, ident, moved)

    def _flip(self) -> bool:
        return self._chance.random() < 0.5

    def _control(self, ident: UUID) -> Verb:
        control, campaigns, owner = (
            self._stage.services.campaign_control,
            self._stage.services.campaigns,
            self._owner,
        )
        mode = self._chance.choice([*CampaignMode])
        verbs: list[Verb] = [
            lambda: control.start(owner, ident),
            lambda: control.pause(owner, ident),
            lambda: control.resume(owner, ident),
            lambda: control.cancel(owner, ident),
            lambda: campaigns.set_mode(owner, ident, mode),
            lambda: campaigns.update(owner, ident, CampaignPatch(name=self._new("campaign"))),
        ]
        return self._chance.choice([*verbs[:3] * 2, *verbs[3:]])

    async def _delete(self, kind: str, ident: UUID) -> None:
        services, owner = self._stage.services, self._owner
        match kind:
            case "keyword set":
                await services.keyword_sets.delete(owner, ident)
            case "persona":
                await services.personas.delete(owner, ident)
            case "proxy":
                await services.proxies.delete(owner, ident)
            case _:
                await services.campaigns.delete(owner, ident)
        self._things[kind].remove(ident)
