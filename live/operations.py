"""What `live/` and the edge need of the schema, and nothing more.

`graph/` implements these protocols and `web/app.py` hands the implementation in, so that neither this room nor
the protocols on the wire know a schema. A caller is whatever `Authenticate` returned: opaque here.
"""

from collections.abc import Hashable
from typing import Any, Protocol

from auth.tokens import Unauthenticated
from events.envelope import Envelope
from vocabulary.operations import NOT_NOW, Frame, NotNow, OperationKind, Rejected, Request

__all__ = [
    "NOT_NOW",
    "Authenticate",
    "Frame",
    "NotNow",
    "OperationKind",
    "Operations",
    "Plan",
    "Rejected",
    "Request",
    "Stream",
    "Unauthenticated",
]


class Stream(Protocol):
    """One subscription, authorised and with its variables coerced, before anybody delivers it.

    Equal keys promise equal frames for equal envelopes: whoever shares a key shares the execution.
    """

    @property
    def key(self) -> Hashable:
        """What is executed and what is visible: streams with equal keys form one group."""

    @property
    def after(self) -> int | None:
        """Resume strictly after this position; None opens with `open()`."""

    @property
    def opening(self) -> Hashable:
        """What `open` says besides the snapshot: with equal keys and equal openings it gives equal frames."""

    @property
    def field(self) -> str:
        """The name of the subscription's root field, for metrics."""

    @property
    def subjects(self) -> frozenset[Hashable] | None:
        """Of each event that matches, `events/subjects.py` names one of these; None if it may name any."""

    @property
    def max_rate(self) -> float | None:
        """How often a second progress of one thing may be told; None tells all of it. Equal keys, equal rates."""

    def matches(self, envelope: Envelope) -> bool:
        """Whether this event may belong to the stream. Cheap, and without waiting."""

    def conflated_by(self, envelope: Envelope) -> Hashable | None:
        """What the event is a newer value of, which stands for the older ones; None if it must never be left out."""

    def render_now(self, envelope: Envelope, skipped: int = 0) -> Frame | NotNow | None:
        """What `render` would return, if that takes no waiting; NOT_NOW if it does, or if anything is in the way."""

    async def render(self, envelope: Envelope, skipped: int = 0) -> Frame | None:
        """Execute the selection for one event; None if it turns out not to belong to the stream.

        `skipped` is how many older values of the same were left out since one was told.
        """

    async def open(self) -> Frame:
        """The first frame: a snapshot, or a typed reset, exact at its position; deltas follow strictly after it."""

    async def reset(self, *, replaced: bool = False) -> Frame:
        """A typed reset with a fresh snapshot, for a reader whose next event the log no longer holds.

        `replaced` says that it is so because another log has taken its place.
        """


class Plan(Protocol):
    """A parsed and validated operation."""

    @property
    def kind(self) -> OperationKind:
        """What the chosen operation is."""

    @property
    def changes(self) -> int:
        """How many mutations it is."""


class Operations(Protocol):
    """What a request can do with the schema.

    `plan` is one that `prepare` of the same object returned, and `caller` what `Authenticate` returned: Any, so
    that an implementation may name its own types.
    """

    def knows(self, request: Request) -> bool:
        """Whether preparing it costs next to nothing, for its document was prepared before, or is refused unread."""

    def prepare(self, request: Request) -> Plan:
        """Parse, validate and measure a request; the same document costs this once.

        Raises:
            Rejected: a syntax error, a broken rule, a limit, or no such operation.
        """

    async def execute(self, plan: Any, request: Request, caller: Any) -> bytes:
        """Run a query or a mutation and return its result as JSON.

        Raises:
            Rejected: the variables do not fit.
        """

    async def subscribe(self, plan: Any, request: Request, caller: Any) -> Stream:
        """Authorise a subscription and return its stream.

        Raises:
            Rejected: the variables do not fit, or the caller may not see this.
        """


class Authenticate(Protocol):
    """Says who is asking."""

    async def __call__(self, authorization: str | None) -> object:
        """The caller behind the value of an Authorization header.

        Raises:
            Unauthenticated: nobody that is known.
            core.errors.Unavailable: it cannot be found out now.
        """
