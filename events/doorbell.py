"""The doorbell: after a commit, everybody who may want to look is told, and nobody is told nothing.

A ring is worth nothing but time: it may be lost, repeated or late, and the log still has everything. What may
not happen is that a commit is followed by no ring at all and everybody waits. So there are two steps:

- before its transaction a writer *announces* that a commit may come (`db/unit_of_work.py`);
- after it, the announcement is *settled*: rung, or withdrawn after a rollback.

Who hears an announcement and not its settlement looks into the log after a second, and again at growing
distances until the transaction can no longer be open; then the announcement is forgotten. A writer that was
killed between its commit and its ring is noticed so, without polling. A commit that was cut short is left
standing in the same way, here too: the server may be at it still, so one look is not enough. Nor is it for whoever
has lost the channel and is back: an announcement may have been missed, and its commit be yet to come.

One silence is left: a writer that alone is cut off announces nothing, and if it dies between its commit and its line's
return, the others were never in doubt. The next commit tells them; so that there need be none, each process looks at
the log once in five minutes, whatever it has heard (`SLOW_LOOK_SECONDS`). A channel of one process needs no such look.

Settlements are sent by one task, which sends all that are due in one message: many commits, few messages. What
the channel does not take is kept until it does, for the others may hear each other all the while and be in no doubt.
What is repeated or comes late does no harm, and strangers on the channel, however many, cause a look now and then.
Listeners in the writer's own process are told directly, so they need no channel at all.
"""

import asyncio
from collections.abc import Callable
from itertools import count

import msgspec

from core.tasks import Owner
from db.engine import LONG_TRANSACTION_SECONDS, TRANSACTION_SECONDS
from db.unit_of_work import Outcome
from events.channel import Channel

# Few transactions are long, and after the last look none can still be under way.
LOOK_AFTER_SECONDS = (
    *(1.0, 2.0, 4.0, 8.0, 16.0, TRANSACTION_SECONDS + 5.0),
    *(60.0, 120.0, 240.0, LONG_TRANSACTION_SECONDS + 5.0),
)
STANDING_LIMIT = 10_000
MANY = ""
"""Stands for the sender of those announcements that are too many to be looked after one by one."""
MISSED = ("", -1)
"""Stands for the announcements that were made while the channel was lost."""
STRANGERS_PAUSE_SECONDS = 1.0
SLOW_LOOK_SECONDS = 300.0
"""How long a commit may stay unseen whose writer could announce nothing, and died before it could ring."""
NUMBERS_PER_MESSAGE = 200
FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 1.0


class Ring(msgspec.Struct, frozen=True):
    """What a listener is told.

    The log reaches `position` (None: perhaps further than known), and there is new `work` (None: perhaps). `tag` is
    that of the position, if the sender knows it.
    """

    position: int | None
    work: bool | None
    tag: int | None = None


DOUBT = Ring(position=None, work=None)


class Announced(msgspec.Struct, frozen=True, tag="a"):
    """On the channel: the sender may commit soon."""

    sender: str
    number: int


class Settled(msgspec.Struct, frozen=True, tag="s"):
    """On the channel: these announcements are over. `position` 0: nothing was committed."""

    sender: str
    numbers: list[int]
    position: int = 0
    work: bool = False
    doubt: bool = False
    tag: int | None = None


_decoder: msgspec.json.Decoder[Announced | Settled] = msgspec.json.Decoder(Announced | Settled)


