"""The streams that can be followed, as a table: to add one is to add a row, and its subscription."""

import argparse
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from cli.remote import naming, stream_documents
from cli.remote.server import Json, Server
from vocabulary.campaigns import CampaignStatus

DOMAIN_KINDS = ("GENERATED", "RESOLVED", "FETCHED", "EXTRACTED", "ANALYZED", "ENRICHED")
RESOURCE_KINDS = ("PERSONA", "KEYWORD_SET", "PROXY_POOL", "SCORING_PROFILE", "SETTINGS")
# Settings are for admins, who ask for them by name.
USUAL_RESOURCES = RESOURCE_KINDS[:-1]
THING = "its id, or its name if no other has the same"


class Stream(NamedTuple):
    """One line on it, its subscription, its arguments and flags, what those mean as variables, and if it has a rate."""

    text: str
    document: str
    arguments: Mapping[str, Mapping[str, Any]]
    variables: Callable[[Server, argparse.Namespace], Awaitable[Json]]
    has_rate: bool = False

    def asked(self, args: argparse.Namespace) -> Json:
        """What was asked for, as it was typed."""
        names = (name.removeprefix("--").replace("-", "_") for name in self.arguments)
        return {name: getattr(args, name) for name in names}


def _several(metavar: str, text: str, choices: tuple[str, ...] | None = None) -> Mapping[str, Any]:
    """A flag that may be given again, in the words of the API, whatever their case."""
    told = "" if choices is None else f". {', '.join(choices)}"
    return {
        "action": "append",
        "type": _constant,
        "choices": choices,
        "metavar": metavar,
        "help": f"{text}; may be given again{told}",
    }


def _constant(text: str) -> str:
    return text.upper().replace("-", "_")


async def _activity(server: Server, args: argparse.Namespace) -> Json:
    campaign = None if args.campaign is None else await naming.find(server, naming.CAMPAIGN, args.campaign)
    given = {"campaignId": campaign and campaign["id"], "entityType": args.about, "kinds": args.kind}
    return {"filter": {name: value for name, value in given.items() if value is not None}}


async def _campaign(server: Server, args: argparse.Namespace) -> Json:
    return {"campaignId": (await naming.find(server, naming.CAMPAIGN, args.campaign))["id"]}


async def _campaigns(_server: Server, args: argparse.Namespace) -> Json:
    given = {"statuses": args.status, "search": args.search}
    return {"filter": {name: value for name, value in given.items() if value is not None}}


async def _domains(server: Server, args: argparse.Namespace) -> Json:
    return {**await _campaign(server, args), "kinds": args.kind}


async def _proxies(server: Server, args: argparse.Namespace) -> Json:
    pool = None if args.pool is None else (await naming.find(server, naming.PROXY_POOL, args.pool))["id"]
    named = [(await naming.find(server, naming.PROXY, each))["id"] for each in args.proxy or ()]
    return {"poolId": pool, "proxyIds": named or None}


async def _resources(_server: Server, args: argparse.Namespace) -> Json:
    return {"kinds": args.kind or list(USUAL_RESOURCES)}


async def _bulk(_server: Server, args: argparse.Namespace) -> Json:
    return {"id": args.operation}


STREAMS: Mapping[str, Stream] = {
    "activity": Stream(
        "what happens to anything that you may see",
        stream_documents.ACTIVITY_STREAM,
        {
            "--kind": _several("KIND", "only what is of this kind, such as PHASE_FAILED (docs/events.md)"),
            "--about": {
                "type": _constant,
                "metavar": "TYPE",
                "help": "only what happens to such things: CAMPAIGN, PROXY, KEYWORD_SET, …",
            },
            "--campaign": {"metavar": "CAMPAIGN", "help": f"only what belongs to this campaign: {THING}"},
        },
        _activity,
    ),
    "campaign": Stream(
        "the life and the progress of one campaign, until it is deleted",
        stream_documents.CAMPAIGN_STREAM,
        {"campaign": {"metavar": "CAMPAIGN", "help": THING}},
        _campaign,
        has_rate=True,
    ),
    "campaigns": Stream(
        "which campaigns there are, and how far each is",
        stream_documents.CAMPAIGNS_STREAM,
        {
            "--status": _several("STATUS", "only those in this status", tuple(CampaignStatus)),
            "--search": {"metavar": "TEXT", "help": "only those with this in their name"},
        },
        _campaigns,
        has_rate=True,
    ),
    "domains": Stream(
        "what becomes of the domains of one campaign, until it is deleted",
        stream_documents.DOMAINS_STREAM,
        {
            "campaign": {"metavar": "CAMPAIGN", "help": THING},
            "--kind": _several("KIND", "only what is of this kind", DOMAIN_KINDS),
        },
        _domains,
    ),
    "proxies": Stream(
        "proxies, their health and their tests",
        stream_documents.PROXIES_STREAM,
        {
            "--pool": {"metavar": "POOL", "help": f"only those in this pool: {THING}"},
            "--proxy": {
                "action": "append",
                "metavar": "PROXY",
                "help": f"only this one, {THING}; may be given again",
            },
        },
        _proxies,
    ),
    "resources": Stream(
        "personas, keyword sets, pools, scoring profiles and settings",
        stream_documents.RESOURCES_STREAM,
        {"--kind": _several("KIND", "only these; all but SETTINGS unless told", RESOURCE_KINDS)},
        _resources,
    ),
    "bulk": Stream(
        "one bulk operation, until it ends",
        stream_documents.BULK_STREAM,
        {"operation": {"metavar": "OPERATION", "help": "its id"}},
        _bulk,
    ),
}
