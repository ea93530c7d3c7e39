"""Random requests and random subscriptions of random people, each judged by the model.

Whatever the model does not explain at once is looked at again when all is known: a deed whose answer is still on its
way is not in the model yet.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from aiohttp import ClientConnectionError, ClientPayloadError, ClientSession, WSMsgType
from graphql import GraphQLObjectType, build_schema, get_named_type

from bench.authorization.model import MARK, Pass, expected, wrong_to_tell
from bench.authorization.world import BULK, KINDS, Json, Thing, World
from bench.load_things import CAMPAIGN
from tests.protocol.audience import STREAMS, everything, selection

LISTS = ("campaigns", "proxies", "personas", "keywordSets", "proxyPools", "scoringProfiles", "activity")
FOLLOWED_SECONDS = (0.5, 6.0)
MOST_THINGS = 200
OF_ONE = {"campaignEvents": CAMPAIGN, "domainEvents": CAMPAIGN, "bulkOperation": BULK}
ANSWER = "__typename ... on UserError { code }"
CORE = build_schema((Path(__file__).parents[2] / "schema.graphql").read_text())


@dataclass
class Found:
    """What was counted; `suspects` say, once all is known, what is wrong with something, or nothing."""

    counts: Counter[str] = field(default_factory=Counter)
    suspects: list[Callable[[], str]] = field(default_factory=list)
    worst_lag: float = 0.0

    def wrong(self) -> list[str]:
        """What nothing explains."""
        return [told for suspect in self.suspects if (told := suspect())]


class Actors:
    """People who ask and follow for as long as they may; `grace` is how long an old state may show."""

    def __init__(self, http: ClientSession, urls: Sequence[str], world: World, grace: float) -> None:
        self._http = http
        self._urls = urls
        self._world = world
        self._grace = grace
        self._chance = world.chance
        self.found = Found()

    async def ask(self, over: Callable[[], bool]) -> None:
        """Make one request after the other."""
        asks = (self._make, self._change, self._delete, self._look, self._list, self._many)
        weights = (3, 6, 1, 6, 2, 1)
        while not over():
            (action,) = self._chance.choices(asks, weights)
            await action(self._world.somebody())

    async def follow(self, end: float) -> None:
        """Follow one stream after the other, over either transport, until this moment of the loop's clock."""
        loop = asyncio.get_running_loop()
        while loop.time() < end:
            follow = self._chance.choice((self._over_socket, self._over_events))
            until = min(end, loop.time() + self._chance.uniform(*FOLLOWED_SECONDS))
            try:
                async with asyncio.timeout_at(until):
                    await follow(self._world.somebody(), self._stream())
            except TimeoutError:
                self.found.counts["streams left"] += 1
            except (ClientConnectionError, ClientPayloadError):
                self.found.counts["streams broken"] += 1

    async def beat(self) -> None:
        """Measure how late this process is, which the server is not to blame for."""
        while True:
            due = time.monotonic() + 0.05
            await asyncio.sleep(0.05)
            self.found.worst_lag = max(self.found.worst_lag, time.monotonic() - due)

    def _stream(self) -> Json:
        """A subscription to any stream, of anybody's thing where it is of one."""
        name = self._chance.choice(STREAMS)
        query, variables = everything(name), {}
        if name in OF_ONE:
            variables = {"id": self._chance.choice(self._world.of_kind(OF_ONE[name])).id}
        if self._chance.random() < 0.5:
            # With them it is for admins only.
            query = query.replace(", SETTINGS", "")
        return {"query": query, "variables": variables}

    async def _make(self, whom: Pass) -> None:
        if len(self._world.things) >= MOST_THINGS:
            return
        kind, number = self._chance.choice(KINDS), self._world.number()
        given = {**kind.named(number), "name": f"{whom.person.mark} {number}"}
        field_name = f"create{kind.noun}"
        payload = f"... on Create{kind.noun}Payload {{ {kind.member} {{ id }} }}"
        made = await self._mutate(whom, field_name, given, payload, None)
        if made and kind.member in made:
            self._world.things.append(Thing(kind, made[kind.member]["id"], whom.person))

    async def _change(self, whom: Pass) -> None:
        thing = self._world.something()
        given = {"id": thing.id, thing.kind.text: f"{thing.owner.mark} {self._world.number()}"}
        member = f"... on Update{thing.kind.noun}Payload {{ {thing.kind.member} {{ name }} }}"
        await self._mutate(whom, thing.kind.update, given, member, thing)

    async def _delete(self, whom: Pass) -> None:
        thing = self._world.something()
        if len(self._world.of_kind(thing.kind)) == 1:
            return
        thing.deleted = min(thing.deleted, time.time())
        if await self._mutate(whom, f"delete{thing.kind.noun}", {"id": thing.id}, "", thing) is not None:
            self.found.counts["deletions"] += 1
            self._world.things.remove(thing)

    async def _look(self, whom: Pass) -> None:
        thing = self._chance.choice(self._world.things)
        kind = CORE.type_map[thing.kind.noun]
        assert isinstance(kind, GraphQLObjectType)
        query = f"query ($id: ID!) {{ node(id: $id) {{ ... on {thing.kind.noun} {selection(kind, 2)} }} }}"
        await self._post(whom, query, {"id": thing.id})

    async def _list(self, whom: Pass) -> None:
        name = self._chance.choice(LISTS)
        connection = get_named_type(CORE.query_type.fields[name].type) if CORE.query_type else None
        assert isinstance(connection, GraphQLObjectType)
        kind = get_named_type(connection.fields["nodes"].type)
        await self._post(whom, f"{{ {name}(first: 20) {{ totalCount nodes {selection(kind, 2)} }} }}", {})

    async def _many(self, whom: Pass) -> None:
        ids = [self._chance.choice(self._world.things).id for _ in range(5)]
        member = "... on BulkDeleteKeywordSetsPayload { operation { id } }"
        made = await self._mutate(whom, "bulkDeleteKeywordSets", {"ids": ids}, member, None)
        if made and "operation" in made:
            self._world.things.append(Thing(BULK, made["operation"]["id"], whom.person))

    async def _mutate(
        self, whom: Pass, name: str, given: Json, selected: str, thing: Thing | None
    ) -> Json | None:
        """The payload of a mutation that was let through."""
        capital = name[0].upper() + name[1:]
        query = f"mutation ($input: {capital}Input!) {{ {name}(input: $input) {{ {ANSWER} {selected} }} }}"
        began = time.time()
        status, text = await self._post(whom, query, {"input": given})
        ended = time.time()
        payload: Json = {} if status != 200 else msgspec.json.decode(text)["data"][name]
        outcome = _outcome(status, payload)
        self.found.counts[f"mutations: {outcome}"] += 1
        owner = None if thing is None else thing.owner.number

        def judged() -> str:
            states = whom.states(began, ended, self._grace + self.found.worst_lag)
            explained = {expected("OPERATOR", owner, whom, state) for state in states}
            if thing is not None and thing.deleted <= ended:
                explained |= {"NOT_FOUND"} if "LET_THROUGH" in explained else set()
            return "" if outcome in explained else f"{name} was answered {outcome}, and should be {explained}"

        self._suspect(judged)
        return payload if outcome == "LET_THROUGH" else None

    async def _post(self, whom: Pass, query: str, variables: Json) -> tuple[int, bytes]:
        began = time.time()
        async with self._http.post(
            f"{self._chance.choice(self._urls)}/graphql",
            json={"query": query, "variables": variables},
            headers={"Authorization": f"Bearer {whom.secret}"},
        ) as answer:
            text = await answer.read()
        self.found.counts["requests"] += 1
        if answer.status != 401:
            self._told(whom, text, began)
        return answer.status, text

    async def _over_socket(self, whom: Pass, payload: Json) -> None:
        url = f"ws{self._chance.choice(self._urls).removeprefix('http')}/graphql"
        began = time.time()
        async with self._http.ws_connect(url, protocols=["graphql-transport-ws"]) as socket:
            init = {"type": "connection_init", "payload": {"Authorization": f"Bearer {whom.secret}"}}
            await socket.send_json(init)
            await socket.send_json({"id": "1", "type": "subscribe", "payload": payload})
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    await self._frame(whom, message.data.encode())
        self.found.counts[f"sockets closed with {socket.close_code}"] += 1
        if socket.close_code == 4403:
            self._had_ended(whom, began)

    async def _over_events(self, whom: Pass, payload: Json) -> None:
        headers = {"Authorization": f"Bearer {whom.secret}", "Accept": "text/event-stream"}
        url, began = f"{self._chance.choice(self._urls)}/graphql", time.time()
        async with self._http.post(url, json=payload, headers=headers) as response:
            if response.status == 401:
                self._had_ended(whom, began)
                return
            async for line in response.content:
                if line.startswith(b"data: "):
                    await self._frame(whom, line)
        self.found.counts["event streams ended"] += 1

    async def _frame(self, whom: Pass, text: bytes) -> None:
        if b'"connection_ack"' not in text:
            self.found.counts["frames"] += 1
            self._told(whom, text, time.time())

    def _told(self, whom: Pass, text: bytes, began: float) -> None:
        ended = time.time()
        owners = {int(number) for number in MARK.findall(text)}
        self.found.counts["told of one's own"] += whom.person.number in owners
        self.found.counts["told of things of others, to an admin"] += bool(owners - {whom.person.number})

        def judged() -> str:
            states = whom.states(began, ended, self._grace + self.found.worst_lag)
            told = wrong_to_tell(text, whom, states)
            return told and f"person {whom.person.number}, who may have been {states}, {told}: {text[:300]!r}"

        self._suspect(judged)

    def _had_ended(self, whom: Pass, began: float) -> None:
        ended = time.time()

        def judged() -> str:
            states = whom.states(began, ended, self._grace)
            return (
                "" if None in states else f"a token of person {whom.person.number} was refused, and was good"
            )

        self._suspect(judged)

    def _suspect(self, judged: Callable[[], str]) -> None:
        if judged():
            self.found.suspects.append(judged)


def _outcome(status: int, payload: Json) -> str:
    if status == 401:
        return "UNAUTHENTICATED"
    if status != 200:
        return f"status {status}"
    code = payload.get("code")
    return str(code) if code in {"FORBIDDEN", "NOT_FOUND"} else "LET_THROUGH"


@asynccontextmanager
async def beating(actors: Actors) -> AsyncIterator[None]:
    """Measure the lag of this process for as long as the block lasts."""
    beat = asyncio.ensure_future(actors.beat())
    try:
        yield
    finally:
        beat.cancel()
