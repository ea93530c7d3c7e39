"""What the input of every mutation has that is done once for each key."""

import strawberry

from services.once import MAX_KEY


@strawberry.input
class KeyedInput:
    """What a mutation takes that may be sent again."""

    idempotency_key: str | None = strawberry.field(
        default=None,
        description=f"A word of yours for this request, up to {MAX_KEY} characters: for 24 hours a request with it is "
        "done once, and answered as it was then.",
    )
