"""What clients keep of each stream, folded as `docs/streams.md` tells them to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from events.cursor import decode
from tests.interleavings.recording import FEED, Entry, place_key

Frame = Mapping[str, Any]
View = dict[tuple[str, str], Entry]

RESOURCES = """
subscription ($after: Cursor) { resourceEvents(kinds: [PERSONA, KEYWORD_SET], after: $after) {
  __typename
  ... on ResourceSnapshot { personas { ...P } keywordSets { ...K } omitted }
  ... on PersonaHappening { personaId persona { ...P } }
  ... on KeywordSetHappening { keywordSetId keywordSet { ...K } }
} }
fragment P on Persona { id name enabled version }
fragment K on KeywordSet { id name enabled version }
"""
PROXIES = """
subscription ($after: Cursor) { proxyEvents(after: $after) {
  __typename
  ... on ProxySnapshot { proxies { ...X } }
  ... on ProxyHappening { proxy { ...X } }
} }
fragment X on Proxy { id name enabled health port version }
"""
LIST = """
subscription ($filter: CampaignFilter, $after: Cursor) { campaignList(filter: $filter, after: $after) {
  __typename
  ... on CampaignListSnapshot { campaigns { ...C } omitted }
  ... on CampaignAdded { campaign { ...C } }
  ... on CampaignChanged { campaign { ...C } }
  ... on CampaignRemoved { campaignId }
} }
fragment C on Campaign { id name status mode version phases { kind status } }
"""
CAMPAIGN = """
subscription ($id: ID!, $after: Cursor) { campaignEvents(campaignId: $id, after: $after) {
  __typename
  ... on CampaignSnapshot { campaign { id name status mode version phases { kind status } } }
  ... on CampaignUpdated { name version }
  ... on ModeChanged { currentMode version }
  ... on CampaignStatusChanged { current }
  ... on PhaseHappening { phase }
} }
"""
ACTIVITY = """
subscription ($after: Cursor) { activity(after: $after) {
  __typename
  ... on ActivitySnapshot { activities { ...A } }
  ... on ActivityAdded { activity { ...A } }
} }
fragment A on Activity { cursor kind summary }
"""
QUERIES = {
    "resourceEvents": """{ cursor
      personas(first: 100) { nodes { id name enabled version } }
      keywordSets(first: 100) { nodes { id name enabled version } } }""",
    "activity": "{ cursor activity(first: 50) { nodes { cursor kind summary } } }",
    "proxyEvents": "{ cursor proxies(first: 100) { nodes { id name enabled health port version } } }",
    "campaignList": """query ($filter: CampaignFilter) { cursor
      campaigns(first: 100, filter: $filter) { nodes { id name status mode version phases { kind status } } } }""",
    "campaignEvents": """query ($id: ID!) { cursor
      campaign(id: $id) { id name status mode version phases { kind status } } }""",
}
PHASES = {
    "PhaseConfigured": "CONFIGURED",
    "PhaseStarted": "IN_PROGRESS",
    "PhaseAutoStarted": "IN_PROGRESS",
    "PhasePaused": "PAUSED",
    "PhaseResumed": "IN_PROGRESS",
    "PhaseCompleted": "COMPLETED",
    "PhaseFailed": "FAILED",
    "PhaseCancelled": "CANCELLED",
    "PhaseReset": "CONFIGURED",
    "PhaseSkipped": "SKIPPED",
}


@dataclass(frozen=True)
class Follow:
    """A stream with its variables. `kinds` are those of the things in it.

    Its frames are facts, which make the state at each cursor, unless `is_newer`: then each says how a thing is when the
    frame is made, and `statuses` are those that its filter lets through.
    """

    field: str
    document: str
    kinds: tuple[str, ...]
    is_newer: bool
    variables: Mapping[str, Any]
    statuses: tuple[str, ...] | None = None

    def lets(self, key: tuple[str, str], entry: Entry | None) -> bool:
        """Whether a thing that is so is in the stream."""
        if entry is None:
            return False
        if self.field == "campaignEvents":
            return key[1] == str(self.variables["id"])
        return self.statuses is None or entry[1] in self.statuses


def of_resources() -> Follow:
    """Personas and keyword sets."""
    return Follow("resourceEvents", RESOURCES, ("Persona", "KeywordSet"), True, {})


def of_proxies() -> Follow:
    """All proxies."""
    return Follow("proxyEvents", PROXIES, ("Proxy",), False, {})


def of_campaigns(statuses: tuple[str, ...] | None) -> Follow:
    """The list of campaigns."""
    wanted = {} if statuses is None else {"statuses": [*statuses]}
    return Follow("campaignList", LIST, ("Campaign",), True, {"filter": wanted}, statuses)


def of_campaign(ident: str) -> Follow:
    """One campaign."""
    return Follow("campaignEvents", CAMPAIGN, ("Campaign",), False, {"id": ident})


def of_activity() -> Follow:
    """The newest of the feed."""
    return Follow("activity", ACTIVITY, ("Activity",), False, {})


def _thing(kind: str, told: Frame) -> Entry:
    match kind:
        case "Proxy":
            return tuple(told[name] for name in ("name", "enabled", "health", "port", "version"))
        case "Activity":
            return (told["kind"], told["summary"])
        case "Campaign":
            phases = tuple((one["kind"], one["status"]) for one in told["phases"])
            return (told["name"], told["status"], told["mode"], told["version"], phases)
        case _:
            return (told["name"], told["enabled"], told["version"])


def shown(snapshot: Frame) -> View:
    """What a snapshot, or the answer to a query, shows."""
    lists = {"personas": "Persona", "keywordSets": "KeywordSet", "proxies": "Proxy", "campaigns": "Campaign"}
    view: View = {}
    for name, kind in lists.items():
        told = snapshot.get(name) or []
        for each in told["nodes"] if isinstance(told, dict) else told:
            view[kind, each["id"]] = _thing(kind, each)
    told = snapshot.get("activities") or snapshot.get("activity") or []
    for each in told["nodes"] if isinstance(told, dict) else told:
        view[_place(each)] = _thing("Activity", each)
    if snapshot.get("campaign"):
        view["Campaign", snapshot["campaign"]["id"]] = _thing("Campaign", snapshot["campaign"])
    return view


def _place(activity: Frame) -> tuple[str, str]:
    """The key of a line of the feed: its place in the log, so that the oldest is known."""
    return "Activity", place_key(decode(activity["cursor"]).position)


def told_of(event: Frame) -> tuple[str, str]:
    """Which thing an event of resources or of the list of campaigns is about."""
    if "personaId" in event:
        return "Persona", event["personaId"]
    if "keywordSetId" in event:
        return "KeywordSet", event["keywordSetId"]
    return "Campaign", event["campaign"]["id"] if "campaign" in event else event["campaignId"]


def apply(view: View, event: Frame, follow: Follow) -> None:
    """Fold one event."""
    match follow.field:
        case "activity":
            _add_to_feed(view, event["activity"])
        case "campaignEvents":
            _of_campaign(view, ("Campaign", follow.variables["id"]), event["__typename"], event)
        case _:
            _apply_thing(view, event)


def _apply_thing(view: View, event: Frame) -> None:
    for kind, name, ident in (
        ("Persona", "persona", "personaId"), ("KeywordSet", "keywordSet", "keywordSetId"),
    ):  # fmt: skip
        if ident in event:
            _put(view, (kind, event[ident]), event[name])
    match event["__typename"]:
        case "ProxyRemoved":
            view.pop(("Proxy", event["proxy"]["id"]))
        case "CampaignAdded" | "CampaignChanged":
            _put(view, ("Campaign", event["campaign"]["id"]), event["campaign"])
        case "CampaignRemoved":
            view.pop(("Campaign", event["campaignId"]), None)
        case _ if "proxy" in event:
            _put(view, ("Proxy", event["proxy"]["id"]), event["proxy"])
        case _:
            pass


def _add_to_feed(view: View, activity: Frame) -> None:
    view[_place(activity)] = _thing("Activity", activity)
    if len(view) > FEED:
        del view[min(view)]


def _put(view: View, key: tuple[str, str], told: Frame | None) -> None:
    if told is None:
        view.pop(key, None)
    else:
        view[key] = _thing(key[0], told)


def _of_campaign(view: View, key: tuple[str, str], kind: str, event: Frame) -> None:
    name, status, mode, version, phases = view[key]
    match kind:
        case "CampaignDeleted":
            del view[key]
            return
        case "CampaignUpdated":
            name, version = event["name"], event["version"]
        case "ModeChanged":
            mode, version = event["currentMode"], event["version"]
        case "CampaignStatusChanged":
            status = event["current"]
        case _ if kind in PHASES:
            phases = tuple((one, PHASES[kind] if one == event["phase"] else was) for one, was in phases)
        case _:
            pass
    view[key] = (name, status, mode, version, phases)
