"""When a connection's peer counts as dead, and when as too slow: decisions only, without a socket or a clock.

Three things can be seen of a peer: that its frames arrive, that its kernel acknowledges what was sent, and that
it makes room for more by reading. So there are three ends:

* It answers no ping. The time for the answer begins when its system has all that was sent before the ping, so one that
  is far away behind a long backlog is not taken for dead. What its system holds it has to read in that time.
* Its kernel acknowledges nothing although something is on its way: the machine or the network is gone.
* It takes nothing although something waits: it does not read. It gets longer, for it may only be busy.

Whoever falls silent right after a sign of life is gone before the second ping from then is due: the next ping
comes after one interval, and the answer is awaited for less than another. Whose kernel falls silent is gone by then,
too, and not long before: a network that is away for some seconds is not one that is gone.
"""

from enum import Enum, auto

import msgspec

from web.traffic import Traffic

ANSWER_SHARE = 0.75
"""How much of an interval a peer has to answer a ping; the rest is for when it is looked at."""


class Finding(Enum):
    """What to do about a peer."""

    FINE = auto()
    PING = auto()
    DEAD = auto()
    SLOW = auto()


class Patience(msgspec.Struct, frozen=True):
    """How long is waited.

    Attributes:
        ping_seconds: between two pings; a peer that is silent for two of them is dead.
        slow_seconds: how long a peer may take nothing while something waits for it.
        close_seconds: how long one that is closed may take to take what comes before the close, and to answer it.
        sender_seconds: how long what has begun may take to arrive in whole: a request's head, its body, a message.
    """

    ping_seconds: float = 15.0
    slow_seconds: float = 30.0
    close_seconds: float = 5.0
    sender_seconds: float = 30.0

    @property
    def answer_seconds(self) -> float:
        """How long the answer to a ping is awaited, and how long at least that to anything from the peer's kernel."""
        return self.ping_seconds * ANSWER_SHARE

    @property
    def silent_seconds(self) -> float:
        """How long a kernel may acknowledge nothing: two pings, less what may pass until it is looked at."""
        return 2 * self.ping_seconds - self.look_seconds

    @property
    def look_seconds(self) -> float:
        """How often to look, so that looking late breaks no promise."""
        return min(self.ping_seconds, self.slow_seconds) / 8


class Pulse:
    """What has been seen of one peer. `answers` is whether it answers pings: server-sent events have no way back."""

    __slots__ = ("_alive", "_answers", "_awaited", "_heard", "_moved", "_pinged_at", "_taken", "patience")

    def __init__(self, patience: Patience, now: float, *, answers: bool) -> None:
        self.patience = patience
        self._answers = answers
        self._heard = now
        self._taken = 0
        self._moved = now
        self._alive = now
        self._pinged_at: int | None = None
        self._awaited = now

    def __repr__(self) -> str:
        waiting = "silent" if self._pinged_at is None else "pinged"
        return f"<Pulse {waiting}, {self._taken} bytes taken>"

    def hear(self, now: float) -> None:
        """A frame has arrived."""
        self._heard = self._alive = now
        self._pinged_at = None

    def judge(self, now: float, traffic: Traffic, *, listening: bool = True) -> Finding:
        """What to do now; `listening` is whether its frames are being read, else its silence means nothing."""
        stuck = self._see(now, traffic)
        if traffic.in_flight and self._is_lost(now, stuck):
            return Finding.DEAD
        if stuck >= self.patience.slow_seconds:
            return Finding.SLOW
        if not self._answers:
            return Finding.FINE
        if not listening or self._is_under_way(traffic):
            self._awaited = now
        return self._judge_silence(now, traffic)

    def _see(self, now: float, traffic: Traffic) -> float:
        """For how long there has been something to take and nothing was taken."""
        if traffic.taken != self._taken:
            self._moved = self._alive = now
        elif traffic.is_idle:
            # It has nothing to acknowledge, which is no sign of life.
            self._moved = now
        self._taken = traffic.taken
        return now - self._moved

    def _is_lost(self, now: float, stuck: float) -> bool:
        return stuck >= self.patience.answer_seconds and now - self._alive >= self.patience.silent_seconds

    def _is_under_way(self, traffic: Traffic) -> bool:
        """Whether something that was sent before the ping has not arrived yet."""
        return self._pinged_at is not None and traffic.taken < self._pinged_at

    def _judge_silence(self, now: float, traffic: Traffic) -> Finding:
        if self._pinged_at is None:
            # While something waits, whether it is taken says as much as an answer would.
            if now - self._heard < self.patience.ping_seconds or traffic.waiting:
                return Finding.FINE
            self._pinged_at = traffic.taken + traffic.in_flight
            self._awaited = now
            return Finding.PING
        return Finding.DEAD if now - self._awaited >= self.patience.answer_seconds else Finding.FINE
