"""Things to look at: whole campaigns with all that belongs to them, put straight into the tables."""

import itertools
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from auth.principal import Principal
from core.ids import new_id
from db.models import (
    AnalysisConfigRow,
    CampaignKeywordSetRow,
    CampaignProxyRow,
    CampaignRow,
    DnsConfigRow,
    DomainRow,
    GenerationConfigRow,
    GenerationRangeRow,
    GenerationSpaceRow,
    HttpConfigRow,
    KeywordRuleRow,
    KeywordSetRow,
    Model,
    PersonaRow,
    PhasePersonaRow,
    PhaseRow,
    ProxyRow,
    TalliesRow,
)
from events.event import EventType
from events.outbox import record
from tests.fakes.house import House
from vocabulary.campaigns import CampaignMode, CampaignStatus, PatternType, PhaseKind, PhaseStatus
from vocabulary.keywords import RuleType
from vocabulary.personas import DnsPersonaConfig, Header, HttpPersonaConfig, PersonaConfig, PersonaType
from vocabulary.proxies import ProxyHealth, ProxyProtocol

DNS = DnsPersonaConfig(resolvers=("127.0.0.1:53",))
HTTP = HttpPersonaConfig(user_agent="Heliograph", headers=(Header("Accept", "text/html"),))
SECRET = b"sealed-and-secret"


class Gallery:
    """Puts rows into a house's database; names are numbered unless given."""

    def __init__(self, house: House) -> None:
        self.house = house
        self._numbers = itertools.count(1)

    async def put(self, rows: Sequence[Model]) -> None:
        """Insert rows, those that others refer to first."""
        for row in rows:
            async with self.house.database.engines.writing() as session:
                session.add(row)

    async def put_together(self, rows: Sequence[Model]) -> None:
        """Insert many rows that do not refer to one another."""
        async with self.house.database.engines.writing() as session:
            session.add_all(rows)

    async def tell(self, event: EventType, owner: Principal | None, actor: Principal) -> int:
        """Record an event; gives its position."""
        async with self.house.database.write() as unit:
            record(unit, event, actor=actor.actor, owner_id=None if owner is None else owner.id)
        return unit.position

    def moment(self, seconds: float = 0) -> datetime:
        return self.house.now + timedelta(seconds=seconds)

    def campaign_row(self, owner: Principal, name: str | None = None, seconds: float = 0) -> CampaignRow:
        return CampaignRow(
            id=new_id(),
            owner_id=owner.id,
            name=name or f"campaign {next(self._numbers):03}",
            status=CampaignStatus.DRAFT,
            mode=CampaignMode.STEP_BY_STEP,
            version=1,
            percent=0.0,
            created_at=self.moment(seconds),
            updated_at=self.moment(seconds),
        )

    def persona_row(self, owner: Principal, config: PersonaConfig = DNS) -> PersonaRow:
        kind = PersonaType.DNS if isinstance(config, DnsPersonaConfig) else PersonaType.HTTP
        return PersonaRow(
            id=new_id(),
            owner_id=owner.id,
            name=f"persona {next(self._numbers):03}",
            persona_type=kind,
            description=None,
            enabled=True,
            config=config,
            created_at=self.moment(),
            updated_at=self.moment(),
        )

    def proxy_row(self, owner: Principal, health: ProxyHealth = ProxyHealth.UNKNOWN) -> ProxyRow:
        number = next(self._numbers)
        return ProxyRow(
            id=new_id(),
            owner_id=owner.id,
            name=f"proxy {number:03}",
            protocol=ProxyProtocol.SOCKS5,
            host="proxy.example",
            port=number,
            username="user",
            password_sealed=SECRET,
            enabled=True,
            health=health,
            created_at=self.moment(),
            updated_at=self.moment(),
        )

    def keyword_set_rows(self, owner: Principal, patterns: Sequence[str]) -> list[Model]:
        one = KeywordSetRow(
            id=new_id(),
            owner_id=owner.id,
            name=f"keyword set {next(self._numbers):03}",
            enabled=True,
            created_at=self.moment(),
            updated_at=self.moment(),
        )
        rules = [
            KeywordRuleRow(
                set_id=one.id,
                ordinal=ordinal,
                pattern=pattern,
                rule_type=RuleType.STRING,
                is_case_sensitive=False,
                is_whole_word=False,
                context_chars=0,
            )
            for ordinal, pattern in enumerate(patterns)
        ]
        return [one, *rules]

    async def campaign(self, owner: Principal, name: str | None = None, domains: int = 3) -> UUID:
        """A campaign of `owner` with everything that one can have, at rest after its generation."""
        campaign = self.campaign_row(owner, name)
        dns, http = self.persona_row(owner, DNS), self.persona_row(owner, HTTP)
        proxy = self.proxy_row(owner)
        keywords = self.keyword_set_rows(owner, ["lamp", "candle"])
        await self.put([campaign, dns, http, proxy, *keywords, *self._phases(campaign.id, domains)])
        await self.put(_configs(campaign.id, domains))
        await self.put_together(_links(campaign.id, dns, http, proxy, keywords[0]))
        await self.put_together([self._domain(campaign.id, offset) for offset in range(domains)])
        return campaign.id

    def _domain(self, campaign_id: UUID, offset: int) -> DomainRow:
        return DomainRow(
            campaign_id=campaign_id,
            offset=offset,
            name=f"n{offset:05}.test",
            tld=".test",
            checked_at=self.moment(),
        )

    def _phases(self, campaign_id: UUID, done: int) -> list[Model]:
        rows = [
            PhaseRow(campaign_id=campaign_id, kind=kind, ordinal=ordinal, status=PhaseStatus.CONFIGURED)
            for ordinal, kind in enumerate(PhaseKind)
        ]
        rows[0].status = PhaseStatus.COMPLETED
        rows[0].total = rows[0].processed = rows[0].succeeded = done
        rows[0].started_at, rows[0].completed_at = self.moment(), self.moment(30)
        rows[0].ran_seconds = 30.0
        return [*rows]


