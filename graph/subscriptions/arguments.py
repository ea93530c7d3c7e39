"""Arguments that all subscriptions have."""

from collections.abc import Callable
from typing import Annotated, Any, cast

import strawberry

from events import cursor
from events.cursor import Cursor as Place
from graph.context import Context
from graph.scalars import Cursor

Resume = Annotated[
    Cursor | None,
    strawberry.argument(
        name="after",
        description="The cursor of the last frame that the client has; null opens with a snapshot of the present.",
    ),
]


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
