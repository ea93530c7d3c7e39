"""What `/readyz` asks of a process: that each part that a request depends on answers now."""

from core.errors import Unavailable
from events.hub import Hub
from events.log import Log
from web.foundation import Foundation
from web.health import Check
from workers.runner import Runner


def checks(ground: Foundation, hub: Hub, runner: Runner | None) -> dict[str, Check]:
    """The checks by name; workers in other processes are not this one's to answer for."""

    async def channel() -> None:
        if not ground.doorbell.channel.connected:
            raise Unavailable(f"{ground.doorbell.channel!r}: {ground.doorbell.channel.last_error}")

    async def reads_log() -> None:
        head = await Log(ground.engines).head()
        # A hub whose database was replaced while nothing happened may learn of it here.
        hub.rung(head.position, head.tag)
        await hub.wait_beyond(head.position - 1)

    async def workers() -> None:
        if runner is None or not runner.answers:
            raise Unavailable(f"{runner!r} cannot look for work; the log has the reason.")

    found: dict[str, Check] = {"database": ground.engines.check, "channel": channel, "log": reads_log}
    return found if runner is None else {**found, "workers": workers}
