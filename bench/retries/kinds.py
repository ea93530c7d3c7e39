"""Every kind of mutation that is done once for each key, and what has to be there before.

A request has things of its own, so that what it does depends on no other; a few of a kind are refused in the state in
which their things are, for a refusal is an answer too.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from bench.load_things import FIRST_PORT, GENERATION

Json = dict[str, Any]
Send = Callable[[str, Json], Awaitable[Json]]
"""Sends a mutation of this name with this input; gives its payload."""
Prepare = Callable[[Send, str, int], Awaitable[str]]
Given = Callable[[str, str, int], Json]
"""The input, by the id of what was prepared, a name and a number that nothing else has."""

DNS = {"dns": {"resolvers": ["127.0.0.1:53"]}}
# What each payload tells of what was changed.
MEMBERS = {
    "Campaign": "campaign { id }",
    "ScoringProfile": "scoringProfile { id }",
    "ProxyPool": "pool { id }",
    "Persona": "persona { id }",
    "KeywordSet": "keywordSet { id }",
    "Principal": "principal { id }",
    "Proxy": "proxy { id }",
    "ImportProxies": "lines { line outcome proxy { id } }",
}
OPERATION = "operation { id }"


@dataclass(frozen=True)
class Kind:
    """A kind of request."""

    field: str
    given: Given
    prepare: Prepare | None = None
    member: str = MEMBERS["Campaign"]

    @property
    def document(self) -> str:
        """The mutation."""
        return document(self.field, self.member)


def document(field: str, member: str) -> str:
    """A mutation of this name, by which two answers can be compared."""
    capital = field[0].upper() + field[1:]
    return (
        f"mutation Send($input: {capital}Input!) {{ {field}(input: $input) {{ __typename"
        f" ... on {capital}Payload {{ cursor {member} }} ... on UserError {{ code message path }} }} }}"
    )


def making(noun: str, given: Given) -> Kind:
    """Making something."""
    return Kind(f"create{noun}", given, member=MEMBERS[noun])


def of_campaign(field: str, before: Sequence[str] = (), **more: object) -> Kind:
    """A verb on a campaign that has been through other verbs."""

    async def prepare(send: Send, name: str, _number: int) -> str:
        ident = await _made(send, "Campaign", name=name, generation=GENERATION)
        for verb in before:
            await send(verb, {"id": ident})
        return ident

    return Kind(field, lambda ident, _name, _number: {"id": ident, **more}, prepare)


def of_many(field: str, noun: str, **more: object) -> Kind:
    """A verb on many things, of which there is one."""

    async def prepare(send: Send, name: str, number: int) -> str:
        return await _made(send, noun, **NEEDS[noun](name, number))

    return Kind(field, lambda ident, _name, _number: {"ids": [ident], **more}, prepare, OPERATION)


async def _made(send: Send, noun: str, **given: object) -> str:
    member = MEMBERS[noun].partition(" ")[0]
    return str((await send(f"create{noun}", given))[member]["id"])


def _proxy(name: str, number: int) -> Json:
    # Ports from below are those of prepared proxies, and those from above are of proxies that requests make.
    return {
        "name": name,
        "protocol": "SOCKS5",
        "host": "127.0.0.1",
        "port": FIRST_PORT + number,
        "enabled": False,
    }


NEEDS: dict[str, Callable[[str, int], Json]] = {
    "Campaign": lambda name, _: {"name": name, "generation": GENERATION},
    "Persona": lambda name, _: {"name": name, "config": DNS},
    "KeywordSet": lambda name, _: {"name": name, "rules": [{"pattern": "lamp"}]},
    "Proxy": _proxy,
}


async def _persona(send: Send, name: str, _number: int) -> str:
    return await _made(send, "Persona", name=name, config=DNS)


async def _keyword_set(send: Send, name: str, _number: int) -> str:
    return await _made(send, "KeywordSet", name=name, rules=[{"pattern": "lamp"}])


MADE = (
    making("Campaign", lambda _, name, __: {"name": name, "generation": GENERATION}),
    making("ScoringProfile", lambda _, name, __: {"name": name}),
    making("ProxyPool", lambda _, name, __: {"name": name}),
    making("Persona", lambda _, name, __: {"name": name, "config": DNS}),
    making("KeywordSet", lambda _, name, __: {"name": name, "rules": [{"pattern": "lamp"}]}),
    making("Principal", lambda _, name, __: {"name": name, "role": "VIEWER"}),
    making("Proxy", lambda _, name, number: {**_proxy(name, number), "password": "p", "username": "u"}),
    Kind(
        "duplicatePersona", lambda ident, name, _: {"id": ident, "name": name}, _persona, MEMBERS["Persona"]
    ),
    Kind(
        "importProxies",
        lambda _, __, number: {"text": f"u:p@127.0.0.1:{number}"},
        None,
        MEMBERS["ImportProxies"],
    ),
    Kind(
        "updateKeywordSet",
        lambda ident, _, __: {"id": ident, "addRules": [{"pattern": "more"}]},
        _keyword_set,
        MEMBERS["KeywordSet"],
    ),
)
CONTROLLED = (
    of_campaign("duplicateCampaign"),
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
    Kind("bulkImportProxies", lambda _, __, number: {"text": f"127.0.0.1:{number}"}, None, OPERATION),
)
KINDS = (*MADE, *CONTROLLED, *MANY)