def _configs(campaign_id: UUID, domains: int) -> list[Model]:
    key = campaign_id.hex
    return [
        GenerationConfigRow(
            campaign_id=campaign_id,
            pattern_type=PatternType.SUFFIX,
            character_set="abc",
            constant="x",
            tlds=(".test",),
            prefix_length=0,
            suffix_length=2,
            count=domains,
        ),
        GenerationSpaceRow(key=key, next_offset=domains, total=2**62),
        GenerationRangeRow(
            campaign_id=campaign_id,
            ordinal=0,
            tld=".test",
            space_key=key,
            lower=0,
            upper=domains,
            position=domains,
        ),
        TalliesRow(campaign_id=campaign_id),
        AnalysisConfigRow(campaign_id=campaign_id),
        DnsConfigRow(campaign_id=campaign_id, persona_count=1, batch_size=100, retry_attempts=1),
        HttpConfigRow(
            campaign_id=campaign_id,
            persona_count=1,
            keyword_set_count=1,
            proxy_count=1,
            ad_hoc_keywords=("torch",),
            batch_size=50,
            retry_attempts=1,
            http_port=80,
            https_port=443,
        ),
    ]


def _links(
    campaign_id: UUID, dns: PersonaRow, http: PersonaRow, proxy: ProxyRow, keywords: Model
) -> list[Model]:
    assert isinstance(keywords, KeywordSetRow)
    return [
        PhasePersonaRow(campaign_id=campaign_id, kind=PhaseKind.DNS_VALIDATION, ordinal=0, persona_id=dns.id),
        PhasePersonaRow(
            campaign_id=campaign_id, kind=PhaseKind.HTTP_KEYWORD_VALIDATION, ordinal=0, persona_id=http.id
        ),
        CampaignKeywordSetRow(campaign_id=campaign_id, ordinal=0, keyword_set_id=keywords.id),
        CampaignProxyRow(campaign_id=campaign_id, ordinal=0, proxy_id=proxy.id),
    ]
