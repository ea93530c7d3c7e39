"""Inputs that are right in every field, for tests to make one field wrong."""

from uuid import UUID

from services.campaigns import CampaignDraft
from services.keyword_sets import KeywordSetDraft
from services.personas import PersonaDraft
from services.proxies import ProxyDraft
from vocabulary.campaigns import CampaignMode, DnsConfig, GenerationConfig, HttpConfig, PatternType
from vocabulary.keywords import KeywordRule
from vocabulary.personas import DnsPersonaConfig, HttpPersonaConfig
from vocabulary.proxies import ProxyProtocol


def dns_persona(name: str = "careful", resolver: str = "192.0.2.1:53") -> PersonaDraft:
    return PersonaDraft(name=name, config=DnsPersonaConfig(resolvers=(resolver,)))


def http_persona(name: str = "polite") -> PersonaDraft:
    return PersonaDraft(name=name, config=HttpPersonaConfig(user_agent="Heliograph/1 (+https://example.org)"))


def keyword_set(name: str = "solar") -> KeywordSetDraft:
    return KeywordSetDraft(name=name, rules=(KeywordRule("solar panel"), KeywordRule("photovoltaic")))


def proxy(name: str = "front", host: str = "proxy.example", port: int = 8080) -> ProxyDraft:
    return ProxyDraft(name=name, protocol=ProxyProtocol.HTTP, host=host, port=port)


def generation(tld: str = ".com", count: int = 0) -> GenerationConfig:
    return GenerationConfig(
        pattern_type=PatternType.SUFFIX,
        character_set="abc",
        constant="x",
        tlds=(tld,),
        suffix_length=2,
        count=count,
    )


def campaign(dns_persona_id: UUID, http_persona_id: UUID, name: str = "hunt") -> CampaignDraft:
    return CampaignDraft(
        name=name,
        generation=generation(),
        dns=DnsConfig(persona_ids=(dns_persona_id,)),
        http=HttpConfig(persona_ids=(http_persona_id,), ad_hoc_keywords=("solar",)),
        mode=CampaignMode.FULL_SEQUENCE,
    )


def dns_of(draft: CampaignDraft) -> DnsConfig:
    """How a draft resolves, which it says."""
    assert draft.dns is not None
    return draft.dns


def http_of(draft: CampaignDraft) -> HttpConfig:
    """How a draft fetches, which it says."""
    assert draft.http is not None
    return draft.http
