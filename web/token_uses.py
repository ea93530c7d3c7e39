"""When each token was used at last, written beside the requests and never by one of them.

A use is noted in memory, which takes no time. A task writes what was noted, all of it at once, a moment after the first
of it; a use within a minute of one that was noted is not noted, so a token costs one small write in a minute at most,
and nothing is written while nobody comes. What is known is therefore true to the minute, which is what it is for: to
find the tokens that nobody needs any more.

Each process does so for itself, and the later time stays. In an outage what was noted waits; what a process had not
written when it was killed is lost, and the next use makes up for it.
"""

import asyncio
from datetime import datetime, timedelta
from typing import Self
from uuid import UUID

import structlog

from core.clock import Clock
from core.errors import Unavailable
from core.tasks import Owner
from services.principals import Principals

GRAIN = timedelta(minutes=1)
GATHER_SECONDS = 0.5
RETRY_SECONDS = 5.0
# A process that ends is waited for, and this is not worth waiting for.
LAST_WRITE_SECONDS = 2.0
# Whoever wants to write meanwhile, on SQLite, waits for as many at most.
MOST_AT_ONCE = 500

log = structlog.get_logger(__name__)


class TokenUses:
    """Notes uses from the start, and writes them from `start` to `close`, which writes what is left."""

    def __init__(self, principals: Principals, clock: Clock) -> None:
        self._principals = principals
        self._clock = clock
        self._owner = Owner("web.token_uses")
        self._noted: dict[UUID, datetime] = {}
        self._unwritten: dict[UUID, datetime] = {}
        self._woken = asyncio.Event()

    def __repr__(self) -> str:
        return f"<TokenUses of {len(self._noted)} tokens, {len(self._unwritten)} to be written>"

    def note(self, token_id: UUID) -> None:
        """A token is being used."""
        now = self._clock.now()
        before = self._noted.get(token_id)
        if before is None or now >= before + GRAIN:
            self._noted[token_id] = self._unwritten[token_id] = now
            self._woken.set()

    def start(self) -> Self:
        """Write from now on what is noted."""
        self._owner.start(self._follow(), "follow")
        return self

    async def close(self) -> None:
        """Write what is left, unless the database does not answer at once."""
        await self._owner.close()
        await self._try_to_write(LAST_WRITE_SECONDS)

    async def _follow(self) -> None:
        while True:
            await self._woken.wait()
            await asyncio.sleep(GATHER_SECONDS)
            self._woken.clear()
            if not await self._try_to_write():
                await asyncio.sleep(RETRY_SECONDS)
                self._woken.set()

    async def _try_to_write(self, seconds: float | None = None) -> bool:
        try:
            await self._write(seconds)
        except Unavailable as error:
            log.warning("token_uses_not_written", tokens=len(self._unwritten), reason=str(error))
            return False
        except Exception:
            # If this ended the task, nothing would be known of any token from here on.
            log.exception("token_uses_not_written", tokens=len(self._unwritten))
            return False
        return True

    async def _write(self, seconds: float | None) -> None:
        due = sorted(self._unwritten)
        for start in range(0, len(due), MOST_AT_ONCE):
            part = {ident: self._unwritten[ident] for ident in due[start : start + MOST_AT_ONCE]}
            await self._principals.note_uses(part, seconds)
            for ident, at in part.items():
                # Whoever came once more meanwhile is written the next time.
                if self._unwritten[ident] == at:
                    del self._unwritten[ident]
        self._forget()

    def _forget(self) -> None:
        """Keep in memory the tokens of the last minute alone."""
        since = self._clock.now() - GRAIN
        self._noted = {ident: at for ident, at in self._noted.items() if at > since}
