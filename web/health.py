"""Whether the process is alive, and whether it can serve."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import msgspec
import structlog
from aiohttp import web

from core.tasks import Owner

Check = Callable[[], Awaitable[None]]
CHECK_SECONDS = 2.0

log = structlog.get_logger(__name__)


class Outcome(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one check found."""

    ok: bool
    milliseconds: float
    error: str | None = None


class Health:
    """`/healthz` and `/readyz`. A check returns when all is well and raises when it is not.

    A process that is about to stop is not ready, however well it is: `is_draining` says so, and nothing is checked.

    What a check takes too long for is told at once, though ending it can take much longer when a server hangs: drivers
    ask the server to cancel, and wait for its answer. Whoever asks meanwhile is told of the check that still runs.
    """

    def __init__(
        self,
        checks: Mapping[str, Check],
        check_seconds: float = CHECK_SECONDS,
        is_draining: Callable[[], bool] = lambda: False,
    ) -> None:
        self._checks = dict(checks)
        self._check_seconds = check_seconds
        self._is_draining = is_draining
        self._owner = Owner("health")
        self._running: dict[str, asyncio.Task[Outcome]] = {}

    def add_to(self, app: web.Application) -> None:
        """Answer on `/healthz` and `/readyz` for as long as the application runs."""
        app.router.add_get("/healthz", self.alive)
        app.router.add_get("/readyz", self.ready)
        app.on_cleanup.append(self._close)

    async def _close(self, _app: web.Application) -> None:
        await self._owner.close()

    async def alive(self, _request: web.Request) -> web.Response:
        """The event loop runs; nothing else is looked at."""
        return _json(200, {"status": "alive"})

    async def ready(self, _request: web.Request) -> web.Response:
        """Each check by its name; 503 when one of them failed, or the process is about to stop."""
        if self._is_draining():
            return _json(503, {"status": "draining", "checks": {}})
        outcomes = await asyncio.gather(*(self._look(name, check) for name, check in self._checks.items()))
        ready = all(outcome.ok for outcome in outcomes)
        body = {
            "status": "ready" if ready else "not ready",
            "checks": dict(zip(self._checks, outcomes, strict=True)),
        }
        return _json(200 if ready else 503, body)

    async def _look(self, name: str, check: Check) -> Outcome:
        running = self._running.get(name)
        if running is None or running.done():
            running = self._running[name] = self._owner.start(self._outcome(name, check), name)
        await asyncio.wait({running}, timeout=self._check_seconds)
        if running.done() and not running.cancelled():
            return running.result()
        return Outcome(ok=False, milliseconds=1000 * self._check_seconds, error=self._too_late)

    @property
    def _too_late(self) -> str:
        return f"no answer within {self._check_seconds:g} s"

    async def _outcome(self, name: str, check: Check) -> Outcome:
        loop = asyncio.get_running_loop()
        start = loop.time()
        error = None
        try:
            async with asyncio.timeout(self._check_seconds):
                await check()
        except TimeoutError:
            error = self._too_late
        except Exception as failure:  # noqa: BLE001  Logged with its reason, which may hold an address or worse.
            log.warning("check_failed", check=name, reason=str(failure))
            error = "failed; the log has the reason"
        return Outcome(error is None, round((loop.time() - start) * 1000, 3), error)


def _json(status: int, body: object) -> web.Response:
    return web.Response(
        status=status,
        body=msgspec.json.encode(body),
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )
