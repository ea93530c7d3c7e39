"""A value for each field that a list can be filtered by, which some rows of `bench/filling.py` have."""

from datetime import timedelta
from typing import Any

from bench.filling import START, Filled
from vocabulary.access import Role
from vocabulary.bulk import BulkItemStatus, BulkKind, BulkStatus
from vocabulary.campaigns import CampaignMode, CampaignStatus, PhaseKind
from vocabulary.checks import CheckStatus, DnsReason, HttpReason
from vocabulary.leads import LeadStatus, Rejection
from vocabulary.personas import PersonaType
from vocabulary.proxies import ProxyHealth, ProxyProtocol

# What means something else in one filter than in all others.
OWN: dict[str, dict[str, Any]] = {
    "BulkFilter": {"kinds": (BulkKind.PROXY_TEST,), "statuses": (BulkStatus.RUNNING,)},
    "BulkItemFilter": {"statuses": (BulkItemStatus.FAILED,)},
}


def samples(filled: Filled) -> dict[str, Any]:
    """The samples by the name of the field; one name means the same in every filter but those of `OWN`."""
    middle = START + timedelta(seconds=500)
    return {
        "campaign_id": filled.campaign_id,
        "owner_id": filled.owner_id,
        "actor_id": filled.owner_id,
        "principal_id": filled.owner_id,
        "entity_id": filled.campaign_id,
        "pool_id": filled.pool_id,
        "bulk_id": filled.bulk_id,
        "entity_type": "PROXY",
        "search": "77",
        "name_contains": "77",
        "enabled": True,
        "active": True,
        "now": START,
        "role": (Role.OPERATOR,),
        "statuses": (CampaignStatus.RUNNING, CampaignStatus.PAUSED),
        "phase": PhaseKind.ANALYSIS,
        "mode": CampaignMode.FULL_SEQUENCE,
        "created_after": middle,
        "created_before": middle,
        "since": middle,
        "until": middle,
        "kinds": ("PhaseStarted",),
        "dns_status": (CheckStatus.OK,),
        "dns_reason": (DnsReason.NXDOMAIN,),
        "http_status": (CheckStatus.ERROR, CheckStatus.TIMEOUT),
        "http_reason": (HttpReason.TIMEOUT,),
        "matched": True,
        "keyword": "solar",
        "lead_status": (LeadStatus.MATCH,),
        "rejection": (Rejection.LOW_SCORE, Rejection.PARKED),
        "min_score": 0.8,
        "max_score": 0.1,
        "parked": False,
        "tld": ".net",
        "tlds": (".net", ".com"),
        "min_length": 12,
        "max_length": 12,
        "only_failed": True,
        "warned": True,
        "persona_type": PersonaType.HTTP,
        "protocol": (ProxyProtocol.SOCKS5,),
        "health": (ProxyHealth.UNHEALTHY,),
        "country": ("FR",),
    }
