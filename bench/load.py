"""A load of commits at a given rate, by GraphQL mutations against one or more API processes.

Many aliased mutations go in one document, each a transaction of its own, so that the cost is the commits' and not
HTTP's. The load tolerates everything that an outage does, and says of every change how it ended: *acknowledged* (with
the position that it was promised), *refused* (nothing was done), or *in doubt* (nobody can know but the log). What an
outage does not explain is kept as `surprises`.

    async with ClientSession() as http, Load(http, urls, token, things, rate=200) as load:
        ...
    print(load.tally)
"""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count, cycle
from typing import Any

from aiohttp import ClientConnectorError, ClientError, ClientSession, ClientTimeout

from bench.history import position_of
from bench.load_things import Thing
from core.tasks import Owner

CHANGES_PER_DOCUMENT = 20
DOCUMENTS_AT_ONCE = 4
# As long as a transaction may take, and then some: nobody is cut off who would be answered.
ANSWER_SECONDS = 45.0
# What an outage left undone is caught up with, but not all of an hour in one go.
MOST_ARREARS_SECONDS = 2.0
OUTAGES = frozenset({"UNAVAILABLE"})
ERRORS = "... on UserError { code message } ... on UnavailableError { isInDoubt }"


@dataclass
class Tally:
    """How the changes ended."""

    acknowledged: list[int] = field(default_factory=list)
    refused: int = 0
    in_doubt: int = 0
    surprises: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        return f"{len(self.acknowledged)} acknowledged, {self.refused} refused, {self.in_doubt} in doubt"


class Load:
    """Changes things for as long as its block lasts.

    Args:
        http: with a limit of connections that does not hold the load back.
        urls: where to send documents, in turn.
        token: whose things they are.
        things: what is changed, in turn.
        rate: changes a second, on average; what an outage holds back is made up for within reason.
    """

    def __init__(
        self, http: ClientSession, urls: Sequence[str], token: str, things: Sequence[Thing], rate: float
    ) -> None:
        self._http = http
        self._urls = cycle(urls)
        self._headers = {"Authorization": f"Bearer {token}"}
        self._things = cycle(things)
        self._rate = rate
        self._numbers = count(1)
        self._at_once = asyncio.Semaphore(DOCUMENTS_AT_ONCE)
        self._owner = Owner("load")
        self._pacing: asyncio.Task[None] | None = None
        self._over = asyncio.Event()
        self.tally = Tally()

    async def __aenter__(self) -> "Load":
        self._pacing = self._owner.start(self._pace(), "pace")
        return self

    async def __aexit__(self, *_rest: object) -> None:
        self._over.set()
        if self._pacing is not None:
            await self._pacing
        await self._owner.close()

    async def _pace(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        # What is under way at the end ends by itself, so that no change is in doubt only because the load is over.
        async with asyncio.TaskGroup() as sending:
            while not await self._over_before(due):
                await self._at_once.acquire()
                sending.create_task(self._send())
                due = max(due, loop.time() - MOST_ARREARS_SECONDS) + CHANGES_PER_DOCUMENT / self._rate

    async def _over_before(self, due: float) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout_at(due):
                await self._over.wait()
        return self._over.is_set()

    async def _send(self) -> None:
        changes = [next(self._things) for _ in range(CHANGES_PER_DOCUMENT)]
        body = {"query": document(changes), "variables": dict(self._variables(changes))}
        try:
            await self._ask(body, len(changes))
        except ClientConnectorError:
            self.tally.refused += len(changes)
        except (ClientError, TimeoutError):
            self.tally.in_doubt += len(changes)
        finally:
            self._at_once.release()

    def _variables(self, changes: Sequence[Thing]) -> Iterator[tuple[str, dict[str, Any]]]:
        for place, thing in enumerate(changes):
            yield f"v{place}", thing.changed_to(next(self._numbers))

    async def _ask(self, body: dict[str, Any], changes: int) -> None:
        url = f"{next(self._urls)}/graphql"
        limit = ClientTimeout(total=ANSWER_SECONDS)
        async with self._http.post(url, json=body, headers=self._headers, timeout=limit) as answer:
            result = await answer.json()
        for error in result.get("errors", ()):
            self._surprise(str(error.get("extensions", {}).get("code") or error["message"]))
        found = list((result.get("data") or {}).values())
        for each in found:
            self._count(each)
        if not found and answer.status in {401, 429, 503}:
            self.tally.refused += changes
        else:
            self.tally.in_doubt += changes - len(found)

    def _count(self, answer: dict[str, Any] | None) -> None:
        if answer is None:
            self.tally.in_doubt += 1
        elif "cursor" in answer:
            self.tally.acknowledged.append(position_of(answer["cursor"]))
        elif answer.get("isInDoubt"):
            self.tally.in_doubt += 1
        else:
            self.tally.refused += 1
            self._surprise(answer["code"])

    def _surprise(self, code: str) -> None:
        if code not in OUTAGES:
            self.tally.surprises[code] += 1


def document(changes: Sequence[Thing]) -> str:
    """One mutation that changes each of these; of equal kinds in an equal order it is the same text."""
    heads = ", ".join(f"$v{place}: {thing.kind.input}!" for place, thing in enumerate(changes))
    fields = "\n".join(f"c{place}: {_field(thing, place)}" for place, thing in enumerate(changes))
    return f"mutation Load({heads}) {{\n{fields}\n}}"


def _field(thing: Thing, place: int) -> str:
    told = f"... on Update{thing.kind.noun}Payload {{ cursor }} {ERRORS}"
    return f"{thing.kind.update}(input: $v{place}) {{ {told} }}"
