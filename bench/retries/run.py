"""One run: things are prepared, one request of each kind is sent undisturbed, then all others while processes die."""

import asyncio
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aiohttp import ClientSession, TCPConnector

from bench.retries.judging import Effect, Verdict, effect, judge, look
from bench.retries.kinds import Kind
from bench.retries.mutations import KINDS
from bench.retries.sending import Request, Sender
from bench.retries.stand import Stand
from core.settings import load
from core.tasks import Owner
from db.engine import Engines

# A number of things that are prepared, and one of those that are made, far enough apart for ports.
MADE_FROM = 20_000
NEIGHBOURS = 100


@dataclass(frozen=True)
class Size:
    """How many keys, how often each is answered, how many are sent at once, and to how many one process is killed."""

    keys: int = 1000
    copies: int = 8
    at_once: int = 24
    every: int = 400
    kinds: Sequence[Kind] = KINDS


@dataclass(frozen=True)
class Found:
    """What a run has found, and what it was."""

    requests: Sequence[Request]
    verdict: Verdict
    kills: int
    surprises: dict[str, int]
    complaints: Sequence[str]

    @property
    def wrong(self) -> list[str]:
        """All that must not be."""
        told = [f"{count} times {code}" for code, count in self.surprises.items()]
        return [*self.verdict.answers, *self.verdict.effects, *told, *self.complaints]

    @property
    def attempts(self) -> int:
        """How often anything was sent."""
        return sum(len(each.attempts) for each in self.requests)

    @property
    def broken(self) -> int:
        """How many of them were not answered."""
        return sum(not attempt.answered for each in self.requests for attempt in each.attempts)


async def run(stand: Stand, size: Size, seed: int) -> Found:
    """Prepare, send, kill, and judge."""
    chance = random.Random(seed)
    engines = Engines(load(database_url=stand.database_url).database_url)
    try:
        async with ClientSession(connector=TCPConnector(limit=0)) as http:
            sender = Sender(http, lambda: stand.urls, chance)
            effects = await _undisturbed(engines, sender, size)
            numbers = range(len(size.kinds), len(size.kinds) + size.keys)
            requests = await _prepared(sender, size, numbers)
            before = await look(engines)
            await _disturbed(stand, sender, size, requests, chance)
        after = await look(engines)
    finally:
        await engines.close()
    verdict = judge(requests, effects, before, after, size.copies)
    complaints = [text for each in stand.processes for text in each.complaints]
    return Found(requests, verdict, stand.kills, dict(sender.surprises), complaints)


async def _undisturbed(engines: Engines, sender: Sender, size: Size) -> dict[Kind, Effect]:
    """What each kind does."""
    requests = await _prepared(sender, size, range(len(size.kinds)))
    effects, before = {}, await look(engines)
    for request in requests:
        request.answers.append(await sender.once(request.kind.field, request.given))
        after = await look(engines)
        effects[request.kind] = effect(before, after, request)
        before = after
    return effects


async def _prepared(sender: Sender, size: Size, numbers: Sequence[int]) -> list[Request]:
    """Requests with these numbers, of all kinds in turn, each with things of its own."""
    at_once = asyncio.Semaphore(size.at_once)

    async def prepared(number: int) -> Request:
        kind = size.kinds[number % len(size.kinds)]
        async with at_once:
            given = await kind.prepare(sender.once, f"prepared {number}", number)
        given |= kind.given(f"made {number}", MADE_FROM + number)
        return Request(kind, given | {"idempotencyKey": f"key {number}"})

    return [*await asyncio.gather(*(prepared(number) for number in numbers))]


async def _disturbed(
    stand: Stand, sender: Sender, size: Size, requests: Sequence[Request], chance: random.Random
) -> None:
    """Send each so often, many at once, while processes are killed."""
    left = iter(_mixed(requests, size.copies, chance))

    async def client() -> None:
        for request in left:
            await sender.until_answered(request)

    async with Owner("retries") as owner:
        when = random.Random(chance.random())
        owner.start(stand.kill_now_and_then(lambda: sender.sent, size.every, when), "kill")
        await asyncio.gather(*(client() for _ in range(size.at_once)))


def _mixed(requests: Sequence[Request], copies: int, chance: random.Random) -> Iterator[Request]:
    """Each so often, some at the same time and some long after others: neighbours together, in any order."""
    for start in range(0, len(requests), NEIGHBOURS):
        some = [request for request in requests[start : start + NEIGHBOURS] for _ in range(copies)]
        chance.shuffle(some)
        yield from some
