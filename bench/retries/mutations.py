"""Every mutation there is, as a kind of request."""

from collections.abc import Callable, Sequence

from bench.load_things import FIRST_PORT, GENERATION
from bench.retries.kinds import Given, Json, Kind, Prepare, Send

DNS = {"dns": {"resolvers": ["127.0.0.1:53"]}}
HTTP = {"http": {"userAgent": "Heliograph"}}
RULES = [{"pattern": "lamp"}]
# As far ahead as a token may end, and what it takes to keep the log whole, whatever the requests add to it.
END = "2035-01-01T00:00:00Z"
LOG_EVENTS = 1_000_000_000

# What each payload tells of what was changed.
MEMBERS = {
    "Campaign": "campaign { id }",
    "ScoringProfile": "scoringProfile { id }",
    "ProxyPool": "pool { id }",
    "Persona": "persona { id }",
    "KeywordSet": "keywordSet { id }",
    "Principal": "principal { id }",
    "Proxy": "proxy { id }",
    "Token": "token { id }",
}
OPERATION = "operation { id }"
DELETED = "deletedId"


def _proxy(name: str, number: int) -> Json:
    # Ports from below are those of prepared proxies, and those from above are of proxies that requests make.
    return {
        "name": name,
        "protocol": "SOCKS5",
        "host": "127.0.0.1",
        "port": FIRST_PORT + number,
        "enabled": False,
    }


DRAFTS: dict[str, Callable[[str, int], Json]] = {
    "Campaign": lambda name, _: {"name": name, "generation": GENERATION},
    "ScoringProfile": lambda name, _: {"name": name},
    "ProxyPool": lambda name, _: {"name": name},
    "Persona": lambda name, _: {"name": name, "config": DNS},
    "KeywordSet": lambda name, _: {"name": name, "rules": RULES},
    "Principal": lambda name, _: {"name": name, "role": "VIEWER"},
    "Proxy": _proxy,
    "Token": lambda name, _: {"name": name, "role": "VIEWER"},
}


async def _made(send: Send, noun: str, name: str, number: int, **more: object) -> str:
    member = MEMBERS[noun].partition(" ")[0]
    return str((await send(f"create{noun}", DRAFTS[noun](name, number) | more))[member]["id"])


def _there(noun: str, before: Sequence[str] = (), **more: object) -> Prepare:
    """A thing that has been through other verbs."""

    async def prepare(send: Send, name: str, number: int) -> Json:
        ident = await _made(send, noun, name, number, **more)
        for verb in before:
            await send(verb, {"id": ident})
        return {"id": ident}

    return prepare


def _operation(before: Sequence[str] = ()) -> Prepare:
    """A bulk operation that nobody works at."""

    async def prepare(send: Send, name: str, number: int) -> Json:
        persona = await _made(send, "Persona", name, number)
        ident = (await send("bulkDeletePersonas", {"ids": [persona]}))["operation"]["id"]
        for verb in before:
            await send(verb, {"id": ident})
        return {"id": ident}

    return prepare


async def _campaign_and_profile(send: Send, name: str, number: int) -> Json:
    campaign = await _made(send, "Campaign", name, number)
    return {"id": campaign, "profileId": await _made(send, "ScoringProfile", name, number)}


async def _pool_and_proxy(send: Send, name: str, number: int) -> Json:
    return {
        "id": await _made(send, "ProxyPool", name, number),
        "proxyIds": [await _made(send, "Proxy", name, number)],
    }


async def _pool_with_proxy(send: Send, name: str, number: int) -> Json:
    both = await _pool_and_proxy(send, name, number)
    await send("addProxiesToPool", both)
    return both


async def _member(send: Send, name: str, number: int) -> Json:
    both = await _pool_with_proxy(send, name, number)
    return {"id": both["id"], "proxyId": both["proxyIds"][0]}


async def _settings(send: Send, _name: str, number: int) -> Json:
    # There is one row for all, so it is made before.
    await send("updateSettings", {"logEvents": 2 * LOG_EVENTS - number})
    return {}


def _saying(**more: object) -> Given:
    """The same for all requests of a kind."""
    return lambda _name, _number: more


def making(noun: str, **more: object) -> Kind:
    """Making something."""
    return Kind(f"create{noun}", MEMBERS[noun], lambda name, number: DRAFTS[noun](name, number) | more)


def updating(noun: str, given: Given) -> Kind:
    """Changing something."""
    return Kind(f"update{noun}", MEMBERS[noun], given, _there(noun))


def deleting(noun: str) -> Kind:
    """Deleting something."""
    return Kind(f"delete{noun}", DELETED, prepare=_there(noun))


def of_campaign(field: str, before: Sequence[str] = (), **more: object) -> Kind:
    """A verb on a campaign that has been through other verbs."""
    return Kind(field, MEMBERS["Campaign"], _saying(**more), _there("Campaign", before))


def of_principal(field: str, before: Sequence[str] = (), **more: object) -> Kind:
    """A verb on somebody."""
    return Kind(field, MEMBERS["Principal"], _saying(**more), _there("Principal", before))


