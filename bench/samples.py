"""A value for each field that a list can be filtered by, which some rows of `bench/filling.py` have."""

from datetime import timedelta
from typing import Any

from bench.filling import START, Filled
from vocabulary.campaigns import CampaignStatus
from vocabulary.checks import CheckStatus, DnsReason, HttpReason
from vocabulary.personas import PersonaType
from vocabulary.proxies import ProxyHealth, ProxyProtocol


def samples(filled: Filled) -> dict[str, Any]:
    """The samples by the name of the field; one name means the same in every filter."""
    return {
        "campaign_id": filled.campaign_id,
        "owner_id": filled.owner_id,
        "actor_id": filled.owner_id,
        "entity_id": filled.campaign_id,
        "entity_type": "PROXY",
        "search": "77",
        "name_contains": "77",
        "enabled": True,
        "statuses": (CampaignStatus.RUNNING, CampaignStatus.PAUSED),
        "created_after": START + timedelta(seconds=500),
        "created_before": START + timedelta(seconds=500),
        "since": START + timedelta(seconds=500),
        "until": START + timedelta(seconds=500),
        "kinds": ("PhaseStarted",),
        "dns_status": (CheckStatus.OK,),
        "dns_reason": (DnsReason.NXDOMAIN,),
        "http_status": (CheckStatus.ERROR, CheckStatus.TIMEOUT),
        "http_reason": (HttpReason.TIMEOUT,),
        "matched": True,
        "keyword": "solar",
        "persona_type": PersonaType.HTTP,
        "protocol": (ProxyProtocol.SOCKS5,),
        "health": (ProxyHealth.UNHEALTHY,),
    }
