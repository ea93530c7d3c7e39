"""A crowd that is connected with one token, and what ends it: each way in turn, while commits go on.

There is always a second crowd, of another token of the same principal, that nothing is done to: it says which events
there were, and must not notice.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

from aiohttp import ClientSession, TCPConnector

from bench.load import Load
from bench.load_things import PROXY, make
from bench.revocation.connections import Crowd, Heard
from tests.e2e.client import Client, Json

BESIDE = 20
THINGS = 20
SECONDS = 60.0
"""Of a machine that is busy with other things."""


@dataclass(frozen=True)
class Size:
    """How many connect, and how much happens.

    Attributes:
        sockets: WebSockets of one crowd.
        streams: event streams of one crowd.
        rate: commits a second that all of them are told of.
        lasting: for how many seconds a token goes on once it is to expire.
    """

    sockets: int
    streams: int
    rate: float
    lasting: float


@dataclass
class Ending:
    """What became of one crowd; the seconds are from the deed on."""

    name: str
    last: float
    ended: float
    how: Counter[str]


@dataclass
class Found:
    """What was found."""

    endings: list[Ending] = field(default_factory=list)
    renewed: list[Heard] = field(default_factory=list)
    beside: list[Heard] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    events: int = 0


class People:
    """Makes principals and tokens, as an admin does."""

    def __init__(self, admin: Client) -> None:
        self._admin = admin
        self._names = map("bench {}".format, count(1))

    async def principal(self, role: str) -> str:
        """The id of somebody new."""
        given = {"name": next(self._names), "role": role}
        made = await self._change("createPrincipal", "principal { id }", given)
        return str(made["principal"]["id"])

    async def token(self, principal: str, role: str, expires_at: datetime | None = None) -> tuple[str, str]:
        """A new token's id and secret."""
        end = None if expires_at is None else expires_at.isoformat()
        given = {"name": next(self._names), "principalId": principal, "role": role, "expiresAt": end}
        made = await self._change("createToken", "secret token { id }", given)
        return str(made["token"]["id"]), str(made["secret"])

    async def revoke(self, ident: str) -> None:
        """End a token."""
        await self._change("revokeToken", "cursor", {"id": ident})

    async def renew(self, ident: str, expires_at: datetime) -> None:
        """Let a token end at another moment, which may be an earlier one."""
        await self._change("renewToken", "cursor", {"id": ident, "expiresAt": expires_at.isoformat()})

    async def deactivate(self, principal: str) -> None:
        """Let somebody ask no more."""
        await self._change("deactivatePrincipal", "cursor", {"id": principal})

    async def set_role(self, principal: str, role: str) -> None:
        """Let somebody do more or less."""
        await self._change("setPrincipalRole", "cursor", {"id": principal, "role": role})

    async def _change(self, name: str, selected: str, given: Json) -> Json:
        capital = name[0].upper() + name[1:]
        document = (
            f"mutation Change($input: {capital}Input!) {{ {name}(input: $input) {{"
            f" __typename ... on {capital}Payload {{ {selected} }} ... on UserError {{ message path }} }} }}"
        )
        return await self._admin.change(name, document, input=given)