def of_many(field: str, noun: str, **more: object) -> Kind:
    """A verb on many things, of which there is one."""

    async def prepare(send: Send, name: str, number: int) -> Json:
        return {"ids": [await _made(send, noun, name, number)]}

    return Kind(field, OPERATION, _saying(**more), prepare)


MADE = (
    making("Campaign"),
    making("ScoringProfile"),
    making("ProxyPool"),
    making("Persona"),
    making("KeywordSet"),
    making("Principal"),
    making("Proxy", password="p", username="u"),
    Kind("createToken", MEMBERS["Token"], DRAFTS["Token"], again="SecretShownError"),
    Kind("duplicatePersona", MEMBERS["Persona"], lambda name, _: {"name": name}, _there("Persona")),
    Kind("duplicateCampaign", MEMBERS["Campaign"], prepare=_there("Campaign")),
    Kind(
        "importProxies",
        "lines { line outcome proxy { id } }",
        lambda _, number: {"text": f"u:p@127.0.0.1:{number}"},
    ),
)
CHANGED = (
    updating("Campaign", lambda name, _: {"name": name}),
    updating("ScoringProfile", lambda name, _: {"description": name}),
    updating("Proxy", lambda name, _: {"notes": name, "username": "u", "password": name}),
    updating("ProxyPool", lambda name, _: {"description": name}),
    updating("Persona", lambda name, _: {"description": name}),
    updating("KeywordSet", _saying(addRules=[{"pattern": "more"}])),
    of_campaign("configurePhase", generation={**GENERATION, "count": 2}),
    Kind("assignScoringProfile", MEMBERS["Campaign"], prepare=_campaign_and_profile),
    Kind("setProxyEnabled", MEMBERS["Proxy"], _saying(enabled=True), _there("Proxy")),
    Kind("testProxy", MEMBERS["Proxy"], prepare=_there("Proxy", enabled=True)),
    # What it sees is that nobody may go there, so it goes nowhere.
    Kind(
        "testPersona",
        "persona { id } report { ... on HttpPersonaTest { reason millis } }",
        _saying(target="http://127.0.0.1:8000/"),
        _there("Persona", config=HTTP),
    ),
    Kind("addProxiesToPool", MEMBERS["ProxyPool"], prepare=_pool_and_proxy),
    Kind("removeProxiesFromPool", MEMBERS["ProxyPool"], prepare=_pool_with_proxy),
    Kind("setProxyPoolMember", MEMBERS["ProxyPool"], _saying(weight=7), _member),
    Kind(
        "updateSettings",
        "settings { name }",
        lambda _, number: {"logEvents": LOG_EVENTS - number},
        _settings,
    ),
    of_principal("setPrincipalRole", role="OPERATOR"),
    of_principal("deactivatePrincipal"),
    of_principal("reactivatePrincipal", ["deactivatePrincipal"]),
    Kind("renewToken", MEMBERS["Token"], _saying(expiresAt=END), _there("Token")),
    Kind("revokeToken", MEMBERS["Token"], prepare=_there("Token")),
    Kind("cancelBulkOperation", OPERATION, prepare=_operation()),
)
GONE = (
    *(
        deleting(noun)
        for noun in ("Campaign", "ScoringProfile", "Proxy", "ProxyPool", "Persona", "KeywordSet")
    ),
    Kind("deleteBulkOperation", DELETED, prepare=_operation(["cancelBulkOperation"])),
    Kind(
        "cleanUnhealthyProxies",
        "removed { id }",
        lambda _, number: {"dryRun": False, "minFailures": number},
        quiet=True,
    ),
)
CONTROLLED = (
    of_campaign("startCampaign"),
    of_campaign("pauseCampaign", ["startCampaign"]),
    of_campaign("resumeCampaign", ["startCampaign", "pauseCampaign"]),
    of_campaign("cancelCampaign", ["startCampaign"]),
    of_campaign("archiveCampaign"),
    of_campaign("setCampaignMode", mode="FULL_SEQUENCE"),
    of_campaign("startPhase", phase="DOMAIN_GENERATION"),
    of_campaign("skipPhase", phase="ENRICHMENT"),
    of_campaign("retryPhase", phase="DOMAIN_GENERATION"),
    of_campaign("rerunPhase", phase="ANALYSIS"),
    of_campaign("rescoreCampaign"),
)
MANY = (
    *(
        of_many(f"bulk{verb}Campaigns", "Campaign")
        for verb in ("Start", "Pause", "Resume", "Cancel", "Archive", "Delete")
    ),
    of_many("bulkSetProxiesEnabled", "Proxy", enabled=True),
    of_many("bulkTestProxies", "Proxy"),
    of_many("bulkDeleteProxies", "Proxy"),
    of_many("bulkSetPersonasEnabled", "Persona", enabled=False),
    of_many("bulkDeletePersonas", "Persona"),
    of_many("bulkSetKeywordSetsEnabled", "KeywordSet", enabled=False),
    of_many("bulkDeleteKeywordSets", "KeywordSet"),
    Kind("bulkImportProxies", OPERATION, lambda _, number: {"text": f"127.0.0.1:{number}"}),
)
KINDS = (*MADE, *CHANGED, *GONE, *CONTROLLED, *MANY)
BY_FIELD = {kind.field: kind for kind in KINDS}
