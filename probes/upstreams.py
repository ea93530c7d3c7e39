"""The resolvers of one persona: how each is asked, which is next, and which is passed over for a while.

A resolver that left FAILURES tries in a row without any answer is passed over for PAUSE_SECONDS; then one try goes
to it, which either brings it back or passes it over again. An answer of any kind counts as life, SERVFAIL too, for
that may be the fault of the name. When all are passed over, all are asked, for there is nobody better.
"""

import math
import random
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from probes.dns_transport import Answer
from vocabulary.personas import DnsPersonaConfig, ResolverStrategy

FAILURES = 5
PAUSE_SECONDS = 30.0


class Upstream(Protocol):
    """One resolver, whichever way it is asked."""

    @property
    def text(self) -> str:
        """How it was written, by which verdicts name it."""

    def ask(self, asked: bytes) -> Answer:
        """Send a question; the future gets the packet that answers it, or the OSError that says it cannot.

        Whoever cancels the future ends the waiting.

        Raises:
            OSError: there is no way to the server.
        """

    async def ask_whole(self, asked: bytes) -> bytes:
        """Ask for an answer that was cut, in a way that does not cut.

        Raises:
            OSError: there is none.
        """

    async def close(self) -> None:
        """End everything that is open."""


class Breaker:
    """Counts the tries in a row that one resolver left without an answer. `now` is in seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._failures = 0
        self._until = 0.0

    def __repr__(self) -> str:
        return f"<Breaker, {self._failures} failures>"

    @property
    def is_open(self) -> bool:
        """Whether the resolver is passed over now."""
        return self._failures >= FAILURES and self._now() < self._until

    def begin(self) -> None:
        """A try goes to the resolver; while it is on trial, no other does."""
        if self._failures >= FAILURES:
            self._until = self._now() + PAUSE_SECONDS

    def note(self, *, answered: bool) -> None:
        """What became of a try."""
        self._failures = 0 if answered else self._failures + 1
        if self._failures == FAILURES:
            self._until = self._now() + PAUSE_SECONDS


class Member:
    """A resolver with its breaker and its weight."""

    def __init__(self, upstream: Upstream, weight: int, now: Callable[[], float]) -> None:
        self.upstream = upstream
        self.weight = weight
        self.breaker = Breaker(now)


class Rota:
    """Says in which order one lookup tries the resolvers."""

    def __init__(
        self, upstreams: Iterable[Upstream], config: DnsPersonaConfig, now: Callable[[], float]
    ) -> None:
        weights = {one.resolver: one.weight for one in config.weights}
        members = [Member(upstream, weights.get(upstream.text, 1), now) for upstream in upstreams]
        self._strategy = config.strategy
        self.members = _by_preference(members, config.preferred_order)
        self._turn = 0

    def __repr__(self) -> str:
        return f"<Rota {self._strategy} of {', '.join(one.upstream.text for one in self.members)}>"

    def order(self) -> list[Member]:
        """Those that are not passed over, in the order of the strategy; all, if all are."""
        order = self._by_strategy()
        return [one for one in order if not one.breaker.is_open] or order

    def _by_strategy(self) -> list[Member]:
        match self._strategy:
            case ResolverStrategy.RANDOM_ROTATION:
                return random.sample(self.members, len(self.members))
            case ResolverStrategy.WEIGHTED_ROTATION:
                # Efraimidis and Spirakis, "Weighted random sampling with a reservoir" (2006): the first is drawn
                # in proportion to the weights, the next likewise from the rest.
                return sorted(self.members, key=_lot, reverse=True)
            case ResolverStrategy.ROUND_ROBIN:
                self._turn = (self._turn + 1) % len(self.members)
                return self.members[self._turn - 1 :] + self.members[: self._turn - 1]
            case ResolverStrategy.SEQUENTIAL_FAILOVER:
                return self.members


def _lot(member: Member) -> float:
    return math.pow(random.random(), 1 / member.weight)  # noqa: S311 - a rotation, no secret.


def _by_preference(members: Sequence[Member], preferred: Sequence[str]) -> list[Member]:
    """The preferred ones in their order, then the others in theirs."""
    place = {text: number for number, text in enumerate(preferred)}
    return sorted(members, key=lambda one: place.get(one.upstream.text, len(place)))
