"""The tables, one module per noun."""

from db.models.access import IdempotencyRow, PrincipalRow, SettingRow, TokenRow
from db.models.bulk import BulkItemRow, BulkOperationRow
from db.models.campaigns import (
    AnalysisConfigRow,
    CampaignKeywordSetRow,
    CampaignProxyRow,
    CampaignRow,
    DnsConfigRow,
    GenerationConfigRow,
    HttpConfigRow,
    PhasePersonaRow,
    PhaseRow,
    TalliesRow,
)
from db.models.declarative import Model
from db.models.domains import DomainRow, GenerationRangeRow, GenerationSpaceRow, PageRow
from db.models.event_log import EventLogHeadRow, EventRow
from db.models.keywords import KeywordRuleRow, KeywordSetRow
from db.models.personas import PersonaRow
from db.models.proxies import ProxyPeriodRow, ProxyPoolMemberRow, ProxyPoolRow, ProxyRow
from db.models.scoring import ScoringProfileRow, ScoringVersionRow
from db.models.shards import ShardRow

__all__ = [
    "AnalysisConfigRow",
    "BulkItemRow",
    "BulkOperationRow",
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
    "IdempotencyRow",
    "KeywordRuleRow",
    "KeywordSetRow",
    "Model",
    "PageRow",
    "PersonaRow",
    "PhasePersonaRow",
    "PhaseRow",
    "PrincipalRow",
    "ProxyPeriodRow",
    "ProxyPoolMemberRow",
    "ProxyPoolRow",
    "ProxyRow",
    "ScoringProfileRow",
    "ScoringVersionRow",
    "SettingRow",
    "ShardRow",
    "TalliesRow",
    "TokenRow",
]
