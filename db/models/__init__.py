"""The tables, one module per noun."""

from db.models.access import PrincipalRow, TokenRow
from db.models.campaigns import (
    CampaignKeywordSetRow,
    CampaignProxyRow,
    CampaignRow,
    DnsConfigRow,
    GenerationConfigRow,
    HttpConfigRow,
    PhasePersonaRow,
    PhaseRow,
)
from db.models.declarative import Model
from db.models.domains import DomainRow, GenerationRangeRow, GenerationSpaceRow
from db.models.event_log import EventLogHeadRow, EventRow
from db.models.keywords import KeywordRuleRow, KeywordSetRow
from db.models.personas import PersonaRow
from db.models.proxies import ProxyRow
from db.models.shards import ShardRow

__all__ = [
    "CampaignKeywordSetRow",
    "CampaignProxyRow",
    "CampaignRow",
    "DnsConfigRow",
    "DomainRow",
    "EventLogHeadRow",
    "EventRow",
    "GenerationConfigRow",
    "GenerationRangeRow",
    "GenerationSpaceRow",
    "HttpConfigRow",
    "KeywordRuleRow",
    "KeywordSetRow",
    "Model",
    "PersonaRow",
    "PhasePersonaRow",
    "PhaseRow",
    "PrincipalRow",
    "ProxyRow",
    "ShardRow",
    "TokenRow",
]