class Doorbell:
    """The bell of one process: it is rung by the process's writers and tells its listeners of everybody's."""

    def __init__(self, channel_url: str, process: str) -> None:
        self.channel = Channel(channel_url, heard=self._heard, doubted=self._doubted)
        self._process = process
        self._owner = Owner("doorbell")
        self._listeners: list[Callable[[Ring], None]] = []
        self._numbers = count(1)
        self._unsettled: Settled | None = None
        self._due = asyncio.Event()
        self._sending = asyncio.Lock()
        self._standing: dict[tuple[str, int], asyncio.TimerHandle] = {}
        self._pausing: asyncio.TimerHandle | None = None
        self._strangers = False
        self._started = False
        self.rings_heard = 0
        self.doubts = 0

    def __repr__(self) -> str:
        return f"<Doorbell of {self._process}, {len(self._standing)} announcements standing>"

    def listen(self, listener: Callable[[Ring], None]) -> None:
        """Tell `listener` of every ring and every doubt, in the event loop; it must not block."""
        self._listeners.append(listener)

    async def start(self) -> None:
        """Connect the channel.

        Raises:
            Misconfigured: it cannot be reached.
        """
        await self.channel.start()
        self._started = True
        self._owner.start(self._send(), "send")
        if not self.channel.is_local:
            self._owner.start(self._look_slowly(), "look slowly")

    async def close(self) -> None:
        """Send what is due, then leave the channel."""
        await self._send_due()
        await self._owner.close()
        self._started = False
        for timer in self._standing.values():
            timer.cancel()
        self._standing.clear()
        if self._pausing is not None:
            self._pausing.cancel()
        await self.channel.close()

    async def announce(self) -> int:
        """Say that a commit may come. See `db.unit_of_work.Bell`."""
        number = next(self._numbers)
        # On a local channel the listeners die with the writer, so there is nobody to warn.
        if self.channel.connected and not self.channel.is_local:
            await self.channel.publish(_encode(Announced(sender=self._process, number=number)))
        return number

    def settle(
        self, number: int, outcome: Outcome, position: int, *, work: bool, tag: int | None = None
    ) -> None:
        """Say how the transaction ended. See `db.unit_of_work.Bell`."""
        committed = outcome is Outcome.COMMITTED
        doubt = outcome is Outcome.IN_DOUBT
        if doubt:
            self._tell(DOUBT)
            self._look_later((self._process, number), attempt=0)
        elif committed and (position or work):
            self._tell(Ring(position=position, work=work, tag=tag))
        self._add(
            Settled(
                sender=self._process,
                numbers=[] if doubt else [number],
                position=position if committed else 0,
                work=committed and work,
                doubt=doubt,
                tag=tag if committed else None,
            )
        )

    def _add(self, settled: Settled) -> None:
        before = self._unsettled
        self._unsettled = settled if before is None else _together(before, settled)
        self._due.set()

    async def _send(self) -> None:
        pause = FIRST_PAUSE_SECONDS
        while True:
            await self._due.wait()
            if await self._send_due():
                pause = FIRST_PAUSE_SECONDS
            else:
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    async def _look_slowly(self) -> None:
        while True:
            await asyncio.sleep(SLOW_LOOK_SECONDS)
            self._tell(DOUBT)

    async def _send_due(self) -> bool:
        """Send all that is due; what the channel did not take is due again."""
        async with self._sending:
            self._due.clear()
            settled, self._unsettled = self._unsettled, None
            taken = settled is None or await self.channel.publish(_encode(settled))
            if settled is not None and not taken:
                self._add(settled)
            return taken

    def _doubted(self) -> None:
        """The channel was lost, or is back: commits may have been missed, and announcements of some yet to come."""
        self._tell(DOUBT)
        if self._started:
            self._forget(MISSED)
            self._look_later(MISSED, attempt=0)
            # Nor could anything be announced from here.
            self._add(Settled(sender=self._process, numbers=[], doubt=True))

    def _heard(self, text: str) -> None:
        try:
            message = _decoder.decode(text)
        except msgspec.MsgspecError:
            self._stranger()
            return
        if isinstance(message, Announced):
            self._stand(message)
        else:
            self._settled(message)

    def _stranger(self) -> None:
        """Something else speaks on our channel, or another version of ourselves: look, but not for each word."""
        if self._pausing is not None:
            self._strangers = True
            return
        self._tell(DOUBT)
        self._pausing = asyncio.get_running_loop().call_later(STRANGERS_PAUSE_SECONDS, self._end_pause)

    def _end_pause(self) -> None:
        self._pausing = None
        if self._strangers:
            self._strangers = False
            self._stranger()

    def _stand(self, message: Announced) -> None:
        if message.sender == self._process:
            return
        key = (message.sender, message.number)
        if len(self._standing) >= STANDING_LIMIT:
            # Nobody is forgotten: those that come within one second are looked after together, settled or not.
            key = (MANY, int(asyncio.get_running_loop().time()))
        if key not in self._standing:
            self._look_later(key, attempt=0)

    def _look_later(self, key: tuple[str, int], attempt: int) -> None:
        waited = LOOK_AFTER_SECONDS[attempt - 1] if attempt else 0.0
        loop = asyncio.get_running_loop()
        self._standing[key] = loop.call_later(LOOK_AFTER_SECONDS[attempt] - waited, self._look, key, attempt)

    def _look(self, key: tuple[str, int], attempt: int) -> None:
        self._tell(DOUBT)
        if key[0] == self._process:
            # A commit of our own that was cut short: the others may not have heard of it.
            self._add(Settled(sender=self._process, numbers=[], doubt=True))
        if attempt + 1 < len(LOOK_AFTER_SECONDS):
            self._look_later(key, attempt + 1)
        else:
            self._standing.pop(key, None)

    def _forget(self, key: tuple[str, int]) -> None:
        timer = self._standing.pop(key, None)
        if timer is not None:
            timer.cancel()

    def _settled(self, message: Settled) -> None:
        for number in message.numbers:
            self._forget((message.sender, number))
        if message.sender == self._process:
            return
        if message.doubt:
            self._tell(DOUBT)
        elif message.position or message.work:
            self._tell(Ring(position=message.position, work=message.work, tag=message.tag))

    def _tell(self, ring: Ring) -> None:
        self.rings_heard += 1
        self.doubts += ring is DOUBT
        for listener in self._listeners:
            listener(ring)


def _together(one: Settled, other: Settled) -> Settled:
    """Two settlements of the same sender in one message."""
    last = max(one, other, key=lambda each: each.position)
    return Settled(
        sender=one.sender,
        # Numbers beyond the limit are left to time out at the listeners, who then look into the log.
        numbers=(one.numbers + other.numbers)[-NUMBERS_PER_MESSAGE:],
        position=last.position,
        tag=last.tag,
        work=one.work or other.work,
        doubt=one.doubt or other.doubt,
    )


def _encode(message: Announced | Settled) -> str:
    return msgspec.json.encode(message).decode()
