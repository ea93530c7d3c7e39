"""A shard in a worker's hands, and the words between the runner and the handlers of each kind of work."""

import asyncio
from typing import Protocol

from core.errors import HeliographError
from db.repositories.shards import Claim
from services.turns import Standing


class Held:
    """A claim that is being worked on. `stirred` is set when there is something for its handler to look at."""

    def __init__(self, claim: Claim) -> None:
        self.claim = claim
        self.stirred = asyncio.Event()
        self.stopping = asyncio.Event()
        self.is_lost = False
        self.task: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        state = "lost" if self.is_lost else "stopping" if self.is_stopping else "at work"
        return f"<Held {self.claim.kind} {self.claim.within} fence {self.claim.fence}, {state}>"

    @property
    def is_stopping(self) -> bool:
        """Whether the handler is asked to stop."""
        return self.stopping.is_set()

    def stop(self) -> None:
        """Ask the handler to write what is finished and give the shard back."""
        self.stopping.set()
        self.stirred.set()

    def lose(self) -> None:
        """The lease is another's now: end the work, for nothing of it can be written any more.

        Nothing is cancelled from here: a transaction that is under way ends by itself, refused by its fence.
        """
        self.is_lost = True
        self.stop()


class Handler(Protocol):
    """One kind of work."""

    async def handle(self, held: Held) -> Standing:
        """Work on a shard until it is done, stopped or lost.

        GOING_ON and STOPPED give the shard back. It may be called again for the same claim after Unavailable, and
        by another worker at any point, so it begins with a look at what is left.

        Raises:
            Unavailable: the database does not answer.
            CannotGoOn: the phase must fail.
        """


class CannotGoOn(HeliographError):
    """The phase cannot go on, whoever tries it again: `code` is for programs, the text for people."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


NO_USABLE_PERSONA = "NO_USABLE_PERSONA"
NO_USABLE_PROXY = "NO_USABLE_PROXY"
