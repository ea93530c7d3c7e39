"""Clients that send a request again until they are answered, whatever becomes of the process that they ask."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import msgspec
from aiohttp import ClientConnectorError, ClientError, ClientSession, ClientTimeout

from bench.retries.kinds import Json, Kind
from bench.retries.mutations import BY_FIELD
from tests.e2e.product import TOKEN

HEADERS = {"Authorization": f"Bearer {TOKEN}"}
ANSWER_SECONDS = 30.0
AGAIN_SECONDS = 0.02
# So many attempts are given up by their client, after so long at most.
IMPATIENT = 0.1
IMPATIENT_SECONDS = 0.03


@dataclass(frozen=True)
class Attempt:
    """A request on its way: from when to when, and whether it was answered."""

    began: float
    ended: float
    answered: bool


@dataclass
class Request:
    """What is sent with one key, all that was answered, and each attempt."""

    kind: Kind
    given: Json
    answers: list[Json] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)

    @property
    def distinct(self) -> list[bytes]:
        """The answers that differ in what they say."""
        said = (self.kind.answered(answer) for answer in self.answers)
        return sorted({msgspec.json.encode(one, order="sorted") for one in said})

    @property
    def shown(self) -> int:
        """How often something was shown that is shown once."""
        return (
            0
            if self.kind.again is None
            else sum(answer["__typename"] == self.kind.payload for answer in self.answers)
        )

    def answer_was_lost(self, at: float) -> bool:
        """Whether what has begun `at` that moment can only have been done by attempts that nobody was answered to."""
        within = [each for each in self.attempts if each.began <= at <= each.ended]
        return bool(within) and not any(each.answered for each in within)


class Broken(Exception):
    """The connection ended, or the client lost patience, before there was an answer."""


class NobodyThere(Exception):
    """No process took the connection."""


class Sender:
    """Sends requests to whatever process is there."""

    def __init__(self, http: ClientSession, urls: Callable[[], Sequence[str]], chance: random.Random) -> None:
        self._http = http
        self._urls = urls
        self._chance = chance
        self.surprises: Counter[str] = Counter()
        self.sent = 0

    async def once(self, field: str, given: Json) -> Json:
        """A payload, from processes that are well.

        Raises:
            AssertionError: there was none.
        """
        payload = await self._post(field, given, ANSWER_SECONDS)
        assert payload is not None, self.surprises
        return payload

    async def until_answered(self, request: Request) -> None:
        """Send it until it is answered, and note that."""
        while True:
            seconds = ANSWER_SECONDS
            if self._chance.random() < IMPATIENT:
                seconds = self._chance.uniform(0, IMPATIENT_SECONDS)
            began = time.time()
            try:
                payload = await self._post(request.kind.field, request.given, seconds)
            except NobodyThere:
                await asyncio.sleep(AGAIN_SECONDS)
                continue
            except Broken:
                payload = None
            request.attempts.append(Attempt(began, time.time(), payload is not None))
            if payload is not None:
                request.answers.append(payload)
                return

    async def _post(self, field: str, given: Json, seconds: float) -> Json | None:
        """The payload; None if an outage is told."""
        urls = self._urls()
        if not urls:
            raise NobodyThere
        body = {"query": BY_FIELD[field].document, "variables": {"input": given}}
        url = f"{self._chance.choice(urls)}/graphql"
        limit = ClientTimeout(total=max(seconds, 0.001))
        self.sent += 1
        try:
            async with self._http.post(url, json=body, headers=HEADERS, timeout=limit) as answer:
                result = await answer.json()
        except ClientConnectorError as error:
            raise NobodyThere from error
        except (ClientError, TimeoutError, OSError) as error:
            raise Broken from error
        return self._payload(field, result)

    def _payload(self, field: str, result: Json) -> Json | None:
        for error in result.get("errors", ()):
            self.surprises[str(error.get("extensions", {}).get("code") or error["message"])] += 1
        payload: Json | None = (result.get("data") or {}).get(field)
        if payload is not None and payload["__typename"] == "UnavailableError":
            return None
        return payload