class Run:
    """One run over the API processes at these addresses."""

    def __init__(self, size: Size, urls: Sequence[str], people: People) -> None:
        self._size = size
        self._urls = urls
        self._people = people
        self.found = Found()

    async def all(self, owner: str) -> None:
        """Every ending in turn, for somebody who has what changes."""
        people, found = self._people, self.found
        async with self._crowd((await people.token(owner, "VIEWER"))[1], BESIDE, 2) as beside:
            found.beside = beside.heard
            await self._told(beside)
            ident, secret = await people.token(owner, "VIEWER")
            await self._end("revoked", secret, lambda: people.revoke(ident))
            await self._expire(owner)
            admin = await people.principal("ADMIN")
            secret = (await people.token(admin, "ADMIN"))[1]
            await self._end("role changed", secret, lambda: people.set_role(admin, "OPERATOR"))
            await people.set_role(admin, "ADMIN")
            await self._end("deactivated", secret, lambda: people.deactivate(admin))
            await self._renew(owner, beside)

    async def _expire(self, owner: str) -> None:
        ident, secret = await self._people.token(owner, "VIEWER")

        async def expire() -> None:
            await _sleep_until(await self._shorten(ident))

        await self._end("expired", secret, expire, waits=True)

    async def _shorten(self, ident: str) -> datetime:
        """Let a token expire soon, now that all have come who are to be there; gives when."""
        end = datetime.now(UTC) + timedelta(seconds=self._size.lasting)
        await self._people.renew(ident, end)
        return end

    async def _end(
        self, name: str, token: str, deed: Callable[[], Awaitable[None]], *, waits: bool = False
    ) -> None:
        """Connect a crowd, end it, and see it gone; a deed that `waits` is done when it is over, and not before."""
        loop, size = asyncio.get_running_loop(), self._size
        async with self._crowd(token, size.sockets, size.streams) as crowd:
            await self._told(crowd)
            began = loop.time()
            await deed()
            began = loop.time() if waits else began
            await _until(lambda: all(each.how for each in crowd.heard))
            last, ended = (max(getattr(each, what) for each in crowd.heard) for what in ("last", "ended"))
        self.found.endings.append(
            Ending(name, last - began, ended - began, Counter(each.how for each in crowd.heard))
        )

    async def _renew(self, owner: str, beside: Crowd) -> None:
        """Renew a crowd's token on one of its own sockets, and see that nobody notices, long after its first end."""
        size = self._size
        ident, secret = await self._people.token(owner, "VIEWER")
        async with self._crowd(secret, size.sockets, size.streams) as crowd:
            await self._told(crowd)
            end = await self._shorten(ident)
            await crowd.followers[0].renew((end + timedelta(days=1)).isoformat())
            await _sleep_until(end)
            await self._told(crowd)
            self.found.renewed = crowd.heard
            reference = await _settled(beside)
            self.found.events = len(reference)
            self.found.wrong = [told for each in crowd.heard if (told := _judged(each, reference))]
            self.found.wrong += [told for each in beside.heard if (told := _judged(each, reference))]

    def _crowd(self, token: str, sockets: int, streams: int) -> Crowd:
        return Crowd(self._urls, token, sockets, streams)

    @staticmethod
    async def _told(crowd: Crowd) -> None:
        """Wait until everybody has been told of some events more."""
        due = [len(each.cursors) + 4 for each in crowd.heard]
        await _until(
            lambda: all(len(each.cursors) >= most for each, most in zip(crowd.heard, due, strict=True))
        )


async def _settled(beside: Crowd) -> Sequence[bytes]:
    """All events in their order, as the one who was there from the first was told them: some more than all others."""
    first = beside.heard[0].cursors
    due = len(first) + 5
    await _until(lambda: len(first) >= due)
    return tuple(first)


def _judged(heard: Heard, reference: Sequence[bytes]) -> str:
    """What is wrong with what one was told: it must be a piece of all that happened, without a gap or a repetition."""
    if heard.how:
        return f"was ended: {heard.how}"
    told = heard.events[: _common(heard.events, reference)]
    if not told or told[0] not in reference:
        return "was told of nothing that the others were told"
    begin = reference.index(told[0])
    return "" if tuple(told) == tuple(reference[begin : begin + len(told)]) else "has a gap, or a repetition"


def _common(events: Sequence[bytes], reference: Sequence[bytes]) -> int:
    """How many of them the reference had come to when it was taken."""
    return next(
        (place + 1 for place in reversed(range(len(events))) if events[place] == reference[-1]), len(events)
    )


async def _sleep_until(moment: datetime) -> None:
    await asyncio.sleep(max(0.0, (moment - datetime.now(UTC)).total_seconds()))


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(SECONDS):
        while not condition():  # noqa: ASYNC110  Of thousands of connections, none of which knows.
            await asyncio.sleep(0.005)


async def run(size: Size, urls: Sequence[str], admin_token: str) -> Found:
    """Prepare, and do it all."""
    async with ClientSession(connector=TCPConnector(limit=0)) as http:
        people = People(Client(http, urls[0], admin_token))
        owner = await people.principal("OPERATOR")
        _, secret = await people.token(owner, "OPERATOR")
        things = await make(Client(http, urls[0], secret), PROXY, THINGS)
        run = Run(size, urls, people)
        async with Load(http, urls, secret, things, size.rate):
            await run.all(owner)
    return run.found
