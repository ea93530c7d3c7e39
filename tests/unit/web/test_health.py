import asyncio

from tests.fakes.edge import serving
from tests.integration.waiting import until
from web.health import Health


async def fine() -> None:
    pass


async def broken() -> None:
    raise ValueError("postgresql://user:secret@host")


async def test_alive_looks_at_nothing() -> None:
    async with serving(checks={"database": broken}) as edge:
        response = await edge.client.get(f"{edge.url}/healthz")
        assert (response.status, await response.json()) == (200, {"status": "alive"})


async def test_ready_when_every_check_passes() -> None:
    async with serving(checks={"database": fine, "channel": fine}) as edge:
        response = await edge.client.get(f"{edge.url}/readyz")
        body = await response.json()
        assert (response.status, body["status"]) == (200, "ready")
        assert {name: check["ok"] for name, check in body["checks"].items()} == {
            "database": True,
            "channel": True,
        }


async def test_one_that_fails_is_503_and_keeps_its_reason_to_the_log() -> None:
    async with serving(checks={"database": broken, "channel": fine}) as edge:
        response = await edge.client.get(f"{edge.url}/readyz")
        body = await response.json()
        assert (response.status, body["status"]) == (503, "not ready")
        assert body["checks"]["database"]["error"] == "failed; the log has the reason"
        assert body["checks"]["channel"]["ok"] is True
        assert response.headers["Cache-Control"] == "no-store"


async def test_one_that_does_not_answer_is_not_waited_for() -> None:
    """Not even for its clean-up, and it is not begun again before that is over."""
    begun, over = 0, asyncio.Event()

    async def hanging() -> None:
        nonlocal begun
        begun += 1
        try:
            await asyncio.Event().wait()
        finally:
            await over.wait()

    health = Health({}, check_seconds=0.01)
    for _ in range(3):
        outcome = await health._look("database", hanging)
        assert (outcome.ok, outcome.error) == (False, "no answer within 0.01 s")
    assert begun == 1
    over.set()
    await until(health._running["database"].done)
    assert (await health._look("database", fine)).ok
