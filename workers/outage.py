"""Going on after an outage: pauses that grow while the database does not answer, and can be cut short."""

import asyncio

FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 5.0


async def wait_for(event: asyncio.Event, seconds: float | None) -> bool:
    """Wait until `event` is set or the time is over; whether it is set."""
    if event.is_set():
        return True
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return event.is_set()
    return True


class Pauses:
    """Pauses that double from the first to the longest."""

    def __init__(self) -> None:
        self._next = FIRST_PAUSE_SECONDS

    async def take(self, cut_short: asyncio.Event) -> None:
        """Wait for the next pause, or until `cut_short` is set."""
        seconds, self._next = self._next, min(self._next * 2, LONGEST_PAUSE_SECONDS)
        await wait_for(cut_short, seconds)

    def reset(self) -> None:
        """Begin with the first pause again: the database has answered."""
        self._next = FIRST_PAUSE_SECONDS
