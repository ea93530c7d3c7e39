"""Arguments that all subscriptions have."""

from collections.abc import Callable
from typing import Annotated, Any, cast

import strawberry

from events import cursor
from events.cursor import Cursor as Place
from graph.context import Context
from graph.errors import Refused
from graph.filters import or_none
from graph.scalars import Cursor

Resume = Annotated[
    Cursor | None,
    strawberry.argument(
        name="after",
        description="The cursor of the last frame that the client has; null opens with a snapshot of the present.",
    ),
]

RATE_MOST = 4.0
RATE_LEAST = 0.001
MaxRate = Annotated[
    float | None,
    strawberry.argument(
        name="maxRate",
        description="How often a second progress of one campaign may be told, at most 4, which is as often as it "
        "comes; all of it unless told. The newest is told, with how many it stands for as `skipped`. Nothing but "
        "progress is ever left out, and the progress that waits is told before anything else is.",
    ),
]


def rate(given: float | None) -> float | None:
    """How often progress may be told; None if that does not matter.

    Raises:
        Refused: it is no rate.
    """
    asked = or_none(given)
    if asked is None or RATE_LEAST <= asked <= RATE_MOST:
        return asked
    raise Refused(
        "VALIDATION_FAILED",
        f"`maxRate` is from {RATE_LEAST} to {RATE_MOST:g} a second; leave it out to be told of all progress.",
    )


def place(context: Context, after: str | None) -> Place | None:
    """The place that a client has reached; None if it has none.

    A browser that comes back sends the document as it was at first, and says by `Last-Event-ID` where it is now.
    """
    if context.resume is not None:
        return context.resume
    return cursor.decode(after) if isinstance(after, str) else None


def streamed(description: str) -> Callable[[Callable[..., Any]], Any]:
    """A field that is followed. Its resolver returns a `Source`, which the type checker sees as an iterator."""
    return cast("Callable[[Callable[..., Any]], Any]", strawberry.subscription(description=description))
