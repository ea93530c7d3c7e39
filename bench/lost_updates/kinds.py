"""Everything that is changed by version, and changes of it whose outcome can be worked out from what was read."""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bench.load_things import FIRST_PORT, GENERATION
from bench.retries.mutations import DNS

Json = dict[str, Any]
Worker = Callable[[Json, int, random.Random], tuple[Json, Json]]
"""Works out a change of a state: the input without id and version, and what the state has then."""


@dataclass(frozen=True)
class Kind:
    """A kind of thing: how it is made and read, and the mutations that change it by version."""

    noun: str
    field: str
    state: str
    draft: Json
    changes: dict[str, Worker]

    def read(self, data: Json) -> tuple[int, Json]:
        """The version, and everything else."""
        state = dict(data[self.field])
        return int(state.pop("version")), state

    @property
    def query(self) -> str:
        """How it is read."""
        return f"query Read($id: ID!) {{ {self.field}(id: $id) {{ version {self.state} }} }}"


def text(name: str, value: str = "changed {}") -> Worker:
    """Another text, which nothing has had."""

    def work(_state: Json, number: int, _chance: random.Random) -> tuple[Json, Json]:
        given = {name: value.format(number)}
        return given, given

    return work


def toggled(state: Json, _number: int, _chance: random.Random) -> tuple[Json, Json]:
    """Let it be used, or not."""
    given = {"enabled": not state["enabled"]}
    return given, given


def several(*workers: Worker) -> Worker:
    """One or more of these at once."""

    def work(state: Json, number: int, chance: random.Random) -> tuple[Json, Json]:
        given: Json = {}
        will_be: Json = {}
        for worker in chance.sample(workers, chance.randint(1, len(workers))):
            more, then = worker(state, number, chance)
            given |= more
            will_be |= then
        return given, will_be

    return work


def counted(state: Json, _number: int, _chance: random.Random) -> tuple[Json, Json]:
    """Another number of names."""
    count = int(state["generation"]["count"]) % 100 + 1
    return {"generation": {**GENERATION, "count": count}}, {"generation": {"count": str(count)}}


def ruled(state: Json, number: int, chance: random.Random) -> tuple[Json, Json]:
    """A rule more, or one less, of the list as it was read."""
    rules = list(state["rules"])
    if len(rules) > 1 and chance.random() < 0.5:
        place = chance.randrange(len(rules))
        del rules[place]
        return {"removeRules": [place]}, {"rules": rules}
    return {"addRules": [{"pattern": f"word{number}"}]}, {"rules": [*rules, {"pattern": f"word{number}"}]}


def members(state: Json) -> list[Json]:
    """The members of a pool, as they were read."""
    return list(state["members"]["nodes"])


@dataclass(frozen=True)
class Joining:
    """Changes of a pool's members: `proxies` are those that may join."""

    proxies: Sequence[str]

    def add(self, state: Json, _number: int, chance: random.Random) -> tuple[Json, Json]:
        """One more, or what is none."""
        there = members(state)
        left = sorted({*self.proxies} - {each["proxy"]["id"] for each in there})
        if not left:
            return {}, {}
        joins = chance.choice(left)
        return {"proxyIds": [joins]}, {"members": {"nodes": [*there, {"weight": 1, "proxy": {"id": joins}}]}}

    def remove(self, state: Json, _number: int, chance: random.Random) -> tuple[Json, Json]:
        """One less."""
        there = members(state)
        if not there:
            return {}, {}
        leaves = chance.choice(there)
        return {"proxyIds": [leaves["proxy"]["id"]]}, {
            "members": {"nodes": [m for m in there if m is not leaves]}
        }

    def weigh(self, state: Json, _number: int, chance: random.Random) -> tuple[Json, Json]:
        """Another weight of one."""
        there = members(state)
        if not there:
            return {}, {}
        place = chance.randrange(len(there))
        weighed = {**there[place], "weight": there[place]["weight"] % 100 + 1}
        then = [*there[:place], weighed, *there[place + 1 :]]
        given = {"proxyId": weighed["proxy"]["id"], "weight": weighed["weight"]}
        return given, {"members": {"nodes": then}}


def kinds(proxies: Sequence[str], profiles: Sequence[str]) -> Iterator[Kind]:
    """All that is changed by version; `proxies` join pools, and campaigns score by `profiles`."""

    def scored(state: Json, _number: int, chance: random.Random) -> tuple[Json, Json]:
        now = state["analysis"]["profile"]
        ident = chance.choice([None, *profiles])
        if ident == (now and now["id"]):
            return {}, {}
        return {"profileId": ident}, {"analysis": {"profile": ident and {"id": ident}}}

    described = several(text("name"), text("description"))
    joining = Joining(proxies)
    yield Kind(
        "Campaign",
        "campaign",
        "name generation { count } analysis { profile { id } }",
        {"generation": GENERATION},
        {
            "updateCampaign": several(text("name"), counted),
            "configurePhase": counted,
            "assignScoringProfile": scored,
        },
    )
    yield Kind(
        "Proxy",
        "proxy",
        "name description city enabled",
        {"protocol": "SOCKS5", "host": "127.0.0.1", "port": FIRST_PORT, "enabled": False},
        {"updateProxy": several(text("name"), text("description"), text("city")), "setProxyEnabled": toggled},
    )
    yield Kind(
        "Persona",
        "persona",
        "name description enabled",
        {"config": DNS},
        {"updatePersona": several(described, toggled)},
    )
    yield Kind(
        "KeywordSet",
        "keywordSet",
        "name description enabled rules { pattern }",
        {"rules": [{"pattern": "word"}]},
        {"updateKeywordSet": several(described, toggled, ruled)},
    )
    yield Kind(
        "ProxyPool",
        "proxyPool",
        "name description enabled members(first: 50) { nodes { weight proxy { id } } }",
        {"healthCheckEnabled": False},
        {
            "updateProxyPool": several(described, toggled),
            "addProxiesToPool": joining.add,
            "removeProxiesFromPool": joining.remove,
            "setProxyPoolMember": joining.weigh,
        },
    )
    yield Kind(
        "ScoringProfile", "scoringProfile", "name description", {}, {"updateScoringProfile": described}
    )
