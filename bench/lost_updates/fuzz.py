"""Clients that change things by version, and the judge of what became of them.

An oracle of its own: a client reads a thing at version n, works out what it will be, and says that it means n. If that
is accepted, the thing at n + 1 is what the client worked out, whoever else was at it. So all that was accepted makes a
chain for each thing, from the version that it began with to the one that it has in the end: a link that is there twice
or missing, or that is not what somebody read at its version, is a lost update. Who is refused is told the version.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field

from bench.load_things import FIRST_PORT
from bench.lost_updates.kinds import Json, Kind, kinds

Ask = Callable[[str, Json], Awaitable[Json]]
"""Sends a document with variables; gives its data."""

REFUSED = "... on UserError { __typename code path } ... on ConflictError { currentState }"
MOST_WRONG = 20


@dataclass
class Thing:
    """One thing, and its links: by version what it was, as whoever made that version worked it out."""

    kind: Kind
    id: str
    first: int
    links: dict[int, Json] = field(default_factory=dict)
    seen: list[tuple[int, Json]] = field(default_factory=list)


@dataclass
class Found:
    """What was counted, and what was wrong, in words."""

    accepted: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    reads: int = 0
    wrong: list[str] = field(default_factory=list)


class Fuzz:
    """Clients that change things as long as they may."""

    def __init__(self, ask: Ask, chance: random.Random) -> None:
        self._ask = ask
        self._chance = chance
        self._number = 0
        self.found = Found()
        self.things: list[Thing] = []

    async def prepare(self, of_each: int) -> None:
        """Make things of every kind."""
        proxy = {"protocol": "SOCKS5", "host": "127.0.0.2", "enabled": False}
        proxies = [await self._make("Proxy", "proxy", {**proxy, "port": FIRST_PORT + n}) for n in range(4)]
        profiles = [await self._make("ScoringProfile", "scoringProfile", {}) for _ in range(2)]
        for kind in kinds(proxies, profiles):
            for number in range(of_each):
                own = {"port": FIRST_PORT + number} if "port" in kind.draft else {}
                member = "pool" if kind.noun == "ProxyPool" else kind.field
                ident = await self._make(kind.noun, member, {**kind.draft, **own})
                version, state = kind.read(await self._ask(kind.query, {"id": ident}))
                self.things.append(Thing(kind, ident, version, {version: state}))

    async def client(self, over: Callable[[], bool]) -> None:
        """Read something, and change it as it was read, until it is over."""
        while not over():
            await self._change(self._chance.choice(self.things))

    async def judge(self) -> Found:
        """Read everything once more, and follow each chain."""
        for thing in self.things:
            version, state = await self._read(thing)
            self.found.wrong += _broken(thing, version, state)
        del self.found.wrong[MOST_WRONG:]
        return self.found

    async def _make(self, noun: str, member: str, draft: Json) -> str:
        self._number += 1
        query = (
            f"mutation Make($input: Create{noun}Input!) {{ create{noun}(input: $input) {{"
            f" ... on Create{noun}Payload {{ {member} {{ id }} }} ... on UserError {{ message }} }} }}"
        )
        data = await self._ask(query, {"input": {"name": f"made {self._number}", **draft}})
        return str(data[f"create{noun}"][member]["id"])

    async def _read(self, thing: Thing) -> tuple[int, Json]:
        self.found.reads += 1
        read = thing.kind.read(await self._ask(thing.kind.query, {"id": thing.id}))
        thing.seen.append(read)
        return read

    async def _change(self, thing: Thing) -> None:
        version, state = await self._read(thing)
        mutation, worker = self._chance.choice([*thing.kind.changes.items()])
        self._number += 1
        given, then = worker(state, self._number, self._chance)
        if not given:
            return
        capital = mutation[0].upper() + mutation[1:]
        document = (
            f"mutation Change($input: {capital}Input!) {{ {mutation}(input: $input) {{"
            f" __typename ... on {capital}Payload {{ cursor }} {REFUSED} }} }}"
        )
        given = {**given, "id": thing.id, "expectedVersion": version}
        answer = (await self._ask(document, {"input": given}))[mutation]
        self._note(thing, version, {**state, **then}, mutation, answer)

    def _note(self, thing: Thing, version: int, then: Json, mutation: str, answer: Json) -> None:
        if "cursor" in answer:
            self.found.accepted[mutation] += 1
            if version + 1 in thing.links:
                self.found.wrong.append(f"{mutation}: version {version} of {thing.id} was changed twice")
            thing.links[version + 1] = then
            return
        self.found.refused[mutation] += 1
        told = answer["__typename"], answer["code"], answer["path"]
        present = int(answer.get("currentState") or 0)
        if told != ("ConflictError", "VERSION_MISMATCH", ["expectedVersion"]) or present <= version:
            self.found.wrong.append(f"{mutation} of version {version} was told {answer}")


def _broken(thing: Thing, version: int, state: Json) -> Iterator[str]:
    """Where the chain of a thing does not hold."""
    name = f"{thing.kind.noun} {thing.id}"
    missing = {*range(thing.first, version + 1)} ^ thing.links.keys()
    if missing:
        yield f"{name} is at {version}, and nobody or somebody was told of {sorted(missing)[:5]}"
    for at, seen in [*thing.seen, (version, state)]:
        if at in thing.links and seen != thing.links[at]:
            yield f"{name} at {at} was read as {seen}, and should be {thing.links[at]}"


async def fuzz(ask: Ask, *, clients: int, of_each: int, seed: int, over: Callable[[], bool]) -> Found:
    """Prepare, let clients change things until it is over, and judge."""
    run = Fuzz(ask, random.Random(seed))
    await run.prepare(of_each)
    await asyncio.gather(*(run.client(over) for _ in range(clients)))
    return await run.judge()
