"""Campaigns over the sandbox's names, made and started as a client does it."""

from dataclasses import dataclass

from sandbox import keywords, world
from sandbox.sandbox import Sandbox
from tests.e2e.client import Client, Json

CREATE_PERSONA = """
mutation ($input: CreatePersonaInput!) {
  createPersona(input: $input) {
    __typename ... on CreatePersonaPayload { persona { id } } ... on UserError { message }
  }
}
"""
CREATE_PROXY = """
mutation ($input: CreateProxyInput!) {
  createProxy(input: $input) { __typename ... on CreateProxyPayload { proxy { id } } ... on UserError { message } }
}
"""
CREATE_KEYWORDS = """
mutation ($input: CreateKeywordSetInput!) {
  createKeywordSet(input: $input) {
    __typename ... on CreateKeywordSetPayload { keywordSet { id } } ... on UserError { message }
  }
}
"""
CREATE = """
mutation ($input: CreateCampaignInput!) {
  createCampaign(input: $input) {
    __typename ... on CreateCampaignPayload { cursor campaign { id } } ... on UserError { message path }
  }
}
"""
START = """
mutation ($id: ID!) {
  startCampaign(input: { id: $id }) { __typename ... on UserError { message } }
}
"""
START_PHASE = """
mutation ($id: ID!, $phase: PhaseKind!) {
  startPhase(input: { id: $id, phase: $phase }) {
    __typename
    ... on ConflictError { code currentState blockingPhase }
  }
}
"""


@dataclass(frozen=True)
class Pace:
    """How a test's campaign works: fast, unless something shall happen in the middle of it."""

    dns_rate: float = 500
    http_rate: float = 300
    dns_batch: int = 25
    http_batch: int = 20
    through_proxies: bool = False
    by_steps: bool = False
    # Names are taken once; what belongs to a second campaign of a test is called otherwise.
    suffix: str = ""


@dataclass(frozen=True)
class Draft:
    """A campaign that was made and not started; `cursor` is the place of its making."""

    id: str
    cursor: str


async def make_draft(client: Client, box: Sandbox, count: int, pace: Pace | None = None) -> Draft:
    """A campaign over the first `count` names of the world, and all that it works with."""
    pace = pace or Pace()
    data = {
        "name": f"End to end{pace.suffix}",
        "mode": "STEP_BY_STEP" if pace.by_steps else "FULL_SEQUENCE",
        "generation": {
            "patternType": "PREFIX",
            "characterSet": world.CHARACTERS,
            "constant": world.CONSTANT,
            "tld": world.TLD,
            "prefixLength": world.VARIABLE_LENGTH,
            "count": count,
        },
        "dns": {"personaIds": [await _dns_persona(client, box, pace)], "batchSize": pace.dns_batch},
        "http": {
            "personaIds": [await _http_persona(client, pace)],
            "keywordSetIds": [await _keyword_set(client, each, pace) for each in keywords.KEYWORD_SETS],
            "adHocKeywords": [keywords.AD_HOC_KEYWORD],
            "proxyIds": await _proxies(client, box) if pace.through_proxies else [],
            "batchSize": pace.http_batch,
            "httpPort": box.http_port,
            "httpsPort": box.https_port,
        },
    }
    made = await client.change("createCampaign", CREATE, input=data)
    return Draft(made["campaign"]["id"], made["cursor"])


async def start(client: Client, draft: Draft) -> None:
    """Start it."""
    await client.change("startCampaign", START, id=draft.id)


async def _dns_persona(client: Client, box: Sandbox, pace: Pace) -> str:
    # Six tries of half a second before silence is believed: a busy machine is not mistaken for a silent server.
    config = {
        "resolvers": [box.dns],
        "queryTimeoutSeconds": 0.5,
        "attempts": 3,
        "concurrency": 40,
        "ratePerSecond": pace.dns_rate,
        "burst": 5,
    }
    return await _persona(client, f"resolver{pace.suffix}", {"dns": config})


async def _http_persona(client: Client, pace: Pace) -> str:
    config = {
        "userAgent": "Heliograph test",
        "requestTimeoutSeconds": 2,
        "concurrency": 30,
        "ratePerSecond": pace.http_rate,
        "burst": 5,
    }
    return await _persona(client, f"fetcher{pace.suffix}", {"http": config})


async def _persona(client: Client, name: str, config: Json) -> str:
    made = await client.change("createPersona", CREATE_PERSONA, input={"name": name, "config": config})
    return str(made["persona"]["id"])


async def _keyword_set(client: Client, wanted: keywords.KeywordSet, pace: Pace) -> str:
    rules = [
        {
            "pattern": rule.pattern,
            "ruleType": rule.rule_type,
            "isCaseSensitive": rule.is_case_sensitive,
            "category": rule.category,
            "contextChars": rule.context_chars,
        }
        for rule in wanted.rules
    ]
    made = await client.change(
        "createKeywordSet", CREATE_KEYWORDS, input={"name": f"{wanted.name}{pace.suffix}", "rules": rules}
    )
    return str(made["keywordSet"]["id"])


async def _proxies(client: Client, box: Sandbox) -> list[str]:
    """Those that work and tell why a target is not reached, which is counted here: SOCKS 4 has no word for it."""
    found = []
    for proxy in box.proxies:
        if proxy.name in {"dead", "socks4"}:
            continue
        data = {
            "name": proxy.name,
            "protocol": proxy.endpoint.protocol,
            "host": proxy.endpoint.host,
            "port": proxy.endpoint.port,
            "username": proxy.endpoint.username,
            "password": proxy.endpoint.password,
        }
        made = await client.change("createProxy", CREATE_PROXY, input=data)
        found.append(str(made["proxy"]["id"]))
    return found
