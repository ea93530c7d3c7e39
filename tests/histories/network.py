"""A channel between processes that loses, repeats, delays and reorders, as the histories tell it to."""

import asyncio
from collections import deque

from events.channel import Channel
from events.doorbell import Doorbell

LOST, TWICE, LATE = "lost", "twice", "late"
SETTLED = '"type":"s"'


class Prompt(Doorbell):
    """One that never looks unasked: whether rings and doubts are enough is what histories are to find out."""

    async def _look_slowly(self) -> None:
        pass


class Network:
    """All lines. `fates` says what becomes of the messages to come; those that it does not name arrive."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.fates: deque[str] = deque()
        self._late: list[tuple[Line, str]] = []

    def bell(self, process: str) -> Doorbell:
        """The doorbell of a process, on a line of this network."""
        bell = Prompt("memory://", process)
        line = Line(self, bell.channel)
        bell.channel = line
        self.lines.append(line)
        return bell

    def send(self, message: str) -> None:
        """Bring a message to everybody whose line is up."""
        fate = self.fates.popleft() if self.fates else ""
        # Whoever hears of neither the announcement nor the end has a line that was lost, and is in doubt.
        if fate == LOST and SETTLED in message:
            return
        for line in self.lines:
            if fate == LATE:
                self._late.append((line, message))
                continue
            for _ in range(2 if fate == TWICE else 1):
                line.arrives(message)

    def release(self) -> None:
        """What was late arrives, the last first."""
        while self._late:
            line, message = self._late.pop()
            line.arrives(message)


class Line(Channel):
    """One process's end of it."""

    def __init__(self, network: Network, replaced: Channel) -> None:
        super().__init__("redis://nowhere", heard=replaced._heard, doubted=replaced._doubted)
        self._network = network
        self.is_up = True

    @property
    def connected(self) -> bool:
        return self.is_up

    async def start(self) -> None:
        self._doubted()

    async def publish(self, message: str) -> bool:
        await asyncio.sleep(0)
        if self.is_up:
            self._network.send(message)
        return self.is_up

    def arrives(self, message: str) -> None:
        if self.is_up:
            asyncio.get_running_loop().call_soon(self._heard, message)

    def switch(self, *, up: bool) -> None:
        """Lose the line, or have it again; both times the process is in doubt, as `Channel` has it."""
        if up != self.is_up:
            self.is_up = up
            self._doubted()
