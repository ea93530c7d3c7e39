"""What API processes share in Redis to keep count together, and what it is worth when Redis is gone: nothing at once.

Nothing here is the truth of anything: all that is lost with it is who had taken how much of the last minute.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

import structlog
from redis import asyncio as redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

ANSWER_SECONDS = 0.25
APART_SECONDS = 1.0
CONNECTIONS = 16

log = structlog.get_logger(__name__)


class Shared:
    """Runs scripts on one Redis; `apart` is whether it was found not to answer."""

    def __init__(self, url: str) -> None:
        self._client = redis.Redis.from_url(
            url,
            socket_connect_timeout=ANSWER_SECONDS,
            socket_timeout=ANSWER_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        self._scripts: dict[str, Any] = {}
        self._again_at = 0.0
        # A connection each would be thousands after a restart.
        self._turns = asyncio.Semaphore(CONNECTIONS)
        self.apart = False

    def __repr__(self) -> str:
        return f"<Shared {'apart' if self.apart else 'together'}>"

    async def run(self, script: str, key: str, *args: str | float) -> Any:
        """What a script on one key answers; None if Redis does not, or has not within the last second."""
        if self._is_silent():
            return None
        async with self._turns:
            # Whoever had the turn before may have found out that nobody answers.
            return None if self._is_silent() else await self._ask(script, key, args)

    def _is_silent(self) -> bool:
        return self.apart and asyncio.get_running_loop().time() < self._again_at

    async def _ask(self, script: str, key: str, args: Sequence[str | float]) -> Any:
        # Whoever comes while this one finds out need not.
        self._again_at = asyncio.get_running_loop().time() + APART_SECONDS
        known = self._scripts.get(script)
        if known is None:
            known = self._scripts[script] = self._client.register_script(script)
        try:
            answer = await known(keys=[key], args=list(args))
        except (RedisError, OSError) as error:
            if not self.apart:
                log.warning("shared_counts_apart", error=repr(error))
            self.apart = True
            return None
        if self.apart:
            log.info("shared_counts_together")
        self.apart = False
        return answer

    async def close(self) -> None:
        """Hang up."""
        await self._client.aclose()
