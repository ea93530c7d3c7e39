"""graphql-transport-ws without input or output: frames go in, what to do about them comes out.

PROTOCOL.md of enisdenjo/graphql-ws is the specification. Each frame yields exactly one action; whoever owns
the socket carries it out (`live/session.py`). The state is small: where the connection stands, and which ids
are taken. Invariants:

* Nothing but `Ignore` comes after a `Close`, whatever else arrives.
* No frame raises: what is not a message closes the socket with 4400 and a reason.
* An id is taken from its `Start` or `Refuse` until `finish` or the client's `complete`; then it may be used again.
  `finish` is for when the last that is said for it is written: before that, no client can know that it has ended.
* Only before the acknowledgement can an operation close the socket for want of it (4401); a syntax or
  validation error is an `error` message for one id and closes nothing.
"""

from collections.abc import Sequence
from enum import Enum, auto
from typing import Any

import msgspec

from core.limits import STANDARD, Limit, exceeded
from live import close_codes
from live.close_codes import CloseCode
from live.failures import formatted
from live.json_text import Malformed
from live.messages import (
    ACKNOWLEDGEMENT,
    ClientMessage,
    Complete,
    ConnectionInit,
    Ping,
    Pong,
    Subscribe,
    error_message,
    pong_message,
    read,
)
from live.operations import Request


class Phase(Enum):
    """Where a connection stands."""

    OPENED = auto()
    INITIALISING = auto()
    ACKNOWLEDGED = auto()
    CLOSED = auto()


class Ignore(msgspec.Struct, frozen=True):
    """Nothing is to be done."""


class Send(msgspec.Struct, frozen=True):
    """Send this message."""

    message: bytes


class Initialise(msgspec.Struct, frozen=True):
    """Find out who is asking, then call `acknowledge` or `close`."""

    payload: dict[str, Any]


class Start(msgspec.Struct, frozen=True):
    """Carry out this operation; its id is taken now."""

    id: str
    request: Request


class Refuse(msgspec.Struct, frozen=True):
    """Answer this operation with this message, which says that a limit was passed; its id is taken until then."""

    id: str
    message: bytes
    passed: Limit


class Stop(msgspec.Struct, frozen=True):
    """Nobody listens to this operation any more; its id is free. `kept` is what was kept with it."""

    id: str
    kept: Any = None


class Close(msgspec.Struct, frozen=True):
    """Close the socket with this code and reason."""

    code: CloseCode
    reason: str


Action = Ignore | Send | Initialise | Start | Refuse | Stop | Close


class Connection:
    """The server's side of one connection, and what its owner keeps with each id that is taken."""

    __slots__ = ("_max_operations", "_taken", "phase")

    def __init__(self, max_operations: int = STANDARD.connection_operations) -> None:
        self._max_operations = max_operations
        self._taken: dict[str, Any] = {}
        self.phase = Phase.OPENED

    def __repr__(self) -> str:
        return f"<Connection {self.phase.name.lower()}, {len(self._taken)} operations>"

    @property
    def kept(self) -> Sequence[Any]:
        """What is kept with the ids that are taken."""
        return [each for each in self._taken.values() if each is not None]

    def keep(self, ident: str, thing: object) -> None:
        """Keep something with an id that is taken, until it is free."""
        self._taken[ident] = thing

    def keeps(self, ident: str, thing: object) -> bool:
        """Whether it is this that is kept with an id."""
        return self._taken.get(ident) is thing

    def receive(self, frame: str | bytes) -> Action:
        """What a frame asks for: `str` is a text frame, `bytes` a binary one."""
        if self.phase is Phase.CLOSED:
            return Ignore()
        if isinstance(frame, bytes):
            return self.close(close_codes.BAD_REQUEST, "Binary frames are not part of the protocol")
        try:
            message = read(frame)
        except Malformed as error:
            return self.close(close_codes.BAD_REQUEST, str(error))
        return self._handle(message)

    def acknowledge(self) -> Send:
        """The caller is known: operations are welcome."""
        self.phase = Phase.ACKNOWLEDGED
        return Send(ACKNOWLEDGEMENT)

    def close(self, code: CloseCode, reason: str | None = None) -> Close:
        """The connection is over; the reason defaults to the code's name."""
        self.phase = Phase.CLOSED
        return Close(code, reason or code.name)

    def finish(self, ident: str) -> None:
        """The operation with this id has ended; the id may be used again."""
        self._taken.pop(ident, None)

    def _handle(self, message: ClientMessage) -> Action:
        match message:
            case ConnectionInit(payload):
                return self._initialise(payload)
            case Ping(payload):
                return Send(pong_message(payload))
            case Pong():
                return Ignore()
            case Subscribe(ident, request):
                return self._subscribe(ident, request)
            case Complete(ident):
                return self._complete(ident)

    def _initialise(self, payload: dict[str, Any]) -> Action:
        if self.phase is not Phase.OPENED:
            return self.close(close_codes.TOO_MANY_INITS)
        self.phase = Phase.INITIALISING
        return Initialise(payload)

    def _subscribe(self, ident: str, request: Request) -> Action:
        if self.phase is not Phase.ACKNOWLEDGED:
            return self.close(close_codes.UNAUTHORIZED)
        if ident in self._taken:
            return self.close(close_codes.DUPLICATE, f"Subscriber for {ident} already exists")
        is_full = len(self._taken) >= self._max_operations
        self._taken[ident] = None
        return self._refuse(ident) if is_full else Start(ident, request)

    def _refuse(self, ident: str) -> Refuse:
        reason = f"A connection carries at most {self._max_operations} operations at a time."
        told = exceeded(Limit.CONNECTION_OPERATIONS, self._max_operations)
        return Refuse(ident, error_message(ident, [formatted(reason, **told)]), Limit.CONNECTION_OPERATIONS)

    def _complete(self, ident: str) -> Action:
        # Both sides may complete at once: then the server has forgotten the id, and nothing is wrong.
        if ident not in self._taken:
            return Ignore()
        return Stop(ident, self._taken.pop(ident))
